/** What `rewind` needs: the frame N bytes before another one, and the segments that are kept for that. */
import type { File, FileSystem } from "../../../runtime/files.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";
import { recordsFrom } from "../segment/ordered_walk.ts";
import { bytesOfFrames } from "../segment/frame_bytes.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "./segment_list.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";
import { readTolerant } from "../segment/tolerant_read.ts";

/** Frames of one record that lie before the sequence in question. */
interface Piece {
  readonly offset: number;
  readonly first: number;
  readonly end: number;
  /** Bytes of these frames: the record's payload up to there. */
  readonly bytes: number;
}

/** Gapless frames at the end of a range of sequences: at least the wanted bytes, if there are as many. */
interface GaplessTail {
  readonly pieces: Piece[];
  readonly bytes: number;
}

/**
 * The first frame of the longest gapless range before `sequence` that has at most
 * one whole frame more than `bytes` bytes; `sequence` itself if there is none. Reads
 * the record headers of the segments concerned, and the payload of at most two records.
 */
export async function locateBack(
  files: FileSystem,
  segments: SegmentList,
  sequence: number,
  bytes: number,
): Promise<number> {
  let found = sequence;
  let missing = bytes;
  let segment = sequence > 0 ? segments.holding(sequence - 1) : undefined;
  while (segment !== undefined && missing > 0) {
    const file = await openSegmentIfThere(files, segment.path);
    // It was unlinked meanwhile: the journal begins after it.
    if (file === undefined) return found;
    try {
      const tail = await gaplessTailBefore(file, segment, segments.endBeforeLater(segment), found, missing);
      const front = tail.pieces[0];
      if (front === undefined) return found;
      if (tail.bytes > missing) {
        return await frameAt(file, segment, front, tail.bytes - missing);
      }
      found = front.first;
      missing -= tail.bytes;
    } finally {
      file.close();
    }
    segment = segments.before(segment);
  }
  return found;
}

/**
 * The delivered segments that may go: those given, in ascending order, without
 * the newest of them that hold the last `rewindBytes` bytes of frames.
 */
export function beyondRewind<T extends { readonly frameBytes: number }>(
  delivered: readonly T[],
  rewindBytes: number,
): T[] {
  let count = delivered.length;
  for (let keep = rewindBytes; count > 0 && keep > 0;) keep -= delivered[--count].frameBytes;
  return delivered.slice(0, count);
}

async function gaplessTailBefore(
  file: File,
  segment: Segment,
  endBeforeLater: number,
  until: number,
  wanted: number,
): Promise<GaplessTail> {
  let pieces: Piece[] = [];
  let bytes = 0;
  for await (
    const { offset, header, isWhole } of recordsFrom(file, segment, segment.base, Math.min(until, endBeforeLater))
  ) {
    if (!isWhole) continue;
    const { first, frames, length } = header;
    if (pieces.length > 0 && pieces[pieces.length - 1].end !== first) {
      pieces = [];
      bytes = 0;
    }
    const end = Math.min(first + frames, until);
    const record = { offset, length, frames };
    const part = end === first + frames ? length : await bytesOfFrames(file, segment, record, end - first);
    pieces.push({ offset, first, end, bytes: part });
    bytes += part;
    while (pieces.length > 1 && bytes - pieces[0].bytes >= wanted) {
      bytes -= pieces.shift()!.bytes;
    }
    // Records behind `until` may be left over from a failed sync, and damaged.
    if (end === until) break;
  }
  if (pieces[pieces.length - 1]?.end !== until) return { pieces: [], bytes: 0 };
  return { pieces, bytes };
}

/** The frame with the byte that is `skip` bytes after the beginning of the piece. */
async function frameAt(file: File, segment: Segment, piece: Piece, skip: number): Promise<number> {
  const payload = new Uint8Array(piece.bytes);
  await readTolerant(file, payload, piece.offset + RECORD_HEADER_BYTES);
  return Math.min(piece.end - 1, piece.first + segment.framer.scan(payload, 0, 0, skip).frames);
}
