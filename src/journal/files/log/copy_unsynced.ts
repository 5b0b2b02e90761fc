/** Writing frames a second time, where the first file could not be synced and may lose them. */
import { saltOf } from "../format/segment.ts";
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import type { DirectoryJournalOptions } from "./options.ts";
import { walkRecords } from "../segment/walk_records.ts";

/**
 * Copies the records of `failed` that no sync has covered, as far as the kernel
 * still has them, to a new segment, which is in place but not synced when this
 * resolves. What the kernel has forgotten fails its checksum, and the reader
 * will find it missing.
 *
 * Until then it has a temporary name: what a newer segment has begins to count
 * there, and a kill in the middle must not take what is not copied yet.
 *
 * The copies have the salt of the originals: if nothing of the old file was ever
 * synced, the new one takes its name, and whoever opens it meanwhile finds the
 * same records at the same offsets.
 */
export async function copyUnsynced(
  options: DirectoryJournalOptions,
  failed: SegmentWriter,
  cursor: number,
): Promise<SegmentWriter> {
  const { synced, written, segment } = failed;
  const marks = segment.marks!;
  // Up to a segment's first frame there may have been a hole.
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
