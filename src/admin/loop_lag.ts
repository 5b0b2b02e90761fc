/** How late the event loop is: what everything that this process does has to wait for. */
import type { Clock } from "../base/clock.ts";

/** How often it is measured, in ms. */
const MEASURE_MS = 250;

/** The largest of this many measurements is reported: 5 s. */
const KEPT = 20;

export class LoopLag {
  /** In ms; the newest one takes the place of the oldest. */
  readonly #lateMs = new Float64Array(KEPT);
  #next = 0;
  #dueMs = Infinity;

  constructor(private readonly clock: Clock) {}

  /** The longest that a timer was late in the last seconds, in seconds to the ms. A timer that is still due counts. */
  get seconds(): number {
    const overdueMs = this.clock.monotonicMs() - this.#dueMs;
    return Math.round(Math.max(0, overdueMs, ...this.#lateMs)) / 1000;
  }

  /** Measures until `signal` is aborted. Never rejects. */
  async measure(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#dueMs = this.clock.monotonicMs() + MEASURE_MS;
      await this.clock.sleep(MEASURE_MS, signal);
      this.#lateMs[this.#next] = this.clock.monotonicMs() - this.#dueMs;
      this.#next = (this.#next + 1) % KEPT;
    }
  }
}
