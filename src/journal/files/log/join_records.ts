/** Making one stretch of frames of the records that one read has brought. */
import type { Framer } from "../../../framing/framing.ts";
import { skipFrames } from "../../../framing/skip.ts";
import {
  decodeRecordHeader,
  type Marks,
  payloadMatches,
  RECORD_HEADER_BYTES,
  type RecordHeader,
} from "../format/segment.ts";
import type { BatchPart } from "../../journal.ts";

/** Records from this size on are taken into account when deciding how much to read at once. */
const LARGE_RECORD_BYTES = 16 * 1024;

export interface JoinInput {
  /** Of the record whose payload stands first in the buffer, and is intact. */
  readonly header: RecordHeader;
  /** Bytes in the buffer. */
  readonly length: number;
  readonly marks: Marks;
  readonly framer: Framer;
  /** Frames from this sequence on are taken from a later segment. */
  readonly endBeforeLater: number;
  /** Frames before this sequence are skipped. */
  readonly position: number;
}

export interface Joined {
  /** The frames are the buffer's [start, end). */
  readonly start: number;
  readonly end: number;
  readonly parts: readonly BatchPart[];
  /** Bytes of the buffer that the joined records took up. */
  readonly consumed: number;
  /** Sequence after the last frame. */
  readonly until: number;
  /** The header behind the last joined record, where the buffer has it. */
  readonly next: RecordHeader | undefined;
}

/**
 * Moves the payloads of the records in `bytes` together, in place. The first one
 * is taken to be intact; the rest as far as they are, follow each other without
 * an undeclared gap, and are wholly there.
 */
export function joinRecords(bytes: Uint8Array, input: JoinInput): Joined {
  const { header, length, marks, framer, endBeforeLater, position } = input;
  const frames = Math.min(header.frames, endBeforeLater - header.first);
  let skip = Math.max(0, position - header.first);
  let start = skipFrames(framer, bytes, 0, header.length, skip);
  // Bytes that this framer cannot cut: rather once more from the record's beginning than not at all.
  if (start >= header.length) skip = start = 0;
  const { timeUs: arrivedUs } = header;
  const parts: BatchPart[] = [{ first: header.first + skip, frames: frames - skip, offset: 0, arrivedUs }];
  let until = header.first + frames;
  let end = frames < header.frames ? skipFrames(framer, bytes, 0, header.length, frames) : header.length;
  let consumed = header.length;
  if (frames < header.frames) return { start, end, parts, consumed, until, next: undefined };
  for (;;) {
    const next = decodeRecordHeader(bytes.subarray(0, length), consumed, marks.record);
    if (next === undefined) return { start, end, parts, consumed, until, next };
    const payload = consumed + RECORD_HEADER_BYTES;
    const fits = payload + next.length <= length && next.first + next.frames <= endBeforeLater;
    const follows = next.first >= until && next.previousEnd <= until;
    if (!fits || !follows || !payloadMatches(next, bytes.subarray(payload, payload + next.length))) {
      return { start, end, parts, consumed, until, next };
    }
    bytes.copyWithin(end, payload, payload + next.length);
    parts.push({ first: next.first, frames: next.frames, offset: end - start, arrivedUs: next.timeUs });
    until = next.first + next.frames;
    end += next.length;
    consumed = payload + next.length;
  }
}

/**
 * How much to read, of `capacity` bytes, where the first payload has `length`:
 * with large records, whole ones of the same size and the header behind them,
 * since what is read of the next would have to be read again.
 */
export function readLength(length: number, capacity: number): number {
  if (length < LARGE_RECORD_BYTES) return Math.max(length, capacity);
  const size = RECORD_HEADER_BYTES + length;
  const more = Math.floor((capacity - size) / size);
  return more < 0 ? Math.min(Math.max(length, capacity), size) : length + RECORD_HEADER_BYTES + more * size;
}
