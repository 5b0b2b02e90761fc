/**
 * `target.rate`: how many bytes may be written now, of the backlog and of new
 * frames alike. A token bucket that holds a tenth of a second's bytes, and grants
 * a fiftieth of a second's at a time so that they arrive evenly.
 */
import type { Clock } from "../base/clock.ts";

const BUCKET_SECONDS = 0.1;
const SLICE_SECONDS = 0.02;

export class Rate {
  readonly #bytesPerMs: number;
  readonly #bucketBytes: number;
  readonly #sliceBytes: number;
  #tokens = 0;
  #filledMs: number;

  /** `bytesPerSecond` above 0. */
  constructor(private readonly clock: Clock, bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#bucketBytes = Math.max(1, bytesPerSecond * BUCKET_SECONDS);
    this.#sliceBytes = Math.max(1, Math.floor(bytesPerSecond * SLICE_SECONDS));
    this.#filledMs = clock.monotonicMs();
  }

  /**
   * Waits until some of `wanted` bytes may be written; returns how many. The
   * caller gives back what it does not write.
   */
  async take(wanted: number, signal: AbortSignal): Promise<number> {
    const slice = Math.min(wanted, this.#sliceBytes);
    for (this.#fill(); this.#tokens < slice && !signal.aborted; this.#fill()) {
      await this.clock.sleep(Math.ceil((slice - this.#tokens) / this.#bytesPerMs), signal);
    }
    const granted = Math.min(wanted, Math.max(slice, Math.floor(this.#tokens)));
    this.#tokens -= granted;
    return granted;
  }

  giveBack(bytes: number): void {
    this.#tokens += bytes;
  }

  #fill(): void {
    const nowMs = this.clock.monotonicMs();
    this.#tokens = Math.min(this.#bucketBytes, this.#tokens + (nowMs - this.#filledMs) * this.#bytesPerMs);
    this.#filledMs = nowMs;
  }
}
