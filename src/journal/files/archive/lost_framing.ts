/**
 * How the frames of a segment were cut whose header is lost: as in the segments
 * around it if that fits its records, else in the first usual way that does.
 */
import { SpillwayError } from "../../../base/error.ts";
import { createFramer } from "../../../framing/create.ts";
import type { Framer, Framing, Scan } from "../../../framing/framing.ts";
import { parseFraming } from "../../../framing/text.ts";
import type { File, FileOpener } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "./find_segments.ts";
import { FramingTrial } from "./framing_trial.ts";
import { scanSegment } from "../segment/scan.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";

type Neighbour = Pick<SegmentSurvey, "base" | "header">;

/** To be told the whole records of `segment`; `others` are tried first, the nearest before all. */
export function trialOf(segment: Neighbour, others: readonly Neighbour[]): FramingTrial {
  const around = others.filter(({ header }) => header !== undefined);
  const distance = ({ base }: Neighbour) => Math.abs(base - segment.base);
  around.sort((a, b) => distance(a) - distance(b));
  const texts = new Set(around.map(({ header }) => header!.framing));
  return new FramingTrial([...texts].flatMap(readable));
}

/**
 * The same segments, each with a framer that cuts what is in it. One whose
 * header is lost is read for that; where nothing fits, its records can be taken
 * whole, and whoever wants to cut one gets a `SpillwayError`.
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
  const trial = trialOf(segment, others);
  for await (const found of scanSegment(file, { ...segment, newest: false })) {
    if (found.kind === "record") trial.add(found.payload, found.header.frames);
  }
  return trial.outcome === undefined ? undefined : createFramer(trial.outcome);
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
