/**
 * The buffers that connections have for themselves for as long as they last: an
 * eighth of memory for all of them together. Half of that is divided into equal
 * parts for the most connections there may be; the other half makes the buffers
 * of the first connections larger.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";

/** All of them together are at most this share of memory. */
export const SMALL_BUFFERS_SHARE = 1 / 8;

const SMALL_BYTES_MAX = 16 * 1024;
/** The range of a connection's part. The lower end limits how many connections there can be. */
const PART_BYTES_MAX = 4096;
const PART_BYTES_MIN = 64;
/** Of what is left for larger buffers, the next connection gets one part in this many. */
const EXTRA_SHARE = 64;

export class SmallBuffers {
  readonly #partBytes: number;
  /** How many connections can have a buffer. */
  readonly #count: number;
  #extraBytes: number;
  #taken = 0;

  constructor(private readonly pool: BufferPool, maxConnections: number) {
    const half = Math.floor(pool.maxBytes * SMALL_BUFFERS_SHARE / 2);
    const part = Math.floor(half / maxConnections);
    this.#partBytes = Math.max(PART_BYTES_MIN, Math.min(PART_BYTES_MAX, part));
    this.#count = Math.floor(half / this.#partBytes);
    this.#extraBytes = half;
  }

  /** Is there no room for another connection, however much other memory comes free? */
  get exhausted(): boolean {
    return this.#taken >= this.#count;
  }

  /** A buffer for a new connection; undefined while memory is full. */
  take(): PooledBuffer | undefined {
    if (this.exhausted) return undefined;
    const extra = Math.min(SMALL_BYTES_MAX - this.#partBytes, Math.floor(this.#extraBytes / EXTRA_SHARE));
    const buffer = this.pool.take(this.#partBytes + extra);
    if (buffer === undefined) return undefined;
    this.#taken++;
    this.#extraBytes -= extra;
    return buffer;
  }

  /** A buffer of `bytes` bytes has gone back to the pool. */
  gone(bytes: number): void {
    this.#taken--;
    this.#extraBytes += bytes - this.#partBytes;
  }
}
