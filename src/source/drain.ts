/**
 * The drain-until-empty reader of one connection.
 *
 * It reads as long as there is something to read and memory to put it in, and
 * never waits for disk or target. Whole frames are handed on where they lie in
 * a large buffer; those of a quiet connection are copied side by side with
 * others', which costs a copy for each read, not for each frame.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Framer } from "../framing/framing.ts";
import type { Connection } from "../runtime/net.ts";
import { cutRun } from "./cut.ts";
import { ReadSpace, type SpaceContext } from "./read_space.ts";
import type { IntakeBound, Sink } from "./sink.ts";
import type { Holder } from "./unfinished.ts";

/** What the readers of one route share. */
export interface DrainContext extends Omit<SpaceContext, "whenMemory" | "maxFrame"> {
  readonly framer: Framer;
  readonly sink: Pick<Sink, "push">;
  readonly bound: IntakeBound;
  readonly clock: Clock;
  /** Runs hold at most this many bytes, or one larger frame. */
  readonly recordBytes: number;
  /** Reading was stopped for want of memory, this long, in ms. */
  paused(ms: number): void;
}

/** How a connection ended. */
export interface DrainEnd {
  /** `eof`: by the peer's FIN. `fault`: by bytes that are no frame. `stuck`: see UnfinishedFrames. `lost`: any failure. */
  readonly reason: "eof" | "fault" | "stuck" | "lost";
  /** Bytes that were read and never became a frame. */
  readonly leftover: Uint8Array;
  /** For `fault`, what was found and expected; for `lost`, the error. */
  readonly detail?: string;
}

/**
 * With little memory free, a reader that waited lets this much time pass before
 * it takes some. One that takes each buffer as it comes back keeps the kernel's
 * queue full, and closes the window after every read; this way it empties the
 * queue in one go and the window closes once, if at all.
 */
const GATHER_MS = 6;

export class DrainReader implements Holder {
  lastReadMs: number;
  readonly #space: ReadSpace;
  #ending = false;
  #abandoned = false;
  #waiting = false;
  /** What the bound knows of us. */
  #held = 0;

  /** `small` is this connection's own buffer; the reader releases it at the end. */
  constructor(
    private readonly connection: Connection,
    private readonly context: DrainContext,
    small: PooledBuffer,
  ) {
    this.lastReadMs = context.clock.monotonicMs();
    const { pool, open, unfinished, framer } = context;
    const whenMemory = this.#whenMemory.bind(this);
    this.#space = new ReadSpace(small, this, { pool, open, unfinished, maxFrame: framer.maxFrame, whenMemory });
  }

  /** Reads until the connection ends. Never rejects. */
  async run(): Promise<DrainEnd> {
    let end: Omit<DrainEnd, "leftover">;
    try {
      end = await this.#drain();
    } catch (error) {
      end = { reason: "lost", detail: messageOf(error) };
    }
    if (this.#abandoned) end = { reason: "stuck" };
    const space = this.#space;
    const leftover = space.buffer.bytes.slice(space.start, space.fill);
    space.close();
    this.#hold(0);
    return { ...end, leftover };
  }

  get waitsForMemory(): boolean {
    return this.#waiting;
  }

  abandon(): void {
    this.#abandoned = true;
    this.close();
  }

  /** Closes the connection. What has been read and is whole is still handed on. */
  close(): void {
    this.#ending = true;
    this.context.pool.nudge();
    this.connection.close();
  }

  async #drain(): Promise<Omit<DrainEnd, "leftover">> {
    const space = this.#space;
    for (;;) {
      if (!this.#hold(space.reach + this.connection.readAheadBytes)) await this.#whenCovered();
      const emptiedBelow = space.emptiedBelow;
      const count = await this.connection.read(space.free);
      if (count === null) return { reason: "eof" };
      space.fill += count;
      this.lastReadMs = this.context.clock.monotonicMs();
      const { needed, fault } = await this.#handOn();
      if (fault !== undefined) return { reason: "fault", detail: fault };
      await space.prepare(count < emptiedBelow, needed);
    }
  }

  /** Says what we hold from now on, or may fill with the next read. May we read? */
  #hold(bytes: number): boolean {
    const more = bytes - this.#held;
    this.#held = bytes;
    return this.context.bound.hold(more);
  }

  async #whenCovered(): Promise<void> {
    const { clock, paused, bound } = this.context;
    const sinceMs = clock.monotonicMs();
    this.connection.pause();
    await bound.covered();
    paused(clock.monotonicMs() - sinceMs);
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
        space.start = space.scanned = scan.end;
        if (space.transient) await this.#pushCopy(start, scan.end, scan.frames, arrivedUs);
        else this.context.sink.push(space.buffer, start, scan.end, scan.frames, arrivedUs);
      }
      if (scan.fault !== undefined) return { needed: 0, fault: scan.fault };
      if (scan.frames === 0 || scan.end === space.fill) {
        space.scanned = space.fill;
        return { needed: scan.needed, fault: undefined };
      }
    }
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
    if (push() === undefined) await this.#whenMemory(push, () => push(true));
  }

  /** Stops reading until `take` succeeds; the time counts as paused. When the connection ends: `last`, or no more. */
  async #whenMemory<T>(take: () => T | undefined, last?: () => T | undefined): Promise<T | undefined> {
    this.#waiting = true;
    try {
      return await this.#retry(take, last);
    } finally {
      this.#waiting = false;
      this.lastReadMs = this.context.clock.monotonicMs();
    }
  }

  async #retry<T>(take: () => T | undefined, last?: () => T | undefined): Promise<T | undefined> {
    const { clock, paused, pool } = this.context;
    this.connection.pause();
    for (let sinceMs = clock.monotonicMs();;) {
      if (!this.#ending) await pool.freed();
      if (!this.#ending && !pool.roomy) await clock.sleep(GATHER_MS);
      const nowMs = clock.monotonicMs();
      paused(nowMs - sinceMs);
      sinceMs = nowMs;
      if (this.#ending) return last?.();
      const taken = take();
      if (taken !== undefined) return taken;
    }
  }
}
