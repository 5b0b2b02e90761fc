/** The block that describes an interface: link type, snap length, and how its times are to be read. */

export interface CaptureInterface {
  readonly link: number;
  readonly snapLength: number;
  /** Microseconds of a unit of its times. */
  readonly tickUs: number;
  /** To be added to its times. */
  readonly offsetUs: number;
}

const FIXED_BYTES = 16;
/** Options: their numbers, and the bytes of a number and a length before each. */
const END_OF_OPTIONS = 0;
const RESOLUTION = 9;
const OFFSET = 14;
const OPTION_BYTES = 4;

/** The block is `length` bytes at `at`; undefined if that is too short for one. */
export function describedInterface(
  view: DataView,
  at: number,
  length: number,
  isLittle: boolean,
): CaptureInterface | undefined {
  const end = at + length - 4; // the length again
  if (end - at < FIXED_BYTES) return undefined;
  const snapLength = view.getUint32(at + 12, isLittle);
  let tickUs = 1;
  let offsetUs = 0;
  for (let option = at + FIXED_BYTES; option + OPTION_BYTES <= end;) {
    const code = view.getUint16(option, isLittle);
    const bytes = view.getUint16(option + 2, isLittle);
    const value = option + OPTION_BYTES;
    if (code === END_OF_OPTIONS || value + bytes > end) break;
    if (code === RESOLUTION && bytes === 1) tickUs = tickOf(view.getUint8(value));
    if (code === OFFSET && bytes === 8) offsetUs = Number(view.getBigInt64(value, isLittle)) * 1e6;
    option = value + Math.ceil(bytes / 4) * 4;
  }
  return {
    link: view.getUint16(at + 8, isLittle),
    snapLength: snapLength || Number.POSITIVE_INFINITY,
    tickUs,
    offsetUs,
  };
}

/** The highest bit says whether the rest is a negative power of 2 or of 10 of a second. */
function tickOf(resolution: number): number {
  const power = resolution & 0x7f;
  return 1e6 / ((resolution & 0x80) === 0 ? 10 : 2) ** power;
}
