/** Reads what the files of a journal say about it, without changing any of them. */
import type { Framer } from "../../../framing/framing.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import { listSegments } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveyIfThere } from "../segment/survey.ts";
import { listUntilStable } from "./list_until_stable.ts";
import { readCursor } from "./cursor_file.ts";
import { type CursorFound } from "../format/cursor.ts";

export interface JournalSurvey {
  readonly segments: readonly SegmentSurvey[];
  /** Files with a segment's name that no writer can have given: nothing is known of their contents. */
  readonly misnamed: readonly SegmentSurvey[];
  readonly cursor: CursorFound;
}

/** Reads header and footer of every segment, and the cursor. A newer format version rejects with a `SpillwayError`. */
export async function surveyJournal(files: ReadableFiles, directory: string, framer: Framer): Promise<JournalSurvey> {
  const cursor = await readCursor(files, `${directory}/cursor`);
  const list = () => listSegments(files, directory);
  const surveys = await listUntilStable(list, (each) => surveyIfThere(files, each, framer));
  const [misnamed, segments] = [surveys.filter(isMisnamed), surveys.filter((survey) => !isMisnamed(survey))];
  return { segments, misnamed, cursor };
}
