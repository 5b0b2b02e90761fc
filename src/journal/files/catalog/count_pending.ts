/** Counts the frames of a journal in a range of sequences: all pending ones at opening, a part of them later. */
import { add, type Tally, tally } from "../../../base/ledger.ts";
import type { File, FileSystem } from "../../../runtime/files.ts";
import type { DamageLog } from "./damage_log.ts";
import { gapsIn } from "../segment/losses.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "./segment_list.ts";
import { openSegment } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";
import { payloadMatches, RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import { bytesBetween } from "../segment/frame_bytes.ts";
import { recordsFrom, walkInOrder } from "../segment/ordered_walk.ts";
import { readSome } from "../segment/tolerant_read.ts";

/**
 * Counts frames at or after `cursor`: from the footers, and from the record headers
 * of the segment that the cursor is in and of segments without a footer. Frames
 * that a footer counts and no readable header has are included. Notes in each
 * segment which of its frames are counted (`counted`).
 */
export async function countPending(
  files: FileSystem,
  segments: SegmentList,
  cursor: number,
  surveys: readonly SegmentSurvey[],
): Promise<Tally> {
  const pending = tally();
  for (const segment of segments.all) {
    const endBeforeLater = segments.endBeforeLater(segment);
    if (segment.empty || segment.marks === undefined || Math.min(segment.end, endBeforeLater) <= cursor) continue;
    const footer = surveys.find((survey) => survey.base === segment.base)?.footer;
    if (footer === undefined || footer.end > endBeforeLater) {
      segment.counted = "headers";
      await addFromHeaders(files, segment, { from: cursor, until: endBeforeLater, endBeforeLater }, pending);
      continue;
    }
    segment.counted = "all";
    segment.countedSince = cursor;
    if (segment.base >= cursor) add(pending, footer.frames, footer.bytes);
    else await addFromHeaders(files, segment, { from: cursor, until: endBeforeLater, endBeforeLater }, pending);
  }
  return pending;
}

/**
 * Counts the frames of [from, until) that were counted as pending, without those
 * that were reported as damaged before this call. If `until` is in a damaged range
 * and not the end of a segment, that range is left out: the reader reports it.
 */
export async function countFrames(
  files: FileSystem,
  segments: SegmentList,
  damages: DamageLog,
  from: number,
  until: number,
): Promise<Tally> {
  const counted = tally();
  const { reported } = damages;
  for (const segment of segments.all) {
    const endBeforeLater = segments.endBeforeLater(segment);
    const end = Math.min(until, endBeforeLater);
    if (segment.empty || segment.marks === undefined || segment.end <= from || segment.base >= end) continue;
    if (segment.counted === "all" && from <= segment.base && segment.end <= end) {
      const gone = damages.countedIn(segment.name, reported);
      add(counted, segment.frames - gone.frames, segment.frameBytes - gone.bytes);
    } else {
      await addFromHeaders(files, segment, { from, until: end, endBeforeLater }, counted, { damages, reported });
    }
  }
  return counted;
}

/**
 * Adds the wanted frames to `sum`: those with a header as the header says, the
 * others as they were counted. Leaves out losses reported before `reported`, and
 * losses that end after the range, unless the segment ends there.
 */
async function addFromHeaders(
  files: FileSystem,
  segment: Segment,
  wanted: FramesWanted,
  sum: Tally,
  known?: { readonly damages: DamageLog; readonly reported: number },
): Promise<void> {
  const { counted: kind, frames: all, end } = segment;
  const file = await openSegment(files, segment.path);
  const isKnown = (offset: number) => known?.damages.knows(segment.name, offset, known.reported) === true;
  let frames = 0;
  try {
    for await (const found of framesBetween(file, segment, wanted)) {
      frames += found.recordFrames;
      if (!isKnown(found.offset)) add(sum, found.frames, found.bytes);
    }
    if (kind !== "all" || frames >= all) return;
    const until = wanted.until < Math.min(end, wanted.endBeforeLater) ? wanted.until : Number.POSITIVE_INFINITY;
    for (const gap of await gapsIn(file, segment, wanted.endBeforeLater)) {
      const { counted, strayBytes } = gap;
      if (counted === undefined || gap.until <= wanted.from || gap.until > until) continue;
      const isReported = strayBytes !== undefined
        ? isKnown(strayBytes.offset)
        : known?.damages.knowsGap(gap, known.reported) === true;
      if (!isReported) add(sum, counted.frames, counted.bytes);
    }
  } finally {
    file.close();
  }
}

/** Frames of one record, whole or with a damaged payload. */
export interface FramesFound {
  /** Offset of the record in the file. */
  readonly offset: number;
  /** Frames of the whole record. */
  readonly recordFrames: number;
  /** How many of them are in the wanted range, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  /** When the first frame of their record arrived, µs since 1970. */
  readonly timeUs: number;
}

/** The frames [from, until) of a segment whose frames count below `endBeforeLater`. */
export interface FramesWanted {
  readonly from: number;
  readonly until: number;
  readonly endBeforeLater: number;
}

/**
 * Every record of an open segment, with the number of its frames in the wanted
 * range. A payload is read only if the range cuts it.
 */
export async function* framesBetween(
  file: File,
  segment: Pick<Segment, "base" | "marks" | "start" | "limit" | "framer">,
  { from, until, endBeforeLater }: FramesWanted,
): AsyncGenerator<FramesFound> {
  for await (const { offset, header } of recordsFrom(file, segment, segment.base, endBeforeLater)) {
    const { first, frames: recordFrames, length, timeUs } = header;
    const begin = Math.min(recordFrames, Math.max(0, from - first));
    const end = Math.max(begin, Math.min(recordFrames, until - first));
    let record = { offset, length, frames: recordFrames };
    const isCut = begin < end && end - begin < recordFrames;
    // A damaged payload cannot be cut; a whole copy of the record may be elsewhere in the file.
    if (isCut) record = { ...record, offset: await wholeCopyOf(file, segment, header, offset) };
    const bytes = begin === end ? 0 : await bytesBetween(file, segment, record, begin, end);
    yield { offset, recordFrames, frames: end - begin, bytes, timeUs };
  }
}

/** Offset of a whole copy of the record at `offset`; `offset` if there is none. */
async function wholeCopyOf(
  file: File,
  { base, marks, start, limit }: Pick<Segment, "base" | "marks" | "start" | "limit">,
  header: RecordHeader,
  offset: number,
): Promise<number> {
  const payload = await readSome(file, offset + RECORD_HEADER_BYTES, header.length);
  if (payloadMatches(header, payload)) return offset;
  for await (const found of walkInOrder(file, { base, marks: marks!, from: start, limit, verify: true })) {
    if (found.kind === "record" && found.header.first === header.first) return found.offset;
  }
  return offset;
}
