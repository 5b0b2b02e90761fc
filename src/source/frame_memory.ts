/**
 * Memory for the unfinished frame of one connection that is larger than the
 * connection's own buffer: `grown` under the limit that all connections share, or
 * `kept`, which is what the pool keeps for one frame at a time.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Holder, UnfinishedFrames } from "./unfinished.ts";

export interface FrameMemoryContext {
  readonly pool: BufferPool;
  readonly unfinished: UnfinishedFrames;
  readonly clock: Clock;
  /**
   * Waits until `take` returns something; undefined once the connection is at its
   * end. While `isAllowed` is false, `turn` has to resolve first.
   */
  whenMemory<T>(take: () => T | undefined, isAllowed: () => boolean, turn: () => Promise<void>): Promise<T | undefined>;
}

export interface FrameMemory {
  readonly buffer: PooledBuffer;
  readonly place: "grown" | "kept";
}

/** How much memory a frame needs, in bytes. */
export interface FrameNeed {
  /** Enough for the next reads. */
  readonly now: number;
  /** All that the frame can come to need. */
  readonly most: number;
}

/** A connection's request for more memory for its frame. */
export class FrameRequest {
  /** `present` is the memory that the frame is in already, if it has some of its own. */
  constructor(
    private readonly context: FrameMemoryContext,
    private readonly holder: Holder,
    private readonly need: FrameNeed,
    private readonly present: FrameMemory | undefined,
  ) {}

  /** Undefined while there is no memory, or the limit leaves none for this connection. */
  take(): FrameMemory | undefined {
    const { context: { pool, unfinished }, holder, need, present } = this;
    if (this.#fitsPresent) return present;
    const bytes = this.#grownBytes;
    const grown = unfinished.mayHold(holder, bytes) ? pool.take(bytes) : undefined;
    if (grown !== undefined) return { buffer: grown, place: "grown" };
    const kept = unfinished.mayFinish(holder) ? pool.takeKept(need.most) : undefined;
    return kept === undefined ? undefined : { buffer: kept, place: "kept" };
  }

  /** The memory once there is some. Rejects if the connection ends first. */
  async wait(): Promise<FrameMemory> {
    const { context: { unfinished, whenMemory, clock }, holder, need } = this;
    const isAllowed = () => this.#isAllowed;
    unfinished.wait(holder, need.most, isAllowed, clock.monotonicMs());
    const taken = await whenMemory(() => this.take(), isAllowed, () => unfinished.turn(holder))
      .finally(() => unfinished.served(holder));
    if (taken === undefined) throw new Error("the connection ended while its frame waited for memory");
    return taken;
  }

  /** Does the limit allow it now, whether or not the pool has the memory? */
  get #isAllowed(): boolean {
    const { context: { unfinished }, holder } = this;
    return this.#fitsPresent || unfinished.mayFinish(holder) || unfinished.mayHold(holder, this.#grownBytes);
  }

  /** Is the present memory large enough, and are the frames before the unfinished one gone from it? */
  get #fitsPresent(): boolean {
    const { present, need } = this;
    return present !== undefined && present.buffer.hasOneHolder && need.now <= present.buffer.bytes.length;
  }

  /** While memory for frames is short a connection without a completed frame gets all at once, so that it waits once. */
  get #grownBytes(): number {
    return this.context.unfinished.isTight && !this.holder.hasCompletedFrame ? this.need.most : this.need.now;
  }
}
