/** How much a journal holds from a sequence on, in frames and bytes: all that is to deliver at opening, a part of it later. */
import { add, type Tally, tally } from "../base/ledger.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import type { DamageLog } from "./damage_log.ts";
import { framesBetween } from "./frames_between.ts";
import { endOfLoss, lossIn } from "./loss.ts";
import type { Segment, SegmentList } from "./segment.ts";
import { openSegment } from "./segment_files.ts";
import type { SegmentSurvey } from "./survey.ts";

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
      await addFromHeaders(files, segment, cursor, bound, pending);
      continue;
    }
    segment.counted = "all";
    segment.countedFrom = cursor;
    if (segment.base >= cursor) add(pending, footer.frames, footer.bytes);
    else await addFromHeaders(files, segment, cursor, bound, pending, { bound });
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
      const inside = until < Math.min(segment.end, bound);
      const losses = { known: { damages, reported }, until: inside ? until : undefined, bound };
      await addFromHeaders(files, segment, from, end, counted, losses);
    }
  }
  return counted;
}

/** Frames without a readable header that were counted all the same. */
interface Losses {
  /** What was among the first so many that were reported is left out; */
  readonly known?: { readonly damages: DamageLog; readonly reported: number };
  /** and what goes beyond this sequence. */
  readonly until?: number;
  /** Frames from here on are a later segment's. */
  readonly bound: number;
}

async function addFromHeaders(
  files: FileSystem,
  segment: Segment,
  cursor: number,
  bound: number,
  pending: Tally,
  losses?: Losses,
): Promise<void> {
  const file = await openSegment(files, segment.path);
  try {
    for await (const found of framesBetween(file, segment, cursor, bound)) {
      if (losses?.known?.damages.knows(segment.name, found.offset, losses.known.reported)) continue;
      if (found.kind === "frames") add(pending, found.frames, found.bytes);
      else if (losses !== undefined) {
        const range = { from: found.position, most: losses.until, bound: losses.bound };
        await addLost(file, segment, found, range, pending);
      }
    }
  } finally {
    file.close();
  }
}

/** A stretch without a readable header, if its frames were counted, are not before `from` and not beyond `most`. */
async function addLost(
  file: File,
  segment: Segment,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  { from, most = Number.POSITIVE_INFINITY, bound }: {
    readonly from: number;
    readonly most?: number;
    readonly bound: number;
  },
  pending: Tally,
): Promise<void> {
  const until = await endOfLoss(file, segment, offset + bytes);
  if (until <= from || until > most) return;
  const lost = await lossIn(file, segment, { offset, bytes, from, until, bound }, undefined);
  if (lost.counted) add(pending, lost.frames, lost.payloadBytes);
}
