/** How large a segment may become. A journal that is full frees itself segment by segment: one must not be most of it. */
import type { Room } from "./space.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** So many segments fit at least. */
const SEGMENTS_AT_LEAST = 8;

/** Where the file system is what limits the journal, a segment is no smaller than this. */
const SEGMENT_BYTES_MIN = 64 * 1024;

/** In bytes, for the next segment; `journalBytes` is what the segments have now. */
export function segmentBytesFor(options: DirectoryJournalOptions, room: Room, journalBytes: number): number {
  const { maxBytes, segmentBytes, dropsOldest } = options;
  const share = (bytes: number) => Math.floor(bytes / SEGMENTS_AT_LEAST);
  const quota = maxBytes > 0 ? share(maxBytes) : Number.POSITIVE_INFINITY;
  if (!dropsOldest) return Math.min(segmentBytes, quota);
  return Math.min(segmentBytes, quota, Math.max(SEGMENT_BYTES_MIN, share(room.capacity(journalBytes))));
}
