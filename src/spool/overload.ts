/**
 * What becomes of frames that come in while appends fail and memory is nearly
 * full. Before that they wait in memory, whatever the policy.
 *
 * `block` needs nothing of this: a reader that finds no memory stops reading.
 * `drop-oldest` makes room in the journal instead, see drop_oldest.ts.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";

export type WhenFull = "block" | "drop-oldest" | "drop-newest" | "disconnect";

export interface OverloadOptions {
  readonly whenFull: WhenFull;
  readonly pool: BufferPool;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock: Clock;
  readonly listener: OverloadListener;
}

export interface OverloadListener {
  /** Memory and journal have no room: producers are to be disconnected, for this reason. */
  shut(reason: string): void;
  /** Producers may connect again. */
  reopen(): void;
}

/** What `drop-newest` has dropped since it began to. */
interface Dropping {
  readonly sinceMs: number;
  /** Sequence of the next frame that will be taken: the dropped ones would have come before it. */
  before: number;
  frames: number;
  bytes: number;
}

export class Overload {
  #failing: string | undefined;
  #shut = false;
  #dropping: Dropping | undefined;

  constructor(private readonly options: OverloadOptions) {}

  /** An append has failed. */
  failed(reason: string): void {
    this.#failing = reason;
    this.#shutIfNeeded();
  }

  /** The journal takes frames again. */
  recovered(): void {
    this.#failing = undefined;
    this.#reportDropped();
    if (!this.#shut) return;
    this.#shut = false;
    this.options.log.say("producers_let_in");
    this.options.listener.reopen();
  }

  /** Are the newest frames to be dropped: those that come in now, and those that came in last? */
  get dropsNewest(): boolean {
    return this.options.whenFull === "drop-newest" && this.#isFull;
  }

  /** Why the journal takes no frames; undefined while it does. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Counts frames that are dropped instead of taken; `before` is the sequence that the next one will have. */
  drop(frames: number, bytes: number, before: number): void {
    const { ledger, log, clock } = this.options;
    if (this.#dropping === undefined) {
      log.say("newest_dropped_began", { reason: this.#failing, before });
      this.#dropping = { sinceMs: clock.monotonicMs(), before, frames: 0, bytes: 0 };
    }
    this.#dropping.before = Math.min(this.#dropping.before, before);
    this.#dropping.frames += frames;
    this.#dropping.bytes += bytes;
    ledger.drop("full", frames, bytes);
  }

  /** Frames have come in: they may be what fills memory. */
  received(): void {
    this.#shutIfNeeded();
  }

  /** At a stop: logs what was dropped and is not logged yet. */
  close(): void {
    this.#reportDropped();
  }

  get #isFull(): boolean {
    return this.#failing !== undefined && !this.options.pool.hasHeadroom;
  }

  #shutIfNeeded(): void {
    if (this.options.whenFull !== "disconnect" || this.#shut || !this.#isFull) return;
    this.#shut = true;
    this.options.log.say("producers_shut_out", { reason: this.#failing });
    this.options.listener.shut("no room in journal and memory");
  }

  #reportDropped(): void {
    const dropping = this.#dropping;
    if (dropping === undefined) return;
    this.#dropping = undefined;
    const { frames, bytes, before, sinceMs } = dropping;
    const forMs = Math.round(this.options.clock.monotonicMs() - sinceMs);
    this.options.log.say("newest_dropped", { frames, bytes, before, for_ms: forMs });
  }
}
