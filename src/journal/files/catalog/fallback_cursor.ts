/** Where delivery was, as segments note it: the fallback where the `cursor` file does not say so. */
import type { FileOpener } from "../../../runtime/files.ts";
import { openSegment } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";
import { tallyRecords } from "../segment/tally_records.ts";

/** The cursor as the newest record or footer of `segments`, ascending, has it, else as the newest header. */
export async function newestNoted(
  files: FileOpener,
  segments: readonly SegmentSurvey[],
): Promise<number | undefined> {
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

/** The cursor as a segment's footer has it, else its header. */
export function notedIn({ footer, header }: SegmentSurvey): number | undefined {
  return footer?.cursor ?? header?.cursor;
}
