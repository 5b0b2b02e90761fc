/** How a route's memory is divided (DESIGN 3, route.memory). */
import { BufferPool } from "../base/buffer.ts";
import { RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from "../journal/format.ts";

const KIB = 1024;
/** A buffer larger than this buys nothing: a read seldom finds more in the kernel. */
const BUFFER_BYTES_MAX = 1024 * KIB;
const BUFFER_BYTES_MIN = 32 * KIB;
/** Buffers set aside for the drain: one being sent, one being read ahead, one spare for the seam between segments. */
const RESERVED_BUFFERS = 3;

export interface MemoryPlan {
  readonly pool: BufferPool;
  readonly recordBytes: number;
}

/** `maxBytes` is `memory.max_bytes`, at least 1 MiB; `frameBytes` the largest frame, at most a quarter of that. */
export function planMemory(maxBytes: number, frameBytes: number): MemoryPlan {
  const bufferBytes = clamp(2 ** Math.floor(Math.log2(maxBytes / 32)), BUFFER_BYTES_MIN, BUFFER_BYTES_MAX);
  return {
    pool: new BufferPool({ maxBytes, bufferBytes, reserveBytes: RESERVED_BUFFERS * bufferBytes, frameBytes }),
    // Two records fill a buffer, so that the drain reads a whole one at a time.
    recordBytes: Math.min(RECORD_BYTES_MAX, bufferBytes / 2) - RECORD_HEADER_BYTES,
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
