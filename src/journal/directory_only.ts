/**
 * What works on a journal that is a directory, and on no other: verify, repair,
 * compact, skip without a daemon, and check. scripts/import_rules.ts lists the
 * files that may import this.
 */
export { type ArchiveSegment, findSegments } from "./files/archive/find_segments.ts";
export { directoriesAt, journalAt } from "./files/archive/named_directories.ts";
export { type NamedSegments, nameSegments } from "./files/archive/named_files.ts";
export { type Amount, type CompactionReport, compactJournal } from "./files/compaction/compact.ts";
export type { CompactionPolicy } from "./files/compaction/plan.ts";
export { checkCursor } from "./files/directory/check_cursor.ts";
export { readLockNote, readNote } from "./files/directory/lock.ts";
export { mustBeThere } from "./files/log/explain_opening.ts";
export { repair, type RepairEvents } from "./files/offline/repair.ts";
export type { MovedRange } from "./files/offline/repair_segment.ts";
export { skipOffline, type SkippedFrames } from "./files/offline/skip.ts";
export { bytesOnDisk, listSegments } from "./files/segment/segment_files.ts";
export { type DamagedRange, type MissingFrames, readSegment } from "./files/verify/verify_segment.ts";
export { type SegmentReader, verifySegments } from "./files/verify/verify_segments.ts";
export { readerIn, readingJob, type ReadingThread } from "./files/verify/verify_thread.ts";
