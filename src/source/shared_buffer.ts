/**
 * The buffer that a route is filling at the moment, shared by its connections.
 *
 * A busy connection leases it and reads straight into it, without a copy. A quiet
 * one reads into a small buffer of its own, and its frames are copied here beside
 * those of others: so a thousand quiet connections fill one buffer instead of
 * holding a thousand.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";

/** A buffer and how far it is filled. */
export interface Lease {
  readonly buffer: PooledBuffer;
  readonly fill: number;
}

export class SharedBuffer {
  #current: PooledBuffer | undefined;
  #fill = 0;
  #leases = 0;
  readonly #maxLeases: number;

  /** All leases together are at most `leaseBytes`, one apart: an idle lease is memory that other connections cannot use. */
  constructor(private readonly pool: BufferPool, leaseBytes: number) {
    this.#maxLeases = Math.max(1, Math.floor(leaseBytes / pool.bufferBytes));
  }

  /** Are most leases free, so that a connection may keep one while it waits for the rest of a frame? */
  get hasSpareLeases(): boolean {
    return this.#leases <= this.#maxLeases / 2;
  }

  /**
   * A buffer to read into, for one connection alone, at least half of it free.
   * Undefined while memory is full or all leases are taken; then small reads and
   * `append` still work.
   */
  lease(): Lease | undefined {
    if (this.#leases >= this.#maxLeases) return undefined;
    this.#recycle();
    const current = this.#current;
    const lease = current !== undefined && this.#fill <= current.bytes.length / 2
      ? { buffer: current, fill: this.#fill }
      : this.#takeEmpty();
    if (lease === undefined) return undefined;
    if (lease.buffer === current) this.#current = undefined;
    this.#leases++;
    return lease;
  }

  /**
   * Another lease for one that is used up. The bytes of the old buffer stay as
   * they are until the next call here, so that an unfinished frame can be copied.
   * Undefined while memory is full: then the old lease goes on.
   */
  exchange(buffer: PooledBuffer, fill: number): Lease | undefined {
    const empty = this.#takeEmpty();
    if (empty === undefined) return undefined;
    this.#leases++;
    this.giveBack(buffer, fill);
    return empty;
  }

  /** Ends a lease; what is free in its buffer serves the next one. */
  giveBack(buffer: PooledBuffer, fill: number): void {
    this.#leases--;
    const room = this.#current === undefined ? 0 : this.#current.bytes.length - this.#fill;
    if (buffer.bytes.length - fill <= room) return buffer.release();
    this.#current?.release();
    this.#current = buffer;
    this.#fill = fill;
  }

  /**
   * Copies bytes in; returns where they are, or undefined while memory is full. The
   * caller pushes them at once. With `must` they are taken even then: for what was
   * read before a stop.
   */
  append(bytes: Uint8Array, must = false): { readonly buffer: PooledBuffer; readonly start: number } | undefined {
    this.#recycle();
    if (this.#current === undefined || this.#current.bytes.length - this.#fill < bytes.length) {
      const empty = this.pool.take(Math.max(bytes.length, this.pool.bufferBytes)) ??
        (must ? this.pool.takeReserved(bytes.length, true) : undefined);
      if (empty === undefined) return undefined;
      this.#current?.release();
      this.#current = empty;
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

  #takeEmpty(): Lease | undefined {
    const buffer = this.pool.take();
    return buffer === undefined ? undefined : { buffer, fill: 0 };
  }

  /** Once all runs in the buffer are gone it is filled from its beginning again. */
  #recycle(): void {
    if (this.#current?.hasOneHolder) this.#fill = 0;
  }
}
