/** Writing frames a second time, where the first file could not be synced and may lose them. */
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import type { JournalOptions } from "./types.ts";
import { walkRecords } from "./walk.ts";

/**
 * Copies the records of `failed` that no sync has covered, as far as the kernel
 * still has them, to a new segment, synced and in place. What it has forgotten
 * fails its checksum and is found missing by the reader.
 */
export async function copyUnsynced(options: JournalOptions, failed: SegmentWriter): Promise<SegmentWriter> {
  const { synced, written, segment } = failed;
  let writer: SegmentWriter | undefined;
  const walk = { marks: segment.marks!, from: synced.offset, limit: written.offset, verify: true };
  try {
    for await (const found of walkRecords(failed.file, walk)) {
      if (found.kind !== "record") continue;
      const { first, frames, length, timeUs, previousEnd, cursor } = found.header;
      writer ??= await createSegment(options, { base: synced.end, previousEnd, cursor });
      const record = { first, frames, length, timeUs, payload: [found.payload.subarray(0, length)] };
      await writer.write([record], previousEnd, cursor);
    }
    writer ??= await createSegment(options, { base: synced.end, previousEnd: synced.end, cursor: synced.end });
    await writer.takeName();
    await writer.sync();
    return writer;
  } catch (error) {
    await writer?.discard();
    throw error;
  }
}
