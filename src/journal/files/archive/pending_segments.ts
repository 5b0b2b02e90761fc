/** The segments with something to deliver, as a daemon would have them, for callers that only read. */
import type { File, FileSystem } from "../../../runtime/files.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { findFramer } from "./lost_framing.ts";
import { Segment } from "../segment/segment.ts";
import { SegmentList } from "../catalog/segment_list.ts";
import { openSegmentIfThere, type SegmentFile } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveySegment } from "../segment/survey.ts";
import { tallyRecords } from "../segment/tally_records.ts";

export interface PendingSegments {
  readonly list: SegmentList;
  /** One for each in the list. */
  readonly surveys: readonly SegmentSurvey[];
}

/** Those of the `listed` segments that may hold frames from `cursor` on. */
export async function surveyPending(
  files: FileSystem,
  listed: readonly SegmentFile[],
  cursor: number,
): Promise<PendingSegments> {
  // A segment is delivered if the next one begins at or below the cursor.
  const from = Math.max(0, listed.findLastIndex(({ base }) => base <= cursor));
  const newestFirst: { segment: Segment; survey: SegmentSurvey }[] = [];
  let endBeforeLater = Number.POSITIVE_INFINITY;
  for (const { base, path } of listed.slice(from).reverse()) {
    const file = await openSegmentIfThere(files, path);
    if (file === undefined) continue;
    try {
      const survey = await surveyFramed(file, path, base, newestFirst.map((newer) => newer.survey));
      if (isMisnamed(survey)) continue;
      const segment = new Segment(survey);
      segment.bytes = segment.limit = survey.size;
      segment.end = survey.footer?.end ?? (await tallyRecords(file, survey, false, endBeforeLater)).claimedEnd;
      if (survey.footer !== undefined) segment.setContents(survey.footer);
      newestFirst.push({ segment, survey });
      // Frames that a later segment has too do not count in an earlier one.
      if (!segment.empty) endBeforeLater = base;
    } finally {
      file.close();
    }
  }
  const list = new SegmentList();
  for (const { segment } of newestFirst.reverse()) list.add(segment);
  return { list, surveys: newestFirst.map(({ survey }) => survey) };
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
