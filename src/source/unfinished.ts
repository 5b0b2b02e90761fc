/**
 * Who may hold memory for an unfinished frame.
 *
 * A frame that has begun needs its memory until it is whole, so connections
 * that all begin frames and finish none could take everything. What they hold
 * together is limited, so that a share of memory is left for whole frames
 * whatever they do (relay/memory.ts says how large); a quarter of what they may
 * hold is for connections that have shown that their frames become whole.
 *
 * Beyond the limit a connection waits, and its kernel with it. What the pool
 * keeps for one frame (`frameBytes`) goes to one of those at a time, so one can
 * always finish. Frames are progress, bytes are not: while others wait, those
 * that hold memory and have completed no frame for {@link STUCK_MS} are closed,
 * whoever holds most first, and as many as it takes for what was asked for.
 */
import type { Log } from "../base/log.ts";

/** An unfinished frame may stand in the way of others this long, in ms. */
export const STUCK_MS = 10_000;

/** Waiting that lasts longer than this, in ms, is worth a line in the log. */
const NOTED_MS = 1000;

/** Of the limit, so much is for connections without a whole frame so far. */
const UNPROVEN_SHARE = 3 / 4;

/** What is said of a connection that was closed because its frame stood in the way. */
export interface StuckFrame {
  readonly bytesHeld: number;
  /** How long it had completed no frame. */
  readonly stalledMs: number;
  /** How many connections waited for memory. */
  readonly waiting: number;
}

/** A connection as seen from here. */
export interface Holder {
  /** Has it completed a frame? */
  readonly proven: boolean;
  /** How long it has completed none, in ms; the time in which we did not read, for want of memory, is left out. */
  stalledMs(nowMs: number): number;
  /** Reads no more: its unfinished frame is in the way. Called once. */
  abandon(why: StuckFrame): void;
}

interface Held {
  readonly bytes: number;
  /** Is it the memory that the pool keeps for one frame, beside the limit? */
  readonly kept: boolean;
}

interface Waiting {
  readonly bytes: number;
  readonly sinceMs: number;
  readonly proven: boolean;
  /** Could it have now what it waits for, as far as this limit goes? */
  may(): boolean;
  /** Resolves `turn`, where it has been asked for. */
  wake(): void;
}

export class UnfinishedFrames {
  readonly #held = new Map<Holder, Held>();
  /** In the order in which they began to wait. */
  readonly #waiting = new Map<Holder, Waiting>();
  /** Abandoned, and still holding something. */
  readonly #leaving = new Set<Holder>();
  #provenWaiting = 0;
  /** What is held under the limit. */
  #bytes = 0;
  #keptBy: Holder | undefined;
  #noted = false;

  /** `maxBytes` is the limit for all connections together. */
  constructor(readonly maxBytes: number, private readonly log: Log) {}

  /** May `holder` have `bytes` for its unfinished frame, instead of what it has now? */
  mayHold(holder: Holder, bytes: number): boolean {
    if (!this.#isNext(holder)) return false;
    const own = this.#held.get(holder);
    const others = this.#bytes - (own === undefined || own.kept ? 0 : own.bytes);
    return others + bytes <= (holder.proven ? this.maxBytes : this.maxBytes * UNPROVEN_SHARE);
  }

  /** May it have what the pool keeps for one frame, where it may not hold more otherwise? */
  mayFinish(holder: Holder): boolean {
    return this.#isNext(holder) && (this.#keptBy === undefined || this.#keptBy === holder);
  }

  /** Is half of the limit taken? Then whoever is new gets all that its frame can need at once, or waits for that. */
  get tight(): boolean {
    return this.#bytes > this.maxBytes / 2;
  }

  /** `holder` has `bytes` for its unfinished frame, `kept` if those that the pool keeps for one; 0: nothing any more. */
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

  /** `holder` waits for `bytes` at most, until {@link served}; `may` says whether it could have now what it waits for. */
  wait(holder: Holder, bytes: number, may: () => boolean, nowMs: number): void {
    const { proven } = holder;
    this.#waiting.set(holder, { bytes, may, sinceMs: nowMs, proven, wake() {} });
    if (proven) this.#provenWaiting++;
  }

  /** Resolves when it is worth asking again for what `holder` waits for. */
  turn(holder: Holder): Promise<void> {
    const waiting = this.#waiting.get(holder);
    if (waiting === undefined) throw new Error("the turn of a connection that waits for nothing");
    return new Promise((resolve) => waiting.wake = resolve);
  }

  /** Its turn has come whatever the others do: its connection is at its end. */
  release(holder: Holder): void {
    this.#waiting.get(holder)?.wake();
  }

  /** It waits no more: it has its memory, or its connection has ended. */
  served(holder: Holder): void {
    if (this.#waiting.get(holder)?.proven) this.#provenWaiting--;
    this.#waiting.delete(holder);
    this.#wakeNext();
  }

  /** Called about once a second: where connections wait, closes those that are stuck. */
  check(nowMs: number): void {
    this.#note(nowMs);
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

  /** One at a time: whoever has taken what it waited for makes way for the next. */
  #wakeNext(): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.may()) return waiting.wake();
    }
  }

  /** Whoever has completed frames comes before those who have not. */
  #isNext(holder: Holder): boolean {
    return holder.proven || this.#provenWaiting === 0;
  }

  /** One line when connections begin to wait, and one when none does any more. */
  #note(nowMs: number): void {
    if (this.#waiting.size === 0) {
      if (this.#noted) this.log.info("no connection waits for memory for its unfinished frame any more");
      this.#noted = false;
      return;
    }
    if (this.#noted || ![...this.#waiting.values()].some(({ sinceMs }) => nowMs - sinceMs >= NOTED_MS)) return;
    this.#noted = true;
    this.log.warn("unfinished frames hold all the memory that they may, connections wait for it", {
      waiting: this.#waiting.size,
      held_by: this.#held.size,
      bytes_held: [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0),
      max_bytes: this.maxBytes,
    });
  }
}
