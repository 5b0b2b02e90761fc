/**
 * The drain-until-empty reader of one connection.
 *
 * It reads as long as there is something to read and memory to put it in, and
 * never waits for disk or target. Whole frames are handed on where they lie in
 * a large buffer; those of a quiet connection are copied side by side with
 * others', which costs a copy for each read, not for each frame.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { messageOf } from "../base/error.ts";
import { passOver } from "../framing/between.ts";
import type { Framer } from "../framing/framing.ts";
import type { Connection } from "../runtime/net.ts";
import { cutRun } from "./cut.ts";
import type { MemoryQueue } from "./memory_queue.ts";
import type { PausedTime } from "./paused_time.ts";
import { ReadSpace, type SpaceContext } from "./read_space.ts";
import type { IntakeBound, Sink } from "./sink.ts";
import type { Holder, StuckFrame } from "./unfinished.ts";

/** What the readers of one route share. */
export interface DrainContext extends Omit<SpaceContext, "whenMemory" | "maxFrame"> {
  readonly framer: Framer;
  readonly sink: Pick<Sink, "push">;
  readonly bound: IntakeBound;
  readonly memory: MemoryQueue;
  /** Runs hold at most this many bytes, or one larger frame. */
  readonly recordBytes: number;
  readonly paused: PausedTime;
  /** Bytes that stand between two frames, and are part of none, were passed over. */
  passedOver(bytes: Uint8Array): void;
}

/** Bytes that were read and never became a frame: how many, and the first of them. The rest is not kept. */
export interface Leftover {
  readonly bytes: number;
  readonly head: Uint8Array;
}

/** Of bytes that are no frame, so many are kept to be shown. */
export const HEAD_BYTES = 64;

/** How the reading of a connection ended. */
export interface DrainEnd {
  /**
   * `eof`: by the peer's FIN. `fault`: by bytes that are no frame. `stuck`: see
   * UnfinishedFrames. `dismissed`: by {@link DrainReader.dismiss}. `lost`: any failure.
   */
  readonly reason: "eof" | "fault" | "stuck" | "dismissed" | "lost";
  readonly leftover: Leftover;
  /** For `fault`, what was found and expected; for `lost`, the error. */
  readonly detail?: string;
  /** For `stuck`. */
  readonly stuck?: StuckFrame;
}

type End = Omit<DrainEnd, "leftover">;

export class DrainReader implements Holder {
  /** When bytes last arrived, on the monotonic clock. */
  lastReadMs: number;
  proven = false;
  /** Bytes that the last read still brought after the dismissal; known once `quiet` has resolved. */
  lateBytes = 0;
  /** Resolves when nothing is read into memory any more, and all of it is given back; there once `run` has resolved. */
  quiet: Promise<void> = Promise.resolve();
  readonly #space: ReadSpace;
  readonly #left = Promise.withResolvers<End>();
  /** A read is under way, which cannot be taken back. */
  #reading = false;
  /** Nothing more is to be read. */
  #ending = false;
  #waiting = false;
  /** Why no more is read, though the connection has not ended. */
  #dismissal: End | undefined;
  /** When the unfinished frame began, or the last one was completed; moved on by the time spent waiting for memory. */
  #progressMs: number;

  /** `small` is this connection's own buffer; the reader releases it at the end. */
  constructor(
    private readonly connection: Connection,
    private readonly context: DrainContext,
    small: PooledBuffer,
  ) {
    this.lastReadMs = this.#progressMs = context.clock.monotonicMs();
    const { pool, open, unfinished, framer, clock } = context;
    const whenMemory = this.#whenMemory.bind(this);
    this.#space = new ReadSpace(small, this, { pool, open, unfinished, clock, maxFrame: framer.maxFrame, whenMemory });
  }

