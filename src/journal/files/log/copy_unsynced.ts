/** Writes frames a second time, after a sync of their file failed and it may lose them. */
import { saltOf } from "../format/segment.ts";
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import type { DirectoryJournalOptions } from "./options.ts";
import { walkRecords } from "../segment/walk_records.ts";

/**
 * Copies the records of `failed` that no sync has covered to a new segment, which
 * has its name but is not synced when this resolves. Records that the kernel has
 * lost fail their checksum and are left out; the reader reports them as missing.
 *
 * While it is written the new file has a temporary name: frames of a newer segment
 * count instead of those of older ones, so a kill before the copy is complete would
 * lose frames.
 *
 * The copies have the salt of the originals. If nothing of the old file was ever
 * synced, the new one gets its name, and a reader that opens it meanwhile finds
 * the same records at the same offsets.
 */
export async function copyUnsynced(
  options: DirectoryJournalOptions,
  failed: SegmentWriter,
  cursor: number,
): Promise<SegmentWriter> {
  const { synced, written, segment } = failed;
  const marks = segment.marks!;
  // There may be a hole before the first frame of a segment.
  const previousEnd = synced.end === segment.base ? failed.previousEnd : synced.end;
  const at = { base: synced.end, previousEnd, cursor };
  const writer = await createSegment(options, at, saltOf(marks));
  try {
    const walk = { marks, from: synced.offset, limit: written.offset, verify: true };
    for await (const found of walkRecords(failed.file, walk)) {
      if (found.kind !== "record") continue;
      const { first, frames, length, timeUs } = found.header;
      const record = { first, frames, length, timeUs, payload: [found.payload.subarray(0, length)] };
      await writer.write([record], found.header.previousEnd, found.header.cursor);
    }
    await writer.takeName();
    return writer;
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
