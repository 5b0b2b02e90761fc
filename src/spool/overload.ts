/**
 * What becomes of frames that come in while the journal takes none and memory is
 * all but full. Before that, whatever the policy, they wait in memory.
 *
 * `block` needs nothing of this: a reader that finds no memory stops reading.
 * `drop-oldest` makes room where the room is missing, see drop_oldest.ts.
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
  /** Closes the door to producers, with the reason; opens it again. */
  onShut: (reason: string) => void = () => {};
  onReopen: () => void = () => {};
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
    this.options.log.info("producers are admitted again");
    this.onReopen();
  }

  /** Has what comes in now, or what came in last, to be dropped? */
  get drops(): boolean {
    return this.options.whenFull === "drop-newest" && this.#isFull;
  }

  /** Why the journal takes no frames; undefined while it does. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Frames are dropped instead of taken; `before` is the sequence that the next one will have. */
  drop(frames: number, bytes: number, before: number): void {
    const { ledger, log, clock } = this.options;
    if (this.#dropping === undefined) {
      log.warn("no room in journal and memory, new frames are dropped", { reason: this.#failing, before });
      this.#dropping = { sinceMs: clock.monotonicMs(), before, frames: 0, bytes: 0 };
    }
    this.#dropping.before = Math.min(this.#dropping.before, before);
    this.#dropping.frames += frames;
    this.#dropping.bytes += bytes;
    ledger.drop("full", frames, bytes);
  }

  /** Frames have come in. */
  received(): void {
    this.#shutIfNeeded();
  }

  /** For a stop: says what was dropped and not reported yet. */
  close(): void {
    this.#reportDropped();
  }

  get #isFull(): boolean {
    return this.#failing !== undefined && !this.options.pool.hasHeadroom;
  }

  #shutIfNeeded(): void {
    if (this.options.whenFull !== "disconnect" || this.#shut || !this.#isFull) return;
    this.#shut = true;
    this.options.log.warn("no room in journal and memory, producers are disconnected", { reason: this.#failing });
    this.onShut("no room in journal and memory");
  }

  #reportDropped(): void {
    const dropping = this.#dropping;
    if (dropping === undefined) return;
    this.#dropping = undefined;
    const { frames, bytes, before, sinceMs } = dropping;
    const forMs = Math.round(this.options.clock.monotonicMs() - sinceMs);
    this.options.log.warn("frames were dropped for want of room", { frames, bytes, before, for_ms: forMs });
  }
}
