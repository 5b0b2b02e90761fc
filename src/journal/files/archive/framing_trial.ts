/**
 * Which framing the frames of a segment were cut by, where its header is lost:
 * the one that cuts every record into as many frames as its header counts.
 */
import { createFramer, type Framer, type Framing } from "../../../framing/framing.ts";

const MIB = 1024 * 1024;
/** No frame is too large for a trial. */
const ANY_SIZE = Number.MAX_SAFE_INTEGER;
/** Frames of one size, this many at least, are no accident. */
const FIXED_FRAMES_MIN = 8;

/**
 * What is tried, those first that other bytes do not fit by accident: lines end
 * octet-counted messages too, and where all lines are of one size, "fixed" fits.
 */
const USUAL: readonly Framing[] = [
  { type: "raw" },
  { type: "octet-count", maxFrame: ANY_SIZE },
  { type: "delimited", start: Uint8Array.of(0x0b), end: Uint8Array.of(0x1c, 0x0d), maxFrame: ANY_SIZE },
  ...([8, 4, 2] as const).flatMap((width) =>
    (["big", "little"] as const).flatMap((endian) =>
      [false, true].map((includesHeader): Framing => (
        { type: "length-prefix", width, endian, offset: 0, includesHeader, maxFrame: ANY_SIZE }
      ))
    )
  ),
  { type: "line", delimiter: Uint8Array.of(10), maxFrame: ANY_SIZE },
];

export class FramingTrial {
  #left: Framer[];
  #frames = 0;
  #largest = 0;
  /** Bytes of every frame; undefined once two records differ. */
  #size: number | undefined;

  /** `neighbours` are tried first: what the segments around were cut by, the nearest first. */
  constructor(neighbours: readonly Framing[]) {
    this.#left = [...neighbours, ...USUAL].map(createFramer);
  }

  /** A whole record: its payload, and how many frames it has. */
  add(payload: Uint8Array, frames: number): void {
    const size = payload.length / frames;
    if (this.#frames === 0) this.#size = size;
    if (size !== this.#size) this.#size = undefined;
    this.#frames += frames;
    this.#largest = Math.max(this.#largest, payload.length);
    this.#left = this.#left.filter((framer) => cutsInto(framer, payload, frames));
  }

  /** The first that fits all records; lines where there is nothing to cut; undefined if none does. */
  get outcome(): Framing | undefined {
    const [first] = this.#left;
    if (this.#frames === 0) return first.framing.type === "raw" ? USUAL[USUAL.length - 1] : first.framing;
    if (first !== undefined) return withLimit(first.framing, this.#largest);
    const isFixed = this.#size !== undefined && Number.isInteger(this.#size) && this.#frames >= FIXED_FRAMES_MIN;
    return isFixed ? { type: "fixed", size: this.#size! } : undefined;
  }
}

/** Is the payload exactly so many whole frames? */
export function cutsInto(framer: Framer, payload: Uint8Array, frames: number): boolean {
  const scan = framer.scan(payload, 0, 0, payload.length);
  return scan.fault === undefined && scan.end === payload.length && scan.frames === frames;
}

/** A trial knows no `max_frame`: the default, or what the records need. */
function withLimit(framing: Framing, largest: number): Framing {
  if (!("maxFrame" in framing) || framing.maxFrame !== ANY_SIZE) return framing;
  return { ...framing, maxFrame: Math.max(MIB, largest) };
}
