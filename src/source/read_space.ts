/**
 * Where the next read of a connection goes.
 *
 * One of four places:
 *
 * - `small`: its own few KiB, always there. Enough for a quiet connection.
 * - `lease`: the large buffer that the route is filling, while the connection
 *   has more to say than `small` takes in one read, and has completed frames.
 * - `grown`: memory for one unfinished frame that is larger than that.
 * - `kept`: the same, where it is what the pool keeps for one frame.
 *
 * Bytes move between them only as an unfinished frame, when the place changes.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { OpenBuffer } from "./open_buffer.ts";
import type { Holder, UnfinishedFrames } from "./unfinished.ts";

/** A lease with less room than this is exchanged for another. */
const MIN_ROOM_BYTES = 32 * 1024;

type Place = "small" | "lease" | "grown" | "kept";

export interface SpaceContext {
  readonly pool: BufferPool;
  readonly open: OpenBuffer;
  readonly unfinished: UnfinishedFrames;
  readonly clock: Clock;
  /** The largest frame that may have to be held, in bytes. */
  readonly maxFrame: number;
  /**
   * Waits until `take` gives something; undefined once the connection is at its
   * end. While `may` is false, its `turn` has to come first.
   */
  whenMemory<T>(take: () => T | undefined, may: () => boolean, turn: () => Promise<void>): Promise<T | undefined>;
}

export class ReadSpace {
  /** The unfinished frame begins here. */
  start = 0;
  /** Up to here it has been searched for its end. */
  scanned = 0;
  /** Up to here there are bytes. */
  fill = 0;
  #buffer: PooledBuffer;
  #place: Place = "small";

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
    // Who has not completed a frame yet gets no memory for what it only announces.
    const wanted = rest === 0 ? 0 : Math.max(this.holder.proven ? needed : 0, rest + 1);
    if (this.#place === "lease" && this.#staysOnLease(emptied, wanted)) return;
    if (!emptied && this.#lease(wanted)) return;
    if (wanted <= this.small.bytes.length) return this.#moveTo(this.small, 0, "small");
    // Frames before `start` have been handed on where they lie, so nothing may be moved over them.
    if (this.#isGrown && this.start === 0 && wanted <= this.#buffer.bytes.length) return;
    const capacityMax = Math.max(wanted, needed > 0 ? needed : this.context.maxFrame);
    await this.#grow(this.#capacityFor(Math.max(wanted, Math.min(rest * 2, capacityMax))), capacityMax);
  }

  /** Gives everything back. */
  close(): void {
    this.start = this.scanned = this.fill;
    this.#moveTo(this.small, 0, "small");
    this.small.release();
  }

  #staysOnLease(emptied: boolean, wanted: number): boolean {
    if (this.start + wanted > this.#buffer.bytes.length) return false;
    const room = this.#buffer.bytes.length - this.fill;
    // Where others want it, a large buffer is not kept for the beginning of a small frame.
    if (emptied) return wanted > this.small.bytes.length && room > 0 && this.context.open.isIdle;
    return room >= MIN_ROOM_BYTES;
  }

  /** Goes to a large buffer, from another one if need be; false if none can be had or the frame would not fit. */
  #lease(wanted: number): boolean {
    const { open, pool, unfinished } = this.context;
    if (wanted > pool.bufferBytes / 2 || !this.holder.proven) return false;
    if (this.#place === "lease") {
      const next = open.exchange(this.#buffer, this.fill);
      if (next !== undefined) this.#adopt(this.#buffer.bytes, this.start, next.buffer, next.fill, "lease");
      return next !== undefined;
    }
    const lease = unfinished.mayHold(this.holder, pool.bufferBytes) ? open.lease() : undefined;
    if (lease === undefined) return false;
    this.#moveTo(lease.buffer, lease.fill, "lease");
    return true;
  }

  /**
   * Moves to memory for the unfinished frame, once there is some. `capacityMax`
   * is all that the frame can come to need: what is kept for one frame is given
   * in this size, and anything else too, while others are about to wait.
   */
  async #grow(capacity: number, capacityMax: number): Promise<void> {
    const { unfinished, whenMemory, clock } = this.context;
    const take = () => this.#takeGrown(capacity, capacityMax);
    let taken = take();
    if (taken === undefined) {
      const may = () => this.#mayGrow(capacity, capacityMax);
      unfinished.wait(this.holder, capacityMax, may, clock.monotonicMs());
      const turn = () => unfinished.turn(this.holder);
      taken = await whenMemory(take, may, turn).finally(() => unfinished.served(this.holder));
    }
    if (taken === undefined) throw new Error("the connection ended while its frame waited for memory");
    this.#moveTo(taken.buffer, 0, taken.place);
  }

  #takeGrown(capacity: number, capacityMax: number): { buffer: PooledBuffer; place: Place } | undefined {
    const { pool, unfinished } = this.context;
    if (this.#canReuse(capacity)) return { buffer: this.#buffer, place: this.#place };
    const bytes = this.#grownBytes(capacity, capacityMax);
    const grown = unfinished.mayHold(this.holder, bytes) ? pool.take(bytes) : undefined;
    if (grown !== undefined) return { buffer: grown, place: "grown" };
    const kept = unfinished.mayFinish(this.holder) ? pool.takeKept(capacityMax) : undefined;
    return kept === undefined ? undefined : { buffer: kept, place: "kept" };
  }

  /** Small ones in a size that the pool uses again. */
  #capacityFor(bytes: number): number {
    return bytes > this.context.pool.bufferBytes / 2 ? bytes : 2 ** Math.ceil(Math.log2(bytes));
  }

  #mayGrow(capacity: number, capacityMax: number): boolean {
    const { unfinished } = this.context;
    return this.#canReuse(capacity) || unfinished.mayFinish(this.holder) ||
      unfinished.mayHold(this.holder, this.#grownBytes(capacity, capacityMax));
  }

  #grownBytes(capacity: number, capacityMax: number): number {
    return this.context.unfinished.tight && !this.holder.proven ? capacityMax : capacity;
  }

  /** Has everything before the unfinished frame gone where it had to? Then the same memory does. */
  #canReuse(capacity: number): boolean {
    return this.#isGrown && this.#buffer.hasOneHolder && capacity <= this.#buffer.bytes.length;
  }

  get #isGrown(): boolean {
    return this.#place === "grown" || this.#place === "kept";
  }

  /** Moves the unfinished frame to `at` in `to`, and lets go of where it was. */
  #moveTo(to: PooledBuffer, at: number, place: Place): void {
    const from = this.#buffer;
    const was = this.#place;
    const { start } = this;
    this.#adopt(from.bytes, start, to, at, place);
    if (was === "kept" && place !== "kept") this.context.pool.endKept();
    if (from === to) return;
    if (was === "lease") this.context.open.giveBack(from, start);
    if (was === "grown" || was === "kept") from.release();
  }

  #adopt(from: Uint8Array, start: number, to: PooledBuffer, at: number, place: Place): void {
    if (from !== to.bytes || start !== at) to.bytes.set(from.subarray(start, this.fill), at);
    this.fill = at + this.fill - start;
    this.scanned = at + this.scanned - start;
    this.start = at;
    this.#buffer = to;
    this.#place = place;
    this.context.unfinished.hold(this.holder, place === "small" ? 0 : to.bytes.length, place === "kept");
  }
}
