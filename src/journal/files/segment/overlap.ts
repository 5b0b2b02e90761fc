/**
 * If two segments have the same frames, those of the newer one count: of the older
 * one only frames below the base of the next segment that has records count
 * (FORMAT.md, Overlap). That base is called `endBeforeLater` throughout.
 */
import type { Framer } from "../../../framing/framing.ts";
import { skipFrames } from "../../../framing/skip.ts";
import type { FileOpener } from "../../../runtime/files.ts";
import type { RecordHeader } from "../format/segment.ts";
import { openSegmentIfThere } from "./segment_files.ts";
import type { SegmentSurvey } from "./survey.ts";
import { walkRecords } from "./walk_records.ts";

/**
 * True if the segment has a record, so that frames from its base on do not count in
 * earlier segments. A segment with a footer is not opened. `verify`: a record whose
 * payload is damaged does not count.
 */
export async function hasRecords(
  files: FileOpener,
  { base, footer, marks, size, path, start }: Pick<
    SegmentSurvey,
    "base" | "footer" | "marks" | "size" | "path" | "start"
  >,
  verify: boolean,
): Promise<boolean> {
  if (footer !== undefined) return footer.records > 0;
  if (size <= start || marks === undefined) return false;
  const file = await openSegmentIfThere(files, path);
  if (file === undefined) return false;
  try {
    for await (const found of walkRecords(file, { marks, from: start, limit: size, verify })) {
      if (found.kind === "record" && found.header.first >= base) return true;
    }
    return false;
  } finally {
    file.close();
  }
}

/** Frames from this sequence on do not count in a segment that the `later` ones, ascending, follow. */
export async function endBeforeAnyOf(
  files: FileOpener,
  later: Iterable<SegmentSurvey & { readonly newest: boolean }>,
): Promise<number> {
  for (const survey of later) {
    // Damaged records at the end of the journal are cut off at the next start.
    if (await hasRecords(files, survey, survey.newest)) return survey.base;
  }
  return Number.POSITIVE_INFINITY;
}

/** The record without the frames that a later segment has. */
export function framesBelow(
  endBeforeLater: number,
  { header, payload }: { readonly header: RecordHeader; readonly payload: Uint8Array },
  framer: Framer,
) {
  const frames = Math.min(header.frames, endBeforeLater - header.first);
  if (frames === header.frames) return { header, payload };
  const length = skipFrames(framer, payload, 0, header.length, frames);
  return { header: { ...header, frames, length }, payload: payload.subarray(0, length) };
}
