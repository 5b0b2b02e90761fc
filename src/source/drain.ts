/**
 * The reader of one producer's connection.
 *
 * It reads as long as there is something to read and memory to read it into, and
 * never waits for disk or target. Whole frames are handed on where they lie in a
 * large buffer; those of a quiet connection are copied beside those of others,
 * which costs one copy per read, not per frame.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { messageOf } from "../base/error.ts";
import { passOver } from "../framing/between.ts";
import type { Framer } from "../framing/framing.ts";
import type { Connection } from "../runtime/net.ts";
import { type DrainEnd, leftoverOf } from "./drain_end.ts";
import type { MemoryQueue } from "./memory_queue.ts";
import { nextRun } from "./next_run.ts";
import type { PausedTime } from "./paused_time.ts";
import { ReadSpace, type SpaceContext } from "./read_space.ts";
import type { Lease } from "./shared_buffer.ts";
import type { Patience, RiskLimit, Sink } from "./sink.ts";
import type { Holder, StuckFrame } from "./unfinished.ts";

/** What all readers of one route share. */
export interface DrainContext extends Omit<SpaceContext, "whenMemory" | "whenTurn" | "maxFrame" | "connection"> {
  readonly framer: Framer;
  readonly sink: Pick<Sink, "push" | "wantMemory">;
  readonly patience: Patience;
  readonly riskLimit: RiskLimit;
  readonly memory: MemoryQueue;
  /** Bytes in a run at most, one larger frame apart. */
  readonly recordBytes: number;
  /** The time in which reading waits for memory or for the disk. */
  readonly paused: PausedTime;
  /** The time in which it waits for the target. */
  readonly patient: PausedTime;
  /** Called with bytes that stand between two frames and belong to none. */
  passedOver(bytes: Uint8Array): void;
}

type End = Omit<DrainEnd, "leftover">;

export class DrainReader implements Holder {
  /** When bytes last arrived, on the monotonic clock. */
  lastReadMs: number;
  hasCompletedFrame = false;
  /** Bytes that the last read still brought after reading was to end; known once `released` has resolved. */
  lateBytes = 0;
  /** Set by the time `run` resolves: resolves when no read is under way any more and all memory is given back. */
  released: Promise<void> = Promise.resolve();
  readonly #space: ReadSpace;
  readonly #endedWhileReading = Promise.withResolvers<End>();
  /** A read is under way, which cannot be cancelled. */
  #isReading = false;
  /** Nothing more is to be read. */
  #isEnding = false;
  #isWaiting = false;
  /** Why reading ends though the connection has not ended. */
  #endsEarly: End | undefined;
  /** When the unfinished frame began, or the last one was completed, plus the time spent waiting for memory since. */
  #progressMs: number;

  /** `small` is the connection's own buffer; the reader releases it at the end. */
  constructor(
    private readonly connection: Connection,
    private readonly context: DrainContext,
    small: PooledBuffer,
  ) {
    this.lastReadMs = this.#progressMs = context.clock.monotonicMs();
    const { pool, sharedBuffer, unfinished, framer: { maxFrame }, clock } = context;
    const whenMemory = this.#whenMemory.bind(this);
    const whenTurn = this.#whenTurn.bind(this);
    const space = { pool, sharedBuffer, unfinished, clock, maxFrame, whenMemory, whenTurn, connection };
    this.#space = new ReadSpace(small, this, space);
  }

  /** Reads until the connection or the reading ends. Never rejects. */
  async run(): Promise<DrainEnd> {
    const space = this.#space;
    const drained = this.#drainToEnd();
    const end = await Promise.race([drained, this.#endedWhileReading.promise]);
    const leftover = leftoverOf(space);
    this.released = drained.then(() => this.#giveBack());
    return { ...end, leftover };
  }

  get waitsForMemory(): boolean {
    return this.#isWaiting;
  }

  stalledMs(nowMs: number): number {
    return this.#isWaiting ? 0 : nowMs - this.#progressMs;
  }

  /** As `dismiss`, because others wait for the memory of its unfinished frame. */
  abandon(why: StuckFrame): void {
    this.#endEarly({ reason: "stuck", stuck: why });
  }

  /** Stops reading, and leaves the connection open. Whole frames that have been read are still handed on. */
  dismiss(): void {
    this.#endEarly({ reason: "dismissed" });
  }

  /** Closes the connection. Whole frames that have been read are still handed on. */
  close(): void {
    this.#end();
    this.connection.close();
  }

  /** If no read is under way `run` resolves once all that was read is handed on, else at once. */
  #endEarly(end: End): void {
    this.#endsEarly = end;
    this.#end();
    if (this.#isReading) this.#endedWhileReading.resolve(end);
  }

  #end(): void {
    this.#isEnding = true;
    this.context.memory.release(this);
    this.context.sharedBuffer.leave(this);
    this.context.unfinished.release(this);
  }

  async #drainToEnd(): Promise<End> {
    try {
      return await this.#drain();
    } catch (error) {
      return this.#endsEarly ?? { reason: "lost", detail: messageOf(error) };
    }
  }

  async #drain(): Promise<End> {
    const space = this.#space;
    const { patience } = this.context;
    while (this.#endsEarly === undefined) {
      if (patience.isWaiting) {
        await this.#whenRoom();
        continue;
      }
      if (!this.#mayRead()) {
        await this.#whenCovered();
        continue;
      }
      const emptiedBelow = space.emptiedBelow;
      this.#isReading = true;
      const count = await this.connection.read(space.free);
      this.#isReading = false;
      // What a read brings after that is dropped, like all that follows it.
      if (this.#endsEarly !== undefined) {
        this.lateBytes = count ?? 0;
        break;
      }
      if (count === null) return { reason: "eof" };
      this.lastReadMs = this.context.clock.monotonicMs();
      if (space.fill === space.start) this.#progressMs = this.lastReadMs;
      space.fill += count;
      const { needed, fault } = await this.#handOn();
      if (fault !== undefined) return { reason: "fault", detail: fault };
      await space.prepare(count < emptiedBelow, needed);
    }
    return this.#endsEarly;
  }

