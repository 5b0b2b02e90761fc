/**
 * Reads a whole journal without taking its lock or changing anything, beside a
 * running daemon or without one, past any damage. What `cat`, `verify`,
 * `replay` and the end-to-end tests see of a journal, they see through this.
 */
import type { Framer } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import { type RecordHeader, SEGMENT_HEADER_BYTES } from "./format.ts";
import { listSegments, openSegmentIfThere, type SegmentFile } from "./segment_files.ts";
import { type SegmentSurvey, surveySegment } from "./survey.ts";
import { type Found, walkRecords } from "./walk.ts";

export type Scanned =
  | {
    readonly kind: "record";
    readonly segment: string;
    readonly offset: number;
    readonly header: RecordHeader;
    /** The frames; valid until the next step. */
    readonly payload: Uint8Array;
    /** What cuts them. */
    readonly framer: Framer;
  }
  | {
    readonly kind: "damage";
    readonly segment: string;
    readonly offset: number;
    readonly bytes: number;
    /** There if only the payload behind it is damaged. */
    readonly header?: RecordHeader;
  }
  /** The end of a write that was interrupted, or is under way: no damage, and nothing that was ever promised. */
  | { readonly kind: "unfinished"; readonly segment: string; readonly offset: number; readonly bytes: number };
/**
 * All records of the journal in sequence order, each frame once: where two
 * segments overlap, the newer one counts. `framer` is for segments whose header
 * does not say their framing. Rejects with a `SpillwayError` for a segment of a
 * newer format version.
 */
export async function* scanJournal(files: FileSystem, directory: string, framer: Framer): AsyncGenerator<Scanned> {
  let after = -1;
  for (;;) {
    const next = await nextSegment(files, directory, after);
    if (next === undefined) return;
    const opened = await openSegmentIfThere(files, next.path);
    after = next.base;
    if (opened === undefined) continue;
    try {
      const newest = await nextSegment(files, directory, after) === undefined;
      const survey = await surveySegment(opened, next.path, next.base, framer);
      const bound = await boundAfter(files, directory, next.base, framer);
      yield* scanSegment(opened, survey, { bound, newest });
    } finally {
      opened.close();
    }
  }
}

export interface ScanOptions {
  /** Only frames below this sequence; default: all. */
  readonly bound?: number;
  /** There is no segment after it. */
  readonly newest?: boolean;
  /** Offset of a record to begin at; default: the first one. */
  readonly from?: number;
}

/** One segment's records, checksums verified. */
export async function* scanSegment(
  file: File,
  survey: SegmentSurvey,
  { bound = Number.POSITIVE_INFINITY, newest = false, from }: ScanOptions = {},
): AsyncGenerator<Scanned> {
  const segment = survey.path.slice(survey.path.lastIndexOf("/") + 1);
  if (survey.marks === undefined) {
    // A header cut short is all that there is of a segment that was being created.
    const kind = newest && survey.size < SEGMENT_HEADER_BYTES ? "unfinished" : "damage";
    if (survey.size > 0) yield { kind, segment, offset: 0, bytes: survey.size };
    return;
  }
  for await (const found of walkRecords(file, { marks: survey.marks, limit: survey.size, verify: true, from })) {
    const { offset } = found;
    if (found.kind === "record") {
      if (found.header.first >= bound) return;
      yield { kind: "record", segment, offset, ...framesBelow(bound, found, survey.framer), framer: survey.framer };
    } else if (found.kind !== "footer") {
      const { bytes } = found;
      if (found.kind === "tail" && found.torn) yield { kind: "unfinished", segment, offset, bytes };
      else yield { kind: "damage", segment, offset, bytes, header: found.kind === "damage" ? found.header : undefined };
    }
  }
}

/** The frames of a record below `bound`: a later segment has the others. */
export function framesBelow(
  bound: number,
  { header, payload }: Pick<Extract<Found, { kind: "record" }>, "header" | "payload">,
  framer: Framer,
) {
  const frames = Math.min(header.frames, bound - header.first);
  if (frames === header.frames) return { header, payload };
  const length = skipFrames(framer, payload, 0, header.length, frames);
  return { header: { ...header, frames, length }, payload: payload.subarray(0, length) };
}

/** Listed anew each time: the daemon adds and removes segments while we read. */
async function nextSegment(files: FileSystem, directory: string, after: number): Promise<SegmentFile | undefined> {
  return (await listSegments(files, directory)).find(({ base }) => base > after);
}

/** Base of the next segment that has a record: its copy of a frame counts, not an earlier one. */
export async function boundAfter(files: FileSystem, directory: string, base: number, framer: Framer): Promise<number> {
  for (let after = base;;) {
    const next = await nextSegment(files, directory, after);
    if (next === undefined) return Number.POSITIVE_INFINITY;
    after = next.base;
    const file = await openSegmentIfThere(files, next.path);
    if (file === undefined) continue;
    try {
      const { marks, size } = await surveySegment(file, next.path, next.base, framer);
      if (marks === undefined) continue;
      for await (const found of walkRecords(file, { marks, limit: size, verify: false })) {
        if (found.kind === "record") return next.base;
      }
    } finally {
      file.close();
    }
  }
}
