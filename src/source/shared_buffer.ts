/**
 * The buffer that a route is filling at the moment, shared by its connections.
 *
 * A busy connection leases it and reads straight into it, without a copy. A quiet
 * one reads into a small buffer of its own, and its frames are copied here beside
 * those of others: so a thousand quiet connections fill one buffer instead of
 * holding a thousand.
 *
 * A few busy connections may keep a leased buffer each while they wait for
 * bytes. Any others take turns: one after the other fills the same buffer.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";

/** A buffer for one connection alone, and how far it is filled. */
export interface Lease {
  readonly buffer: PooledBuffer;
  readonly fill: number;
  /** Is it for one turn, or may it be kept? */
  readonly isTurn: boolean;
}

export class SharedBuffer {
  #current: PooledBuffer | undefined;
  #fill = 0;
  #kept = 0;
  readonly #maxKept: number;
  #isTurnTaken = false;
  /** Those that wait for their turn, in the order in which they came. */
  readonly #waiting = new Map<object, (isTurn: boolean) => void>();

  /**
   * Leases that are kept are at most `keptBytes` together, one apart: an idle lease
   * is memory that other connections cannot use.
   */
  constructor(private readonly pool: BufferPool, keptBytes: number) {
    this.#maxKept = Math.max(1, Math.floor(keptBytes / pool.bufferBytes));
  }

  /** Does any connection wait for its turn? */
  get isWanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** A lease to keep; undefined while memory is full or as many are kept as may be. */
  keep(): Lease | undefined {
    const lease = this.#kept < this.#maxKept ? this.#lease(false) : undefined;
    if (lease !== undefined) this.#kept++;
    return lease;
  }

  /** Takes the turn; false if another connection has it, then {@link nextTurn} waits for it. */
  takeTurn(): boolean {
    if (this.#isTurnTaken) return false;
    this.#isTurnTaken = true;
    return true;
  }

  /** Resolves to true when it is `owner`'s turn, after those who wait already; to false after {@link leave}. */
  nextTurn(owner: object): Promise<boolean> {
    return new Promise((resolve) => this.#waiting.set(owner, resolve));
  }

  /** `owner` does not wait any more. */
  leave(owner: object): void {
    this.#waiting.get(owner)?.(false);
    this.#waiting.delete(owner);
  }

  /** The turn is over: for one that has not come to a lease in it. */
  endTurn(): void {
    for (const [owner, resolve] of this.#waiting) {
      this.#waiting.delete(owner);
      return resolve(true);
    }
    this.#isTurnTaken = false;
  }

  /** A lease for the one whose turn it is, which ends with the lease; undefined while memory is full. */
  leaseForTurn(): Lease | undefined {
    return this.#lease(true);
  }

  /**
   * Another buffer for one that is used up. The bytes of the old one stay as they
   * are until the next call here, so that an unfinished frame can be copied.
   * Undefined while memory is full: then the old lease goes on.
   */
  exchange({ buffer, isTurn }: Lease, fill: number): Lease | undefined {
    const empty = this.#takeEmpty(isTurn);
    if (empty !== undefined) this.#putBack(buffer, fill);
    return empty;
  }

  /** Ends a lease; what is free in its buffer serves the next one. */
  giveBack({ buffer, isTurn }: Lease, fill: number): void {
    this.#putBack(buffer, fill);
    if (isTurn) this.endTurn();
    else this.#kept--;
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

  #lease(isTurn: boolean): Lease | undefined {
    this.#recycle();
    const buffer = this.#current;
    if (buffer === undefined || this.#fill > buffer.bytes.length / 2) return this.#takeEmpty(isTurn);
    this.#current = undefined;
    return { buffer, fill: this.#fill, isTurn };
  }

  #takeEmpty(isTurn: boolean): Lease | undefined {
    const buffer = this.pool.take();
    return buffer === undefined ? undefined : { buffer, fill: 0, isTurn };
  }

  #putBack(buffer: PooledBuffer, fill: number): void {
    const room = this.#current === undefined ? 0 : this.#current.bytes.length - this.#fill;
    if (buffer.bytes.length - fill <= room) return buffer.release();
    this.#current?.release();
    this.#current = buffer;
    this.#fill = fill;
  }

  /** Once all runs in the buffer are gone it is filled from its beginning again. */
  #recycle(): void {
    if (this.#current?.hasOneHolder) this.#fill = 0;
  }
}
