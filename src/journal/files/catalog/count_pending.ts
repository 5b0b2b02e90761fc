/** How much a journal holds from a sequence on, in frames and bytes: all that is to deliver at opening, a part of it later. */
import { add, type Tally, tally } from "../../../base/ledger.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { DamageLog } from "./damage_log.ts";
import { framesBetween, type FramesWanted } from "./frames_between.ts";
import { gapsIn } from "../segment/losses.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "./segment_list.ts";
import { openSegment } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";

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
    const bound = segments.boundOf(segment);
    if (segment.empty || segment.marks === undefined || Math.min(segment.end, bound) <= cursor) continue;
    const footer = surveys.find((survey) => survey.base === segment.base)?.footer;
    if (footer === undefined || footer.end > bound) {
      segment.counted = "headers";
      await addFromHeaders(files, segment, { from: cursor, until: bound, bound }, pending);
      continue;
    }
    segment.counted = "all";
    segment.countedFrom = cursor;
    if (segment.base >= cursor) add(pending, footer.frames, footer.bytes);
    else await addFromHeaders(files, segment, { from: cursor, until: bound, bound }, pending);
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
    const bound = segments.boundOf(segment);
    const end = Math.min(until, bound);
    if (segment.empty || segment.marks === undefined || segment.end <= from || segment.base >= end) continue;
    if (segment.counted === "all" && from <= segment.base && segment.end <= end) {
      const gone = damages.countedIn(segment.name, reported);
      add(counted, segment.frames - gone.frames, segment.frameBytes - gone.bytes);
    } else {
      await addFromHeaders(files, segment, { from, until: end, bound }, counted, { damages, reported });
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
    const until = wanted.until < Math.min(end, wanted.bound) ? wanted.until : Number.POSITIVE_INFINITY;
    for (const gap of await gapsIn(file, segment, wanted.bound)) {
      const { counted, debris } = gap;
      if (counted === undefined || gap.until <= wanted.from || gap.until > until) continue;
      const isReported = debris !== undefined
        ? isKnown(debris.offset)
        : known?.damages.knowsGap(gap, known.reported) === true;
      if (!isReported) add(sum, counted.frames, counted.bytes);
    }
  } finally {
    file.close();
  }
}
