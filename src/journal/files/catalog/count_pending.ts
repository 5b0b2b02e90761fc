/** How much a journal holds from a sequence on, in frames and bytes: all that is to deliver at opening, a part of it later. */
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
 * Frames at or after `cursor`: from the footers, and from the record headers of
 * the segment that the cursor is in and of those without a footer. What a footer
 * has counted and no header can be read of is among them. Notes in each segment
 * which of its frames that counts (`counted`).
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
 * Frames of [from, until): as many as were counted as pending, without those
 * that were reported as damaged before this was called. Where `until` is not the
 * end of a segment and lies in a damaged stretch, that is left for the reader to
 * report.
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
 * Of the wanted frames those with a header, and of the others what was counted,
 * without the losses among the first `reported` of `damages`. A gap that goes
 * beyond the range is left out, unless the segment ends there.
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

/** Frames of one record, whole or damaged behind its header. */
export interface FramesFound {
  /** Of their record in the file. */
  readonly offset: number;
  /** What the record has in all. */
  readonly recordFrames: number;
  /** Those that were asked for, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  /** When the first frame of their record arrived, µs since 1970. */
  readonly timeUs: number;
}

/** Sequences [from, until) of a segment that has frames below `endBeforeLater` alone. */
export interface FramesWanted {
  readonly from: number;
  readonly until: number;
  readonly endBeforeLater: number;
}

/**
 * Every record of an open segment, with how much of it is wanted. Of payloads
 * only those are read that the range cuts.
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
    // Which frames are in a damaged payload cannot be told; a whole copy of it may be elsewhere in the file.
    if (isCut) record = { ...record, offset: await wholeCopyOf(file, segment, header, offset) };
    const bytes = begin === end ? 0 : await bytesBetween(file, segment, record, begin, end);
    yield { offset, recordFrames, frames: end - begin, bytes, timeUs };
  }
}

/** Where a whole copy of the record at `offset` stands; `offset` if there is none. */
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