  /** Registers what is held and what the next read may fill. May the read begin? */
  #mayRead(): boolean {
    return this.context.riskLimit.hold(this, this.#space.reach, this.connection.readAheadBytes);
  }

  async #whenCovered(): Promise<void> {
    const { riskLimit, paused } = this.context;
    const sinceMs = this.#beginWaiting("long", paused);
    await riskLimit.covered();
    this.#endWaiting(sinceMs, paused);
  }

  async #whenRoom(): Promise<void> {
    const { patience, patient } = this.context;
    const sinceMs = this.#beginWaiting("briefly", patient);
    await patience.ended();
    this.#endWaiting(sinceMs, patient);
  }

  #giveBack(): void {
    this.#space.close();
    this.context.riskLimit.release(this);
  }

  /** Hands all whole frames on. `needed`: the size of the unfinished one after them, 0 if unknown. */
  async #handOn(): Promise<{ needed: number; fault: string | undefined }> {
    const { framer, clock, recordBytes } = this.context;
    const space = this.#space;
    const arrivedUs = clock.wallUs();
    for (;;) {
      const { start } = space;
      const scan = nextRun(framer, space.buffer.bytes, start, space.scanned, space.fill, recordBytes);
      if (scan.frames > 0) {
        this.hasCompletedFrame = true;
        this.#progressMs = this.lastReadMs;
        space.start = space.scanned = scan.end;
        if (space.isReused) await this.#pushCopy(start, scan.end, scan.frames, arrivedUs);
        else this.context.sink.push(space.buffer, start, scan.end, scan.frames, arrivedUs);
      }
      if (scan.fault !== undefined) {
        if (this.#passOver()) continue;
        return { needed: 0, fault: scan.fault };
      }
      if (scan.frames === 0 || scan.end === space.fill) {
        space.scanned = space.fill;
        return { needed: scan.needed, fault: undefined };
      }
    }
  }

  /** Skips what stands between two frames; false if a frame would have to begin here. */
  #passOver(): boolean {
    const space = this.#space;
    const { bytes } = space.buffer;
    const { start } = space;
    const next = passOver(this.context.framer.framing, bytes, start, space.fill);
    if (next === start) return false;
    this.context.passedOver(bytes.subarray(start, next));
    space.start = space.scanned = next;
    return true;
  }

  async #pushCopy(start: number, end: number, frames: number, arrivedUs: number): Promise<void> {
    const { sharedBuffer, sink } = this.context;
    const bytes = this.#space.buffer.bytes.subarray(start, end);
    // Pushed in the same turn as it is copied, or another connection's frames could be pushed in between.
    const push = (must = false) => {
      const copy = sharedBuffer.append(bytes, must);
      if (copy !== undefined) sink.push(copy.buffer, copy.start, copy.start + bytes.length, frames, arrivedUs);
      return copy;
    };
    if (push() === undefined) await this.#whenMemory(push, undefined, undefined, () => push(true));
  }

  /**
   * Stops reading until `take` returns something; that time counts as paused. At
   * the end of the connection: what `last` returns. While `isAllowed` is false, `turn`
   * has to resolve first.
   */
  async #whenMemory<T>(
    take: () => T | undefined,
    isAllowed: () => boolean = () => true,
    turn: () => Promise<void> = () => Promise.resolve(),
    last: () => T | undefined = () => undefined,
  ): Promise<T | undefined> {
    const { memory, paused, sink } = this.context;
    sink.wantMemory();
    const sinceMs = this.#beginWaiting("long", paused);
    try {
      while (!this.#isEnding) {
        if (!isAllowed()) await turn();
        const taken = this.#isEnding ? undefined : await memory.wait(this, take, isAllowed);
        if (taken !== undefined) return taken;
      }
      return last();
    } finally {
      this.#endWaiting(sinceMs, paused);
    }
  }

  /**
   * A large buffer in this connection's turn; undefined at its end. To wait for
   * others is no pause, to wait for memory is one.
   */
  async #whenTurn(): Promise<Lease | undefined> {
    const { sharedBuffer } = this.context;
    if (!sharedBuffer.takeTurn()) {
      const sinceMs = this.#beginWaiting("briefly");
      const isTurn = await sharedBuffer.nextTurn(this);
      this.#endWaiting(sinceMs);
      if (!isTurn) return undefined;
    }
    const lease = sharedBuffer.leaseForTurn() ?? await this.#whenMemory(() => sharedBuffer.leaseForTurn());
    if (lease === undefined) sharedBuffer.endTurn();
    return lease;
  }

  /** `paused`: where the time counts. */
  #beginWaiting(howLong: "briefly" | "long", paused?: PausedTime): number {
    this.connection.pause(howLong);
    this.#isWaiting = true;
    const nowMs = this.context.clock.monotonicMs();
    paused?.begin(this, nowMs);
    return nowMs;
  }

  #endWaiting(sinceMs: number, paused?: PausedTime): void {
    this.lastReadMs = this.context.clock.monotonicMs();
    paused?.end(this, this.lastReadMs);
    this.#isWaiting = false;
    this.#progressMs += this.lastReadMs - sinceMs;
  }
}
