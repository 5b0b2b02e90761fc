/**
 * Decides which connections may hold memory for an unfinished frame.
 *
 * A frame that has begun needs its memory until it is whole, so connections that
 * all begin frames and finish none could take everything. What they hold together
 * is limited: the rest of memory is for whole frames, whatever producers do
 * (relay/memory.ts has the shares). A quarter of the limit is for connections
 * that have completed a frame before.
 *
 * Beyond the limit a connection waits and does not read. What the pool keeps for
 * one frame (`frameBytes`) goes to one waiting connection at a time, so one can
 * always finish. Only whole frames count as progress: while others wait,
 * connections that hold memory and have completed no frame for {@link STUCK_MS}
 * are closed, those that hold most first, as many as the waiting ones need.
 */
import type { Log } from "../base/log.ts";

/** How long an unfinished frame may keep memory that others wait for, in ms. */
export const STUCK_MS = 10_000;

/** Waiting that lasts longer than this, in ms, is logged. */
const LOGGED_MS = 1000;

/** The share of the limit that connections without a completed frame can have. */
const NEW_SHARE = 3 / 4;

/** About a connection that was closed because others waited for its frame's memory. */
export interface StuckFrame {
  readonly bytesHeld: number;
  /** For how long it had completed no frame. */
  readonly stalledMs: number;
  /** How many connections waited for memory. */
  readonly waiting: number;
}

/** A connection that reads frames. */
export interface Holder {
  /** Has it completed a frame? */
  readonly hasCompletedFrame: boolean;
  /** For how long it has completed none, in ms, without the time in which it could not read for want of memory. */
  stalledMs(nowMs: number): number;
  /** It has to stop reading: others wait for its frame's memory. Called once. */
  abandon(why: StuckFrame): void;
}

interface Held {
  readonly bytes: number;
  /** Is it the memory that the pool keeps for one frame? That does not count under the limit. */
  readonly kept: boolean;
}

interface Waiting {
  readonly bytes: number;
  readonly sinceMs: number;
  readonly hasCompletedFrame: boolean;
  /** Does the limit allow now what it waits for? */
  isAllowed(): boolean;
  /** Resolves its `turn`, if there is one. */
  wake(): void;
}

export class UnfinishedFrames {
  readonly #held = new Map<Holder, Held>();
  /** In the order in which they began to wait. */
  readonly #waiting = new Map<Holder, Waiting>();
  /** Those that were abandoned and still hold something. */
  readonly #leaving = new Set<Holder>();
  #completedWaiting = 0;
  /** Bytes held under the limit. */
  #bytes = 0;
  #keptBy: Holder | undefined;
  #isLogged = false;

  /** `maxBytes` is the limit for all connections together. */
  constructor(readonly maxBytes: number, private readonly log: Log) {}

  /** May `holder` have `bytes` bytes for its unfinished frame, instead of what it has now? */
  mayHold(holder: Holder, bytes: number): boolean {
    if (!this.#isNext(holder)) return false;
    const own = this.#held.get(holder);
    const others = this.#bytes - (own === undefined || own.kept ? 0 : own.bytes);
    return others + bytes <= (holder.hasCompletedFrame ? this.maxBytes : this.maxBytes * NEW_SHARE);
  }

  /** May `holder` have what the pool keeps for one frame, if it may not hold more otherwise? */
  mayFinish(holder: Holder): boolean {
    return this.#isNext(holder) && (this.#keptBy === undefined || this.#keptBy === holder);
  }

  /** Is half of the limit taken? */
  get isTight(): boolean {
    return this.#bytes > this.maxBytes / 2;
  }

  /** `holder` has `bytes` bytes for its unfinished frame, 0 if none any more; `kept`: they are what the pool keeps for one. */
  hold(holder: Holder, bytes: number, kept = false): void {
    const before = this.#held.get(holder);
    if (before === undefined && bytes === 0) return;
    if (before !== undefined && !before.kept) this.#bytes -= before.bytes;
    if (this.#keptBy === holder) this.#keptBy = undefined;
    if (bytes === 0) {
      this.#held.delete(holder);
      this.#leaving.delete(holder);
    } else {
      this.#held.set(holder, { bytes, kept });
      if (kept) this.#keptBy = holder;
      else this.#bytes += bytes;
    }
    this.#wakeNext();
  }

  /** `holder` waits for `bytes` bytes at most, until {@link served}. `isAllowed`: does the limit allow them now? */
  wait(holder: Holder, bytes: number, isAllowed: () => boolean, nowMs: number): void {
    const { hasCompletedFrame } = holder;
    this.#waiting.set(holder, { bytes, isAllowed, sinceMs: nowMs, hasCompletedFrame, wake() {} });
    if (hasCompletedFrame) this.#completedWaiting++;
  }

  /** Resolves when it is worth asking again for what `holder` waits for. */
  turn(holder: Holder): Promise<void> {
    const waiting = this.#waiting.get(holder);
    if (waiting === undefined) throw new Error("the turn of a connection that waits for nothing");
    return new Promise((resolve) => waiting.wake = resolve);
  }

  /** Resolves the turn of `holder`, whose connection is at its end. */
  release(holder: Holder): void {
    this.#waiting.get(holder)?.wake();
  }

  /** `holder` does not wait any more: it has its memory, or its connection has ended. */
  served(holder: Holder): void {
    if (this.#waiting.get(holder)?.hasCompletedFrame) this.#completedWaiting--;
    this.#waiting.delete(holder);
    this.#wakeNext();
  }

  /** Called about once a second: while connections wait, abandons those that are stuck. */
  check(nowMs: number): void {
    this.#logWaiting(nowMs);
    this.#wakeNext();
    const stuck = [...this.#held].filter(([holder]) => holder.stalledMs(nowMs) >= STUCK_MS);
    stuck.sort(([, one], [, other]) => other.bytes - one.bytes);
    let wanted = 0;
    for (const { bytes } of this.#waiting.values()) wanted += bytes;
    for (const { bytes } of [...this.#leaving].map((holder) => this.#held.get(holder)!)) wanted -= bytes;
    for (const [holder, { bytes }] of stuck) {
      if (wanted <= 0) return;
      if (this.#leaving.has(holder)) continue;
      wanted -= bytes;
      this.#leaving.add(holder);
      holder.abandon({ bytesHeld: bytes, stalledMs: holder.stalledMs(nowMs), waiting: this.#waiting.size });
    }
  }

  /** Wakes one; when that has taken its memory the next one is woken. */
  #wakeNext(): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.isAllowed()) return waiting.wake();
    }
  }

  /** Connections that have completed a frame come before those that have not. */
  #isNext(holder: Holder): boolean {
    return holder.hasCompletedFrame || this.#completedWaiting === 0;
  }

  /** Logs one line when connections begin to wait, and one when none waits any more. */
  #logWaiting(nowMs: number): void {
    if (this.#waiting.size === 0) {
      if (this.#isLogged) this.log.say("unfinished_frames_ended");
      this.#isLogged = false;
      return;
    }
    if (this.#isLogged || ![...this.#waiting.values()].some(({ sinceMs }) => nowMs - sinceMs >= LOGGED_MS)) return;
    this.#isLogged = true;
    this.log.say("unfinished_frames_wait", {
      waiting: this.#waiting.size,
      held_by: this.#held.size,
      bytes_held: [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0),
      max_bytes: this.maxBytes,
    });
  }
}
