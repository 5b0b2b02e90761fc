/**
 * How a route's memory is divided.
 *
 * Reserved are three buffers for sending the backlog, as much as one frame can
 * need, and an eighth for the connections' own small buffers. Of the rest, at most
 * two thirds are for unfinished frames, half of that for the large buffers that
 * connections read into. So a third of the rest, which is at least five buffers,
 * is for whole frames, however many frames producers begin and do not finish.
 */
import { BufferPool } from "../base/buffer.ts";
import { recordPayloadBytes } from "../journal/open.ts";
import { SMALL_BUFFERS_SHARE } from "../source/small_buffers.ts";

const KIB = 1024;
/** A larger buffer has no use: a read seldom finds more in the kernel. */
const BUFFER_BYTES_MAX = 1024 * KIB;
const BUFFER_BYTES_MIN = 32 * KIB;
/** Buffers reserved for the backlog: one being sent, one being read ahead, and one where a segment ends. */
const RESERVED_BUFFERS = 3;

/** The share of what is not reserved that may be held for unfinished frames. */
const UNFINISHED_SHARE = 2 / 3;

export interface MemoryPlan {
  readonly pool: BufferPool;
  readonly recordBytes: number;
  /** What connections may hold for unfinished frames, all together, in bytes. */
  readonly unfinishedBytes: number;
}

/** `maxBytes` is `memory.max_bytes`, at least 1 MiB; `frameBytes` the largest frame, at most a quarter of that. */
export function planMemory(maxBytes: number, frameBytes: number): MemoryPlan {
  const bufferBytes = clamp(2 ** Math.floor(Math.log2(maxBytes / 32)), BUFFER_BYTES_MIN, BUFFER_BYTES_MAX);
  const reserveBytes = RESERVED_BUFFERS * bufferBytes;
  const rest = maxBytes - reserveBytes - frameBytes - Math.floor(maxBytes * SMALL_BUFFERS_SHARE);
  return {
    pool: new BufferPool({ maxBytes, bufferBytes, reserveBytes, frameBytes }),
    unfinishedBytes: Math.floor(rest * UNFINISHED_SHARE),
    // Two records fill a buffer, so that the backlog is read in whole records.
    recordBytes: recordPayloadBytes(bufferBytes / 2),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
