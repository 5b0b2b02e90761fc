/** What the other parts of a journal ask of its housekeeping between two passes. */
import type { Clock } from "../../../base/clock.ts";

export class HousekeepingRequests {
  #isPassDue = false;
  #needsSpace = false;
  /** Aborted when a pass is due or housekeeping ends. */
  #waiting = new AbortController();
  #closed = false;

  /** Is there a reason for the next pass? */
  get isPassDue(): boolean {
    return this.#isPassDue;
  }

  /** Segments or the cursor have changed, or a pass has failed. */
  requestPass(): void {
    this.#isPassDue = true;
    this.#waiting.abort();
  }

  /** An append found no room: the next pass frees some. */
  requestSpace(): void {
    this.#needsSpace = true;
    this.requestPass();
  }

  /** A pass begins, which does what was asked so far. True if an append found no room. */
  take(): { readonly needsSpace: boolean } {
    const needsSpace = this.#needsSpace;
    this.#isPassDue = this.#needsSpace = false;
    return { needsSpace };
  }

  /** Until a pass is due, `untilMs` (on the monotonic clock; undefined: no such time) is over, or `close` is called. */
  async wait(clock: Clock, untilMs: number | undefined): Promise<void> {
    if (this.#isPassDue || this.#closed) return;
    const { signal } = this.#waiting = new AbortController();
    if (untilMs !== undefined) return await clock.sleep(Math.max(0, untilMs - clock.monotonicMs()), signal);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  /** Ends a `wait`, now and later. */
  close(): void {
    this.#closed = true;
    this.#waiting.abort();
  }
}
