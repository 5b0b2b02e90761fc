/** Time that passes only while nothing else is left to do: hours in milliseconds, and the same in every run. */
import { setImmediate } from "node:timers";
import type { Clock } from "../../src/base/clock.ts";

/** Where something ticks for ever, time alone would never end a wait for something else. */
const RUN_MS_MAX = 3600 * 1000;

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  nowMs = 0;
  /** How much later than asked every sleep ends, as timers do. */
  lateMs = 0;
  #sleepers: Sleeper[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallUs(): number {
    return 1_700_000_000_000_000 + this.nowMs * 1000;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { untilMs: this.nowMs + Math.max(0, ms) + this.lateMs, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        resolve();
      }, { once: true });
    });
  }

  /**
   * Lets time pass until `work` is settled, an hour at most; everything else that
   * happens may wait for nothing but this clock and its turn.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    work.then(() => over = true, () => over = true);
    const beginMs = this.nowMs;
    for (await turns(); !over; await turns()) {
      this.#wakeNext();
      if (this.nowMs - beginMs > RUN_MS_MAX) throw new Error("not over after an hour");
    }
    return await work;
  }

  /** Lets everything happen that is due within the next `ms`. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (await turns(); this.#next() !== undefined && this.#next()!.untilMs <= endMs; await turns()) this.#wakeNext();
    this.nowMs = endMs;
  }

  #next(): Sleeper | undefined {
    return this.#sleepers.reduce<Sleeper | undefined>(
      (a, b) => a === undefined || b.untilMs < a.untilMs ? b : a,
      undefined,
    );
  }

  #wakeNext(): void {
    const next = this.#next();
    if (next === undefined) throw new Error(`nothing is left to wait for at ${this.nowMs} ms`);
    this.#sleepers = this.#sleepers.filter((each) => each !== next);
    this.nowMs = Math.max(this.nowMs, next.untilMs);
    next.wake();
  }
}

/** Everything has run that waits for nothing but its turn. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
