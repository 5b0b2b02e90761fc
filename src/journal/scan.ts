/**
 * The records of a segment as readers take them, checksums verified, past any
 * damage; and of a whole journal, without its lock, beside a running daemon or
 * without one, which is how the tests see what is on disk.
 */
import type { Framer } from "../framing/framing.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import { type CheckableSegment, type Checked, checkSegment } from "./check_segment.ts";
import { SEGMENT_HEADER_BYTES } from "./format.ts";
import { boundAfter, framesBelow } from "./overlap.ts";
import { nextSegment, openSegmentIfThere } from "./segment_files.ts";
import { type SegmentSurvey, surveySegment } from "./survey.ts";

export type Scanned =
  | Extract<Checked, { kind: "record" }> & {
    readonly segment: string;
    /** What cuts the frames. */
    readonly framer: Framer;
  }
  | Extract<Checked, { kind: "damage" | "unfinished" }> & { readonly segment: string };

/**
 * All records of the journal in sequence order, each frame once: where two
 * segments overlap, the newer one counts. `framer` is for segments whose header
 * does not say their framing. Rejects with a `SpillwayError` for a segment of a
 * newer format version.
 */
export async function* scanJournal(files: FileSystem, directory: string, framer: Framer): AsyncGenerator<Scanned> {
  for (let after = -1;;) {
    // Listed anew each time: the daemon adds and removes segments while we read.
    const next = await nextSegment(files, directory, after);
    if (next === undefined) return;
    after = next.base;
    const opened = await openSegmentIfThere(files, next.path);
    if (opened === undefined) continue;
    try {
      const newest = await nextSegment(files, directory, after) === undefined;
      const survey = await surveySegment(opened, next.path, next.base, framer);
      const bound = await boundAfter(files, directory, next.base, framer);
      yield* scanSegment(opened, { ...survey, newest }, { bound });
    } finally {
      opened.close();
    }
  }
}

export interface ScanOptions {
  /** Only frames below this sequence; default: all. */
  readonly bound?: number;
  /** Offset of a record to begin at; default: the first one. */
  readonly from?: number;
}

/** One segment's records. Its own header, damaged, costs no frame: whoever only reads does not hear of it. */
export async function* scanSegment(
  file: File,
  survey: SegmentSurvey & CheckableSegment,
  { bound = Number.POSITIVE_INFINITY, from }: ScanOptions = {},
): AsyncGenerator<Scanned> {
  const { path, framer, marks } = survey;
  const segment = path.slice(path.lastIndexOf("/") + 1);
  for await (const batch of checkSegment(file, survey, from)) {
    for (const found of batch) {
      if (found.kind === "footer" || found.offset < SEGMENT_HEADER_BYTES && marks !== undefined) continue;
      if (found.kind !== "record") {
        yield { ...found, segment };
        continue;
      }
      if (found.header.first >= bound) return;
      yield { ...found, ...framesBelow(bound, found, framer), segment, framer };
    }
  }
}
