/**
 * The newest segment is never unlinked. Where all of its frames are delivered and
 * an append has no room, it is made one that can be.
 */
import type { FileSystem } from "../../../runtime/files.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import type { Segment } from "../segment/segment.ts";
import { isCompressed } from "../segment/segment_files.ts";
import { JournalFullError } from "../../journal.ts";
import { asFull } from "./space.ts";

export interface FreeNewestOptions {
  readonly files: FileSystem;
  readonly segments: SegmentList;
  /** Sequence after the last frame appended. */
  readonly end: number;
  /** Frames below this sequence are delivered, and the cursor on disk says so. */
  readonly cursor: number;
  /** May the delivered frames be cut off if there is no room for another file? */
  readonly mayTruncate: boolean;
  /** Creates an empty segment behind the newest one. */
  readonly beginSegment: () => Promise<void>;
}

/**
 * Puts an empty segment behind the newest one. If not even that fits and
 * `mayTruncate` is set, the newest segment is cut after its header first. Does
 * nothing if the newest segment holds frames that are not delivered, or none.
 */
export async function freeNewest(options: FreeNewestOptions): Promise<void> {
  const { files, segments, end, cursor, mayTruncate, beginSegment } = options;
  const { newest } = segments;
  if (newest === undefined || newest.empty || newest.end > cursor || end === newest.base) return;
  try {
    await beginSegment();
  } catch (error) {
    if (!(asFull(error) instanceof JournalFullError)) throw error;
    // A compressed file is written by compactions alone.
    if (!mayTruncate || isCompressed(newest.path)) return;
    await truncate(files, segments, newest);
    await beginSegment();
  }
}

async function truncate(files: FileSystem, segments: SegmentList, segment: Segment): Promise<void> {
  const file = await files.open(segment.path, "update");
  try {
    segment.limit = SEGMENT_HEADER_BYTES;
    await file.truncate(SEGMENT_HEADER_BYTES);
    segments.resize(segment, SEGMENT_HEADER_BYTES);
    segments.noteRemovedBelow(segment.end);
  } finally {
    file.close();
  }
}