  /** Reads until the connection ends, or is to be read no more. Never rejects. */
  async run(): Promise<DrainEnd> {
    const space = this.#space;
    const drained = this.#drainToEnd();
    const end = await Promise.race([drained, this.#left.promise]);
    const leftover = leftoverOf(space);
    this.quiet = drained.then(() => this.#giveBack());
    return { ...end, leftover };
  }

  get waitsForMemory(): boolean {
    return this.#waiting;
  }

  stalledMs(nowMs: number): number {
    return this.#waiting ? 0 : nowMs - this.#progressMs;
  }

  abandon(why: StuckFrame): void {
    this.#leave({ reason: "stuck", stuck: why });
  }

  /** Reads no more, and leaves the connection open. What has been read and is whole is still handed on. */
  dismiss(): void {
    this.#leave({ reason: "dismissed" });
  }

  /** Closes the connection. What has been read and is whole is still handed on. */
  close(): void {
    this.#end();
    this.connection.close();
  }

  /** Where it is not reading just now, the end comes once all that was read is handed on. */
  #leave(end: End): void {
    this.#dismissal = end;
    this.#end();
    if (this.#reading) this.#left.resolve(end);
  }

  #end(): void {
    this.#ending = true;
    this.context.memory.release(this);
    this.context.unfinished.release(this);
  }

  async #drainToEnd(): Promise<End> {
    try {
      return await this.#drain();
    } catch (error) {
      return this.#dismissal ?? { reason: "lost", detail: messageOf(error) };
    }
  }

  async #drain(): Promise<End> {
    const space = this.#space;
    while (this.#dismissal === undefined) {
      if (!this.#mayRead()) {
        await this.#whenCovered();
        continue;
      }
      const emptiedBelow = space.emptiedBelow;
      this.#reading = true;
      const count = await this.connection.read(space.free);
      this.#reading = false;
      // What comes after the dismissal is dropped, as all that follows it.
      if (this.#dismissal !== undefined) {
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
    return this.#dismissal;
  }

  /** Says what the next read may fill, beside what is held already. May it begin? */
  #mayRead(): boolean {
    return this.context.bound.hold(this, this.#space.reach, this.connection.readAheadBytes);
  }

  async #whenCovered(): Promise<void> {
    const sinceMs = this.#beginWaiting();
    await this.context.bound.covered();
    this.#endWaiting(sinceMs);
  }

  #giveBack(): void {
    this.#space.close();
    this.context.bound.release(this);
  }

  /** Hands all whole frames on. Says what is known of the unfinished one after them. */
  async #handOn(): Promise<{ needed: number; fault: string | undefined }> {
    const { framer, clock, recordBytes } = this.context;
    const space = this.#space;
    const arrivedUs = clock.wallUs();
    for (;;) {
      const { start } = space;
      const scan = cutRun(framer, space.buffer.bytes, start, space.scanned, space.fill, recordBytes);
      if (scan.frames > 0) {
        this.proven = true;
        this.#progressMs = this.lastReadMs;
        space.start = space.scanned = scan.end;
        if (space.transient) await this.#pushCopy(start, scan.end, scan.frames, arrivedUs);
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

  /** Goes on after what stands between two frames; false if a frame would have to begin here. */
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
    const { open, sink } = this.context;
    const bytes = this.#space.buffer.bytes.subarray(start, end);
    // Pushed in the same turn as it is copied, or another connection's frames could come between.
    const push = (must = false) => {
      const copy = open.append(bytes, must);
      if (copy !== undefined) sink.push(copy.buffer, copy.start, copy.start + bytes.length, frames, arrivedUs);
      return copy;
    };
    if (push() === undefined) await this.#whenMemory(push, undefined, undefined, () => push(true));
  }

  /** Stops reading until `take` succeeds; the time counts as paused. When the connection ends: `last`, or no more. */
  async #whenMemory<T>(
    take: () => T | undefined,
    may: () => boolean = () => true,
    turn: () => Promise<void> = () => Promise.resolve(),
    last: () => T | undefined = () => undefined,
  ): Promise<T | undefined> {
    const { memory } = this.context;
    const sinceMs = this.#beginWaiting();
    try {
      while (!this.#ending) {
        if (!may()) await turn();
        const taken = this.#ending ? undefined : await memory.wait(this, take, may);
        if (taken !== undefined) return taken;
      }
      return last();
    } finally {
      this.#endWaiting(sinceMs);
    }
  }

  #beginWaiting(): number {
    this.connection.pause();
    this.#waiting = true;
    const nowMs = this.context.clock.monotonicMs();
    this.context.paused.begin(this, nowMs);
    return nowMs;
  }

  #endWaiting(sinceMs: number): void {
    this.lastReadMs = this.context.clock.monotonicMs();
    this.context.paused.end(this, this.lastReadMs);
    this.#waiting = false;
    this.#progressMs += this.lastReadMs - sinceMs;
  }
}

function leftoverOf({ buffer, start, fill }: ReadSpace): Leftover {
  return { bytes: fill - start, head: buffer.bytes.slice(start, Math.min(fill, start + HEAD_BYTES)) };
}
