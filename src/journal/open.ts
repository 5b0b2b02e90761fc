/**
 * The way in to a journal. The rest of the program imports this file and the two
 * contracts, journal.ts and archive.ts, and does not know what a journal is
 * stored in. Commands for which a journal has to be a directory import
 * directory_only.ts as well.
 */
import { RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from "./files/format/segment.ts";

export { openArchive } from "./files/archive/directory_archive.ts";
export { followJournal } from "./files/archive/follow.ts";
export { isJournal, trimSlash } from "./files/archive/named_directories.ts";
export { summarizeJournal } from "./files/archive/summary.ts";
export { openJournal } from "./files/log/open.ts";

/** The payload bytes that fit in a record which takes up `bytes` with its header. A record takes up 256 KiB at most. */
export function recordPayloadBytes(bytes: number): number {
  return Math.min(RECORD_BYTES_MAX, bytes) - RECORD_HEADER_BYTES;
}
