/** What the files of a journal say, gathered at opening without changing any of them. */
import type { Framer } from "../../../framing/framing.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import { listSegments } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveyIfThere } from "../segment/survey.ts";
import { type CursorFound, readCursor } from "./cursor_file.ts";

export interface Survey {
  readonly segments: readonly SegmentSurvey[];
  /** Files with a segment's name that cannot be one: nothing is known of them, and they say nothing of the journal. */
  readonly misnamed: readonly SegmentSurvey[];
  readonly cursor: CursorFound;
}

/** A compaction that runs meanwhile touches delivered segments alone: at last it is left at what is there. */
const LISTINGS_MAX = 20;

/** Reads header and footer of every segment, and the cursor. A newer format version rejects with a `SpillwayError`. */
export async function surveyJournal(files: ReadableFiles, directory: string, framer: Framer): Promise<Survey> {
  const cursor = await readCursor(files, `${directory}/cursor`);
  for (let left = LISTINGS_MAX;; left--) {
    const segments = await surveySegments(files, directory, framer, left > 1);
    if (segments === undefined) continue;
    const misnamed = segments.filter(isMisnamed);
    return { segments: segments.filter((segment) => !isMisnamed(segment)), misnamed, cursor };
  }
}

/** Undefined if one was gone, when `all` are to be there: what it held may be in another one by now. */
async function surveySegments(
  files: ReadableFiles,
  directory: string,
  framer: Framer,
  all: boolean,
): Promise<SegmentSurvey[] | undefined> {
  const segments: SegmentSurvey[] = [];
  for (const each of await listSegments(files, directory)) {
    const survey = await surveyIfThere(files, each, framer);
    if (survey !== undefined) segments.push(survey);
    else if (all) return undefined;
  }
  return segments;
}
