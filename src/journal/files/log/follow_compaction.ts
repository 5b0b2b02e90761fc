/**
 * Follows what a compaction has made of the delivered segments since the journal was
 * opened: compressed ones have another file, merged ones are in the file of the
 * first of them, others were removed. Retention works on the updated list.
 */
import type { Framer } from "../../../framing/framing.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { Segment } from "../segment/segment.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import { listSegments, type SegmentFile } from "../segment/segment_files.ts";
import { surveyIfThere } from "../segment/survey.ts";

export interface DeliveredFilesOptions {
  readonly files: FileSystem;
  readonly directory: string;
  /** For segments whose header does not say their framing. */
  readonly framer: Framer;
}

/**
 * Updates the segments below `cursor`, the newest excepted, from the directory.
 * Lists the directory once, and opens only files that differ from the list.
 */
export async function refreshDelivered(
  options: DeliveredFilesOptions,
  segments: SegmentList,
  cursor: number,
): Promise<void> {
  const listed = segments.all.slice(0, -1).filter((segment) => segment.end <= cursor);
  const known = new Map(listed.map((segment) => [segment.base, segment]));
  const others = new Set(segments.all.map(({ base }) => base));
  const limit = segments.all.find((segment) => !known.has(segment.base))?.base ?? 0;
  const found = await listSegments(options.files, options.directory);
  const there = new Map(found.map((file) => [file.base, file]));
  for (const [index, segment] of listed.entries()) {
    const file = there.get(segment.base);
    if (file === undefined) {
      segments.retire(segment);
      continue;
    }
    const gone: Segment[] = [];
    for (const next of listed.slice(index + 1)) {
      if (there.has(next.base)) break;
      gone.push(next);
    }
    if (file.path !== segment.path || gone.length > 0) await replace(options, segments, file, [segment, ...gone]);
  }
  // A compressed file that a killed compaction left beside its original counts once the original is removed.
  for (const file of found) {
    if (file.base < limit && !others.has(file.base)) await replace(options, segments, file, []);
  }
}

/** `file` has replaced `before`. Several merged segments count as delivered when the last of them was. */
async function replace(
  { files, framer }: DeliveredFilesOptions,
  segments: SegmentList,
  { base, path }: SegmentFile,
  before: readonly Segment[],
): Promise<void> {
  const survey = await surveyIfThere(files, { base, path }, framer);
  // It was removed since it was listed; the next listing will show it.
  if (survey === undefined) return;
  const segment = new Segment(survey);
  segment.measure(survey);
  const endBeforeLater = segments.all.find((each) => each.base > base && !before.includes(each))?.base;
  const end = survey.footer?.end ?? Math.max(base, ...before.map((each) => each.end));
  segment.end = Math.min(end, endBeforeLater ?? end);
  if (survey.footer !== undefined) segment.setContents(survey.footer);
  if (before.every(({ deliveredMs }) => deliveredMs !== undefined) && before.length > 0) {
    segment.deliveredMs = Math.max(...before.map(({ deliveredMs }) => deliveredMs!));
  }
  segments.replace(before[0], segment);
}
