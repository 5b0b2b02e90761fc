/**
 * Where the next read of a connection goes. It is in one of four places:
 *
 * - `small`: the connection's own few KiB, always there. Enough for a quiet one.
 * - `lease`: a large buffer, see shared_buffer.ts, for a connection that has
 *   completed frames and sends more than `small` takes in one read. A few
 *   connections keep one; the others have it in turns, while they have something to read.
 * - `grown` and `kept`: memory for an unfinished frame larger than `small`, see
 *   frame_memory.ts.
 *
 * The bytes in the buffer, in this order: frames that have been handed on,
 * [0, start); the unfinished frame, [start, fill), of which [start, scanned) has
 * been searched for its end; free, [fill, length). Only the unfinished frame is
 * ever copied, when the place changes.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { type FrameMemory, type FrameMemoryContext, FrameRequest } from "./frame_memory.ts";
import type { Connection } from "../runtime/net.ts";
import type { Lease, SharedBuffer } from "./shared_buffer.ts";
import type { Holder } from "./unfinished.ts";

/** A lease with less free space than this, in bytes, is exchanged for another. */
const LEASE_FREE_BYTES_MIN = 32 * 1024;

type Place = "small" | "lease" | FrameMemory["place"];

export interface SpaceContext extends FrameMemoryContext {
  readonly sharedBuffer: SharedBuffer;
  readonly connection: Pick<Connection, "arrivedBytes">;
  /** A large buffer in the connection's turn; undefined once it is at its end. */
  whenTurn(): Promise<Lease | undefined>;
  /** The largest frame that may have to be held, in bytes. */
  readonly maxFrame: number;
}

export class ReadSpace {
  /** The unfinished frame begins here. */
  start = 0;
  /** Up to here the unfinished frame has been searched for its end. */
  scanned = 0;
  /** Up to here there are bytes. */
  fill = 0;
  #buffer: PooledBuffer;
  #place: Place = "small";
  /** What `lease` is. */
  #lease: Lease | undefined;

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

