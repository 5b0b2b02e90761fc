/** How much a journal holds from a sequence on, in frames and bytes: all that is to deliver at opening, a part of it later. */
import type { FileSystem } from "../runtime/files.ts";
import { bytesBetween } from "./locate_back.ts";
import type { Segment, SegmentList } from "./segment.ts";
import type { SegmentSurvey } from "./survey.ts";
import { walkRecords } from "./walk.ts";

export interface Pending {
  frames: number;
  bytes: number;
}

/**
 * Frames at or after `cursor`: from the footers, and from the record headers of
 * the segment that the cursor is in and of those without a footer.
 */
export async function countPending(
  files: FileSystem,
  segments: SegmentList,
  cursor: number,
  surveys: readonly SegmentSurvey[],
): Promise<Pending> {
  const pending: Pending = { frames: 0, bytes: 0 };
  for (const segment of segments.all) {
    const bound = segments.boundOf(segment);
    if (segment.empty || segment.marks === undefined || Math.min(segment.end, bound) <= cursor) continue;
    const footer = surveys.find((survey) => survey.base === segment.base)?.footer;
    if (footer !== undefined && segment.base >= cursor && footer.end <= bound) {
      segment.counted = "all";
      pending.frames += footer.frames;
      pending.bytes += footer.bytes;
    } else {
      segment.counted = "headers";
      await addFromHeaders(files, segment, cursor, bound, pending);
    }
  }
  return pending;
}

/**
 * Frames of [from, until), from the record headers; `until` is the end of a
 * segment. Of a segment that is in it as a whole, as many as were counted.
 */
export async function countFrames(
  files: FileSystem,
  segments: SegmentList,
  from: number,
  until: number,
): Promise<Pending> {
  const counted: Pending = { frames: 0, bytes: 0 };
  for (const segment of segments.all) {
    const end = Math.min(until, segments.boundOf(segment));
    if (segment.empty || segment.marks === undefined || segment.end <= from || segment.base >= end) continue;
    if (segment.counted === "all" && from <= segment.base && segment.end <= end) {
      counted.frames += segment.frames;
      counted.bytes += segment.frameBytes;
    } else {
      await addFromHeaders(files, segment, from, end, counted);
    }
  }
  return counted;
}

async function addFromHeaders(
  files: FileSystem,
  segment: Segment,
  cursor: number,
  bound: number,
  pending: Pending,
): Promise<void> {
  const file = await files.open(segment.path, "read");
  // As a reader passes over the records: what stands there a second time is not delivered twice.
  let position = cursor;
  try {
    for await (const found of walkRecords(file, { marks: segment.marks!, limit: segment.limit, verify: false })) {
      if (found.kind !== "record") continue;
      const { first, frames, length } = found.header;
      if (first >= bound) return;
      if (first + frames <= position) continue;
      const from = Math.max(0, position - first);
      const until = Math.min(frames, bound - first);
      pending.frames += until - from;
      position = first + until;
      pending.bytes += await bytesBetween(file, segment, { offset: found.offset, length, frames }, from, until);
    }
  } finally {
    file.close();
  }
}
