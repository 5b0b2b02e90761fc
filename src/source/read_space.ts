/**
 * Where the next read of a connection goes.
 *
 * Three places, for three kinds of connection:
 *
 * - `small`: its own few KiB, always there. Enough for a quiet connection.
 * - `lease`: the large buffer that the route is filling, while the connection
 *   has more to say than `small` takes in one read.
 * - `grown`: memory for one unfinished frame that is larger than that.
 *
 * Bytes move between them only as an unfinished frame, when the place changes.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { OpenBuffer } from "./open_buffer.ts";
import type { Holder, UnfinishedFrames } from "./unfinished.ts";

/** A lease with less room than this is exchanged for another. */
const MIN_ROOM_BYTES = 32 * 1024;

export interface SpaceContext {
  readonly pool: BufferPool;
  readonly open: OpenBuffer;
  readonly unfinished: UnfinishedFrames;
  /** The largest frame that may have to be held, in bytes. */
  readonly maxFrame: number;
  /** Calls `take` again and again, as memory comes free, until it succeeds; undefined once the connection ends. */
  whenMemory<T>(take: () => T | undefined): Promise<T | undefined>;
}

export class ReadSpace {
  /** The unfinished frame begins here. */
  start = 0;
  /** Up to here it has been searched for its end. */
  scanned = 0;
  /** Up to here there are bytes. */
  fill = 0;
  #buffer: PooledBuffer;
  #place: "small" | "lease" | "grown" = "small";

  /** Takes over `small` and releases it in the end. */
  constructor(
    private readonly small: PooledBuffer,
    private readonly holder: Holder,
    private readonly context: SpaceContext,
  ) {
    this.#buffer = small;
  }

  get buffer(): PooledBuffer {
    return this.#buffer;
  }

  /** Do frames here have to be copied, because the space is about to be used again? */
  get transient(): boolean {
    return this.#place === "small";
  }

  /** Bytes of the unfinished frame, and those that the next read may add. */
  get reach(): number {
    return this.#buffer.bytes.length - this.start;
  }

  /** Where the next read goes; never empty after `prepare`. */
  get free(): Uint8Array {
    return this.#buffer.bytes.subarray(this.fill);
  }

  /** A read of `count` bytes into `free` that returned less than this left the socket empty. */
  get emptiedBelow(): number {
    return Math.min(this.#buffer.bytes.length - this.fill, this.small.bytes.length);
  }

  /**
   * Makes room for the next read. `emptied` says that the last one left the
   * socket empty, `needed` how large the unfinished frame will be, if known.
   * Waits only where a frame larger than `small` finds no memory.
   */
  async prepare(emptied: boolean, needed: number): Promise<void> {
    const rest = this.fill - this.start;
    const wanted = rest === 0 ? 0 : Math.max(needed, rest + 1);
    if (this.#place === "lease" && this.#staysOnLease(emptied, wanted)) return;
    if (!emptied && this.#lease(wanted)) return;
    if (wanted <= this.small.bytes.length) return this.#moveTo(this.small, 0, "small");
    // Frames before `start` have been handed on where they lie, so nothing may be moved over them.
    if (this.#place === "grown" && this.start === 0 && wanted <= this.#buffer.bytes.length) return;
    const capacity = Math.max(wanted, Math.min(rest * 2, this.context.maxFrame));
    const capacityMax = needed > 0 ? wanted : Math.max(wanted, this.context.maxFrame);
    this.#moveTo(await this.#grow(capacity, capacityMax), 0, "grown");
  }

  /** Gives everything back. */
  close(): void {
    this.context.unfinished.set(this.holder, 0);
    this.start = this.scanned = this.fill;
    this.#moveTo(this.small, 0, "small");
    this.small.release();
  }

  #staysOnLease(emptied: boolean, wanted: number): boolean {
    if (this.start + wanted > this.#buffer.bytes.length) return false;
    const room = this.#buffer.bytes.length - this.fill;
    return emptied ? wanted > this.small.bytes.length && room > 0 : room >= MIN_ROOM_BYTES;
  }

  /** Goes to a large buffer, from another one if need be; false if none can be had or the frame would not fit. */
  #lease(wanted: number): boolean {
    const { open, pool } = this.context;
    if (wanted > pool.bufferBytes / 2) return false;
    if (this.#place === "lease") {
      const next = open.exchange(this.#buffer, this.fill);
      if (next !== undefined) this.#adopt(this.#buffer.bytes, this.start, next.buffer, next.fill, "lease");
      return next !== undefined;
    }
    const lease = open.lease();
    if (lease === undefined) return false;
    this.#moveTo(lease.buffer, lease.fill, "lease");
    return true;
  }

  /** `capacityMax` is all that the frame can come to need: the oldest one gets that at once, where it must. */
  async #grow(capacity: number, capacityMax: number): Promise<PooledBuffer> {
    const { pool, unfinished, whenMemory } = this.context;
    const take = () => {
      const buffer = unfinished.mayHold(this.holder, capacity) ? pool.take(capacity) : undefined;
      if (buffer !== undefined || !unfinished.isOldest(this.holder)) return buffer;
      return pool.takeForOldest(capacityMax);
    };
    const buffer = take() ?? await whenMemory(take);
    if (buffer === undefined) throw new Error("the connection ended while its frame waited for memory");
    return buffer;
  }

  /** Moves the unfinished frame to `at` in `to`, and lets go of where it was. */
  #moveTo(to: PooledBuffer, at: number, place: "small" | "lease" | "grown"): void {
    const from = this.#buffer;
    const was = this.#place;
    const { start } = this;
    this.#adopt(from.bytes, start, to, at, place);
    if (from === to) return;
    if (was === "lease") this.context.open.giveBack(from, start);
    if (was === "grown") from.release();
  }

  #adopt(from: Uint8Array, start: number, to: PooledBuffer, at: number, place: "small" | "lease" | "grown"): void {
    if (from !== to.bytes || start !== at) to.bytes.set(from.subarray(start, this.fill), at);
    this.fill = at + this.fill - start;
    this.scanned = at + this.scanned - start;
    this.start = at;
    this.#buffer = to;
    this.#place = place;
    this.context.unfinished.set(this.holder, place === "grown" ? to.bytes.length : 0);
  }
}
