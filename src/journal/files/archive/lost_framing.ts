/**
 * How the frames of a segment were cut whose header is lost: as in the segments
 * around it if that fits its records, else in the first usual way that does.
 */
import { SpillwayError } from "../../../base/error.ts";
import { createFramer, type Framer, type Framing, type Scan } from "../../../framing/framing.ts";
import { framingText, parseFraming } from "../../../framing/text.ts";
import type { File, FileOpener } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "./find_segments.ts";
import { scanSegment } from "../segment/check_segment.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";

type Neighbour = Pick<SegmentSurvey, "base" | "header">;

/** Finds, or checks, the framing that a segment was written with while its whole records go by. */
export interface FramingSearch {
  /** A whole record: its payload, and how many frames it has. */
  add(payload: Uint8Array, frames: number): void;
  /** Undefined if no framing fits the records so far. */
  readonly outcome: Framing | undefined;
}

/**
 * For `segment`, whose header is lost. Framings of `others` are tried first,
 * those of the nearest before all. If the operator has `given` a framing, it is
 * checked instead: `add` throws a `SpillwayError` if it does not fit.
 */
export function framingSearch(
  segment: Neighbour & { readonly path: string },
  others: readonly Neighbour[],
  given?: Framing,
): FramingSearch {
  if (given !== undefined) return new GivenFraming(segment.path, createFramer(given));
  const around = others.filter(({ header }) => header !== undefined);
  const distance = ({ base }: Neighbour) => Math.abs(base - segment.base);
  around.sort((a, b) => distance(a) - distance(b));
  const texts = new Set(around.map(({ header }) => header!.framing));
  return new FramingTrial([...texts].flatMap(readable));
}

/**
 * The same segments, each with a framer that cuts what is in it. One whose
 * header is lost is read for that; where nothing fits, its records can be taken
 * whole, and an attempt to cut one throws a `SpillwayError`.
 */
export async function withFramers(files: FileOpener, segments: readonly ArchiveSegment[]): Promise<ArchiveSegment[]> {
  const framed: ArchiveSegment[] = [];
  for (const segment of segments) {
    const isLost = segment.header === undefined && segment.marks !== undefined;
    framed.push(isLost ? { ...segment, framer: await framerFor(files, segment, segments) } : segment);
  }
  return framed;
}

async function framerFor(
  files: FileOpener,
  segment: ArchiveSegment,
  others: readonly ArchiveSegment[],
): Promise<Framer> {
  const file = await openSegmentIfThere(files, segment.path);
  // Its frames are in another file by now, which has a header.
  if (file === undefined) return segment.framer;
  try {
    return await findFramer(file, segment, others) ?? new Unknown(segment.path);
  } finally {
    file.close();
  }
}

/** Reads the whole of a segment that has lost its header; undefined if nothing known cuts what is in it. */
export async function findFramer(
  file: File,
  segment: SegmentSurvey,
  others: readonly Neighbour[],
): Promise<Framer | undefined> {
  const search = framingSearch(segment, others);
  for await (const found of scanSegment(file, { ...segment, newest: false })) {
    if (found.kind === "record") search.add(found.payload, found.header.frames);
  }
  return search.outcome === undefined ? undefined : createFramer(search.outcome);
}

class Unknown implements Framer {
  readonly framing: Framing = { type: "raw" };
  readonly maxFrame = 1;

  constructor(private readonly path: string) {}

  scan(): Scan {
    throw noFramingFits(this.path, {
      hint: `spillway repair --framing writes it anew; spillway cat without flags gives what is in it`,
    });
  }
}

export function noFramingFits(path: string, options: { readonly hint: string }): SpillwayError {
  return new SpillwayError(`${path}: the header is damaged, and no known framing cuts what is in it`, options);
}

function readable(text: string): Framing[] {
  try {
    return [parseFraming(text)];
  } catch {
    return [];
  }
}

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

class FramingTrial implements FramingSearch {
  #left: Framer[];
  #frames = 0;
  #largest = 0;
  /** Bytes of every frame; undefined once two records differ. */
  #size: number | undefined;

  /** `neighbours` are tried first: what the segments around were cut by, the nearest first. */
  constructor(neighbours: readonly Framing[]) {
    this.#left = [...neighbours, ...USUAL].map(createFramer);
  }

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

class GivenFraming implements FramingSearch {
  constructor(private readonly path: string, private readonly framer: Framer) {}

  get outcome(): Framing {
    return this.framer.framing;
  }

  add(payload: Uint8Array, frames: number): void {
    if (cutsInto(this.framer, payload, frames)) return;
    const { frames: found } = this.framer.scan(payload, 0, 0, payload.length);
    throw new SpillwayError(
      `${this.path}: framing ${framingText(this.framer.framing)} cuts a record into ${found} frames, it has ${frames}`,
      { hint: "give the framing that the route had when it was written" },
    );
  }
}

/** True if the payload is exactly `frames` whole frames. */
function cutsInto(framer: Framer, payload: Uint8Array, frames: number): boolean {
  const scan = framer.scan(payload, 0, 0, payload.length);
  return scan.fault === undefined && scan.end === payload.length && scan.frames === frames;
}

/** A trial knows no `max_frame`: the default, or what the records need. */
function withLimit(framing: Framing, largest: number): Framing {
  if (!("maxFrame" in framing) || framing.maxFrame !== ANY_SIZE) return framing;
  return { ...framing, maxFrame: Math.max(MIB, largest) };
}
