/**
 * The buffer that a route is filling just now, shared by its connections.
 *
 * A connection with much to say leases it and reads straight into it, no copy.
 * One that says little reads into a small buffer of its own, and its frames are
 * copied here, side by side with those of others: so a thousand quiet
 * connections fill one buffer instead of holding a thousand.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";

/** A buffer and how far it is filled. */
export interface Lease {
  readonly buffer: PooledBuffer;
  readonly fill: number;
}

export class OpenBuffer {
  #current: PooledBuffer | undefined;
  #fill = 0;
  #leases = 0;
  readonly #maxLeases: number;

  /** All leases together are at most `leaseBytes`, one apart: an idle one is memory that nobody else can use. */
  constructor(private readonly pool: BufferPool, leaseBytes: number) {
    this.#maxLeases = Math.max(1, Math.floor(leaseBytes / pool.bufferBytes));
  }

  /** Are most leases free, so that a connection may keep one while it waits for the rest of a frame? */
  get isIdle(): boolean {
    return this.#leases <= this.#maxLeases / 2;
  }

  /**
   * A buffer to read into, for one connection alone, at least half of it free.
   * Undefined while memory is full or too many are out; then small reads and
   * `append` still work.
   */
  lease(): Lease | undefined {
    if (this.#leases >= this.#maxLeases) return undefined;
    this.#recycle();
    const current = this.#current;
    const lease = current !== undefined && this.#fill <= current.bytes.length / 2
      ? { buffer: current, fill: this.#fill }
      : this.#fresh();
    if (lease === undefined) return undefined;
    if (lease.buffer === current) this.#current = undefined;
    this.#leases++;
    return lease;
  }

  /**
   * Another lease for one that is used up. Until the next call here the bytes
   * of the old one stay as they are, so that an unfinished frame can be copied.
   * Undefined while memory is full: then the old lease goes on.
   */
  exchange(buffer: PooledBuffer, fill: number): Lease | undefined {
    const fresh = this.#fresh();
    if (fresh === undefined) return undefined;
    this.#leases++;
    this.giveBack(buffer, fill);
    return fresh;
  }

  /** Ends a lease; what is left of the buffer serves the next one. */
  giveBack(buffer: PooledBuffer, fill: number): void {
    this.#leases--;
    const room = this.#current === undefined ? 0 : this.#current.bytes.length - this.#fill;
    if (buffer.bytes.length - fill <= room) return buffer.release();
    this.#current?.release();
    this.#current = buffer;
    this.#fill = fill;
  }

  /**
   * Copies bytes in; says where they are, or undefined while memory is full. The
   * caller pushes them at once. `must`: even then, for what was read before a stop.
   */
  append(bytes: Uint8Array, must = false): { readonly buffer: PooledBuffer; readonly start: number } | undefined {
    this.#recycle();
    if (this.#current === undefined || this.#current.bytes.length - this.#fill < bytes.length) {
      const fresh = this.pool.take(Math.max(bytes.length, this.pool.bufferBytes)) ??
        (must ? this.pool.takeReserved(bytes.length, true) : undefined);
      if (fresh === undefined) return undefined;
      this.#current?.release();
      this.#current = fresh;
      this.#fill = 0;
    }
    const start = this.#fill;
    this.#current.bytes.set(bytes, start);
    this.#fill += bytes.length;
    return { buffer: this.#current, start };
  }

  close(): void {
    this.#current?.release();
    this.#current = undefined;
  }

  #fresh(): Lease | undefined {
    const buffer = this.pool.take();
    return buffer === undefined ? undefined : { buffer, fill: 0 };
  }

  /** Once all runs in it are gone, the buffer is as good as new. */
  #recycle(): void {
    if (this.#current?.hasOneHolder) this.#fill = 0;
  }
}
