/** Joins the payloads of the records in one read buffer. */
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

/** From this record size on, a read ends at the end of a record. */
const LARGE_RECORD_BYTES = 16 * 1024;

export interface JoinInput {
  /** Header of the record whose payload is first in the buffer and intact. */
  readonly header: RecordHeader;
  /** Valid bytes in the buffer. */
  readonly length: number;
  readonly marks: Marks;
  readonly framer: Framer;
  /** Frames from this sequence on are in a later segment. */
  readonly endBeforeLater: number;
  /** Frames before this sequence are skipped. */
  readonly position: number;
}

export interface Joined {
  /** The frames are in [start, end) of the buffer. */
  readonly start: number;
  readonly end: number;
  readonly parts: readonly BatchPart[];
  /** Bytes of the buffer that the joined records took up. */
  readonly consumed: number;
  /** Sequence after the last frame. */
  readonly until: number;
  /** The header behind the last joined record, if the buffer has it. */
  readonly next: RecordHeader | undefined;
}

/**
 * Moves the payloads of the records in `bytes` together, in place. The first record
 * must be intact. Further ones are joined while they are whole and intact and
 * follow each other without an undeclared gap.
 */
export function joinRecords(bytes: Uint8Array, input: JoinInput): Joined {
  const { header, length, marks, framer, endBeforeLater, position } = input;
  const frames = Math.min(header.frames, endBeforeLater - header.first);
  let skip = Math.max(0, position - header.first);
  let start = skipFrames(framer, bytes, 0, header.length, skip);
  // If the framer cannot cut the payload, the whole record is sent again rather than not at all.
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
 * How many bytes to read if the first payload has `length` bytes and there is space
 * for `capacity`. With large records: as many whole ones of the same size as fit,
 * and the header behind them, because a part of a record would be read twice.
 */
export function readLength(length: number, capacity: number): number {
  if (length < LARGE_RECORD_BYTES) return Math.max(length, capacity);
  const size = RECORD_HEADER_BYTES + length;
  const more = Math.floor((capacity - size) / size);
  return more < 0 ? Math.min(Math.max(length, capacity), size) : length + RECORD_HEADER_BYTES + more * size;
}
