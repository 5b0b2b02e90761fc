/**
 * How a route's memory is divided.
 *
 * Set aside: three buffers for the drain, as much as one frame can need, and an
 * eighth for the connections' own small buffers. Of the rest two thirds at most
 * are for frames that have begun and are not whole, half of that for the large
 * buffers that connections read into. So a third of the rest, which is at least
 * five buffers, is for whole frames, whatever producers begin and do not finish.
 */
import { BufferPool } from "../base/buffer.ts";
import { recordPayloadBytes } from "../journal/open.ts";
import { SMALL_BUFFERS_SHARE } from "../source/small_buffers.ts";

const KIB = 1024;
/** A buffer larger than this buys nothing: a read seldom finds more in the kernel. */
const BUFFER_BYTES_MAX = 1024 * KIB;
const BUFFER_BYTES_MIN = 32 * KIB;
/** Buffers set aside for the drain: one being sent, one being read ahead, one spare for the seam between segments. */
const RESERVED_BUFFERS = 3;

/** Of what is not set aside, so much may be held for unfinished frames. */
const UNFINISHED_SHARE = 2 / 3;

export interface MemoryPlan {
  readonly pool: BufferPool;
  readonly recordBytes: number;
  /** What connections may hold for unfinished frames, all together. */
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
    // Two records fill a buffer, so that the drain reads a whole one at a time.
    recordBytes: recordPayloadBytes(bufferBytes / 2),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
