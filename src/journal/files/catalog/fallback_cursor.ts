/**
 * Finds the sequence at which delivery goes on: as the `cursor` file says, or if that
 * is damaged or absent, as the segments note it.
 */
import type { FileOpener } from "../../../runtime/files.ts";
import type { CursorFound } from "../format/cursor.ts";
import { hasRecords } from "../segment/overlap.ts";
import { openSegment } from "../segment/segment_files.ts";
import { type SegmentSurvey, unreadableEnd } from "../segment/survey.ts";
import { tallyRecords } from "../segment/tally_records.ts";
import { type CursorDecision, decideCursor } from "./recovery.ts";

/**
 * The cursor of a journal whose cursor file says `found`, as the daemon would
 * decide it at its next start. `segments` are in ascending order.
 */
export async function currentCursor(
  files: FileOpener,
  found: CursorFound,
  segments: readonly SegmentSurvey[],
): Promise<CursorDecision> {
  return await cursorNotBefore(await oldestWithFrames(files, segments), files, found, segments);
}

/** As {@link currentCursor}; `oldestBase`, the first segment with frames, is known: undefined if none has any. */
export async function cursorNotBefore(
  oldestBase: number | undefined,
  files: FileOpener,
  found: CursorFound,
  segments: readonly SegmentSurvey[],
): Promise<CursorDecision> {
  const noted = found.kind === "valid" ? undefined : await newestNoted(files, segments);
  return decideCursor({ found, newestNoted: noted, oldestBase });
}

/** The base of the first segment that has frames, or may have had some. */
async function oldestWithFrames(
  files: FileOpener,
  segments: readonly SegmentSurvey[],
): Promise<number | undefined> {
  for (const segment of segments) {
    // A segment in which nothing can be read may have had frames.
    const isUnreadable = segment.marks === undefined && unreadableEnd(segment, Number.POSITIVE_INFINITY) > segment.base;
    if (isUnreadable || await hasRecords(files, segment, false)) return segment.base;
  }
  return undefined;
}

/** The cursor as the newest record or footer of `segments` has it, else as the newest header. */
async function newestNoted(files: FileOpener, segments: readonly SegmentSurvey[]): Promise<number | undefined> {
  for (const segment of segments.toReversed()) {
    const noted = segment.footer?.cursor ?? await lastNoted(files, segment) ?? segment.header?.cursor;
    if (noted !== undefined) return noted;
  }
  return undefined;
}

async function lastNoted(files: FileOpener, segment: SegmentSurvey): Promise<number | undefined> {
  if (segment.marks === undefined) return undefined;
  const file = await openSegment(files, segment.path);
  try {
    return (await tallyRecords(file, segment, true)).cursor;
  } finally {
    file.close();
  }
}

/** The cursor in a segment's footer, else in its header. */
export function notedIn({ footer, header }: SegmentSurvey): number | undefined {
  return footer?.cursor ?? header?.cursor;
}
