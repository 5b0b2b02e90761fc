/** What a listing says of a segment: how much is in it, and its state. */
import type { SegmentState } from "../../archive.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "./find_segments.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { isCompressed, openSegmentIfThere } from "../segment/segment_files.ts";
import { isMisnamed } from "../segment/survey.ts";
import { type RecordTally, tallyRecords } from "../segment/tally_records.ts";

/** `damaged`: not only records stand where its record headers were looked at. */
export type SegmentTally = Pick<RecordTally, "frames" | "bytes" | "lowestUs" | "highestUs" | "end" | "damaged">;

/**
 * What is in a segment, from its footer, or from its record headers where it has
 * none; undefined if it has none and is gone since it was listed.
 */
export async function tallySegment(
  files: ReadableFiles,
  segment: ArchiveSegment,
): Promise<SegmentTally | undefined> {
  if (segment.footer !== undefined) return { ...segment.footer, damaged: false };
  const file = await openSegmentIfThere(files, segment.path);
  if (file === undefined) return undefined;
  try {
    const tally = await tallyRecords(file, segment, false);
    // Frames in a tail that the daemon will cut off are pending until then.
    const frames = tally.lost.reduce((sum, lost) => sum + lost.frames, tally.frames);
    const bytes = tally.lost.reduce((sum, lost) => sum + lost.length, tally.bytes);
    return { ...tally, frames, bytes, end: tally.claimedEnd, damaged: tally.damaged || tally.tail !== "none" };
  } finally {
    file.close();
  }
}

/** Found without reading payloads; where it says damaged, `verify` finds the same. */
export function stateOf(segment: ArchiveSegment, { end, damaged }: SegmentTally): SegmentState {
  if (isMisnamed(segment)) return "damaged";
  const compressed = isCompressed(segment.path);
  const isOpen = segment.newest && !compressed;
  const isBeingCreated = isOpen && segment.size < SEGMENT_HEADER_BYTES;
  // A file of no bytes, or of a header alone as repair leaves it, has nothing in it that could be wrong.
  if (segment.header === undefined && segment.fileBytes > 0 && !isBeingCreated) return "damaged";
  if (segment.footer === undefined && isOpen) return "open";
  if (damaged) return "damaged";
  if (compressed) return "compressed";
  return segment.cursor !== undefined && end <= segment.cursor ? "delivered" : "sealed";
}
