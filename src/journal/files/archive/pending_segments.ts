/** The segments with something to deliver, as a daemon would have them, for callers that only read. */
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { findFramer } from "./lost_framing.ts";
import { Segment } from "../segment/segment.ts";
import { DamagedTails } from "../catalog/damaged_tails.ts";
import { hasRecords } from "../segment/overlap.ts";
import { SegmentList } from "../catalog/segment_list.ts";
import { isCompressed, openSegmentIfThere, type SegmentFile } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveySegment, unreadableEnd } from "../segment/survey.ts";
import { type RecordTally, tallyRecords } from "../segment/tally_records.ts";

export interface PendingSegments {
  readonly list: SegmentList;
  /** One for each in the list. */
  readonly surveys: readonly SegmentSurvey[];
  /** Frames that the next start counts as pending and as damaged at once, and that are in none of the list. */
  readonly cutOff: DamagedTails;
  /** Sequence after the last frame of all that. */
  readonly end: number;
}

/** Those of the `listed` segments that may hold frames from `cursor` on. */
export async function surveyPending(
  files: ReadableFiles,
  listed: readonly SegmentFile[],
  cursor: number,
): Promise<PendingSegments> {
  const newestFirst: { segment: Segment; survey: SegmentSurvey }[] = [];
  const cutOff = new DamagedTails();
  let end = 0;
  let endBeforeLater = Number.POSITIVE_INFINITY;
  let cut: { readonly segment: Segment; readonly tally: RecordTally } | undefined;
  /** Base of the segment before, if it stays: the newest one, of which nothing can be read, goes to quarantine. */
  let next: number | undefined;
  for (const { base, path } of listed.toReversed()) {
    const file = await openSegmentIfThere(files, path);
    if (file === undefined) continue;
    try {
      const survey = await surveyFramed(file, path, base, newestFirst.map((newer) => newer.survey));
      if (isMisnamed(survey)) continue;
      const segment = new Segment(survey);
      segment.bytes = segment.limit = survey.size;
      segment.end = survey.marks === undefined
        ? unreadableEnd(survey, next ?? base)
        : survey.footer?.end ?? (await tallyRecords(file, survey, false, endBeforeLater)).claimedEnd;
      if (survey.footer !== undefined) segment.setContents(survey.footer);
      newestFirst.push({ segment, survey });
      end = Math.max(end, segment.end);
      // Frames that a later segment has too do not count in an earlier one, unless the later one has no whole record and is cut off.
      const isWhole = next !== undefined || isCompressed(path) || await hasRecords(files, survey, true);
      if (segment.hasRecords && isWhole) endBeforeLater = base;
      else if (segment.hasRecords) cut = { segment, tally: await tallyRecords(file, survey, true) };
      // A segment is delivered if the next one has the frames from the cursor on.
      if (endBeforeLater <= cursor) break;
      if (next !== undefined || survey.marks !== undefined) next = base;
    } finally {
      file.close();
    }
  }
  const isShared = ({ base }: Segment) => newestFirst.some(({ segment }) => segment.base < base && segment.end > base);
  // Where no other segment has any of its frames, they count here until the next start.
  if (cut !== undefined && isShared(cut.segment)) {
    const { segment: { path, base, limit }, tally: { offset, lost } } = cut;
    cutOff.add({ path, offset, bytes: limit - offset, end: base, lost });
    cut.segment.end = base;
  }
  const list = new SegmentList();
  for (const { segment } of newestFirst.reverse()) list.add(segment);
  return { list, surveys: newestFirst.map(({ survey }) => survey), cutOff, end };
}

/** Where the header is damaged, the records tell how they were cut, if they can. */
async function surveyFramed(
  file: File,
  path: string,
  base: number,
  others: readonly SegmentSurvey[],
): Promise<SegmentSurvey> {
  const survey = await surveySegment(file, path, base, FALLBACK_FRAMER);
  if (survey.header !== undefined || survey.marks === undefined) return survey;
  return { ...survey, framer: await findFramer(file, survey, others) ?? survey.framer };
}