  /** Are frames here to be copied before they are handed on, because the next read uses the space again? */
  get isReused(): boolean {
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

  /** A read into `free` that returns less than this has left the socket empty. */
  get emptiedBelow(): number {
    return Math.min(this.#buffer.bytes.length - this.fill, this.small.bytes.length);
  }

  /**
   * Makes room for the next read. `isEmptied`: the last read left the socket
   * empty; `frameBytes`: how large the unfinished frame will be, 0 if unknown.
   * Waits only if a frame larger than `small` finds no memory.
   */
  async prepare(isEmptied: boolean, frameBytes: number): Promise<void> {
    const needed = this.#neededFor(frameBytes);
    if (this.#lease !== undefined && this.#mayStayOnLease(this.#lease, isEmptied, needed)) return;
    if (!isEmptied && needed <= this.context.pool.bufferBytes / 2 && this.holder.hasCompletedFrame) {
      if (this.#renewLease() || this.#keepLease()) return;
      if (needed <= this.small.bytes.length && this.#hasMuchArrived && await this.#takeTurn()) return;
    }
    if (needed <= this.small.bytes.length) return this.#goToSmall();
    if (this.#hasRoomInFrameMemory(needed)) return;
    await this.#goToFrameMemory(needed, frameBytes);
  }

  /** Gives all memory back. */
  close(): void {
    this.start = this.scanned = this.fill;
    this.#goToSmall();
    this.small.release();
  }

  /** Bytes that the unfinished frame needs from its beginning on, with the next read; 0 if there is none. */
  #neededFor(frameBytes: number): number {
    const unfinished = this.fill - this.start;
    if (unfinished === 0) return 0;
    // A connection without a completed frame gets no memory for a size that it only announces.
    return Math.max(this.holder.hasCompletedFrame ? frameBytes : 0, unfinished + 1);
  }

  #mayStayOnLease({ isTurn }: Lease, isEmptied: boolean, needed: number): boolean {
    const { length } = this.#buffer.bytes;
    if (this.start + needed > length) return false;
    const free = length - this.fill;
    const { isWanted } = this.context.sharedBuffer;
    if (!isEmptied) return free >= LEASE_FREE_BYTES_MIN && !isWanted && (!isTurn || this.#hasMuchArrived);
    // While others want a large buffer it is not kept for the beginning of a small frame.
    return free > 0 && needed > this.small.bytes.length && !isWanted && !isTurn;
  }

  /** Is there certainly more to be read than the small buffer takes? */
  get #hasMuchArrived(): boolean {
    const bytes = this.context.connection.arrivedBytes();
    return bytes !== undefined && bytes > this.small.bytes.length;
  }

  /** Goes on with an empty buffer in place of the leased one; false if that is none, others want it, or memory is full. */
  #renewLease(): boolean {
    const { sharedBuffer } = this.context;
    if (this.#lease === undefined || sharedBuffer.isWanted) return false;
    if (this.#lease.isTurn && !this.#hasMuchArrived) return false;
    const next = sharedBuffer.exchange(this.#lease, this.fill);
    if (next === undefined) return false;
    this.#copyTo(next.buffer, next.fill, "lease");
    this.#lease = next;
    return true;
  }

  /** Goes to a large buffer that may be kept; false if there is none to be had, or others want it. */
  #keepLease(): boolean {
    const { sharedBuffer, pool, unfinished } = this.context;
    if (this.#lease !== undefined || sharedBuffer.isWanted) return false;
    const lease = unfinished.mayHold(this.holder, pool.bufferBytes) ? sharedBuffer.keep() : undefined;
    if (lease !== undefined) this.#goToLease(lease);
    return lease !== undefined;
  }

  /** Goes to a large buffer in the connection's turn; false at its end, or if it may not hold so much. */
  async #takeTurn(): Promise<boolean> {
    const { sharedBuffer, pool, unfinished, whenTurn } = this.context;
    // While it waits for its turn it holds no more.
    this.#goToSmall();
    const lease = await whenTurn();
    if (lease === undefined) return false;
    const mayHold = unfinished.mayHold(this.holder, pool.bufferBytes);
    if (mayHold) this.#goToLease(lease);
    else sharedBuffer.giveBack(lease, lease.fill);
    return mayHold;
  }

  #goToLease(lease: Lease): void {
    this.#moveTo(lease.buffer, lease.fill, "lease");
    this.#lease = lease;
  }

  #goToSmall(): void {
    this.#moveTo(this.small, 0, "small");
  }

  /** Is the frame in memory of its own already, and that large enough? */
  #hasRoomInFrameMemory(needed: number): boolean {
    // Frames before `start` are handed on where they lie: nothing may be moved over them.
    return this.#isInFrameMemory && this.start === 0 && needed <= this.#buffer.bytes.length;
  }

  /** Twice what the frame has, so that a frame of unknown size is not copied for every read; at most what it can need. */
  async #goToFrameMemory(needed: number, frameBytes: number): Promise<void> {
    const most = Math.max(needed, frameBytes > 0 ? frameBytes : this.context.maxFrame);
    const doubled = Math.min((this.fill - this.start) * 2, most);
    const now = this.#capacityFor(Math.max(needed, doubled));
    const present = this.#isInFrameMemory
      ? { buffer: this.#buffer, place: this.#place as FrameMemory["place"] }
      : undefined;
    const request = new FrameRequest(this.context, this.holder, { now, most }, present);
    // No `await` where nothing is waited for: what is taken counts under the limit from `#moveTo` on.
    const { buffer, place } = request.take() ?? await request.wait();
    this.#moveTo(buffer, 0, place);
  }

  /** Small buffers have a size that the pool uses again: a power of two. */
  #capacityFor(bytes: number): number {
    return bytes > this.context.pool.bufferBytes / 2 ? bytes : 2 ** Math.ceil(Math.log2(bytes));
  }

  get #isInFrameMemory(): boolean {
    return this.#place === "grown" || this.#place === "kept";
  }

  /** Moves the unfinished frame to `at` in `to`, and gives back the memory that it was in. */
  #moveTo(to: PooledBuffer, at: number, place: Place): void {
    const from = this.#buffer;
    const before = this.#place;
    const lease = this.#lease;
    const { start } = this;
    this.#lease = undefined;
    this.#copyTo(to, at, place);
    if (before === "kept" && place !== "kept") this.context.pool.endKept();
    if (from === to) return;
    if (lease !== undefined) this.context.sharedBuffer.giveBack(lease, start);
    if (before === "grown" || before === "kept") from.release();
  }

  #copyTo(to: PooledBuffer, at: number, place: Place): void {
    const from = this.#buffer.bytes;
    if (from !== to.bytes || this.start !== at) to.bytes.set(from.subarray(this.start, this.fill), at);
    this.fill = at + this.fill - this.start;
    this.scanned = at + this.scanned - this.start;
    this.start = at;
    this.#buffer = to;
    this.#place = place;
    this.context.unfinished.hold(this.holder, place === "small" ? 0 : to.bytes.length, place === "kept");
  }
}
