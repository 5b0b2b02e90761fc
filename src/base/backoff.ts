/** Exponential backoff with jitter between two bounds. */
import type { Random } from "./clock.ts";

export class Backoff {
  #ceilingMs: number;

  constructor(
    private readonly options: { readonly minMs: number; readonly maxMs: number; readonly random: Random },
  ) {
    this.#ceilingMs = options.minMs;
  }

  /** How long to wait before the next attempt, in ms: between half the current step and the whole step, at most `maxMs`. */
  nextMs(): number {
    const { maxMs, random } = this.options;
    const delay = this.#ceilingMs * (0.5 + random() / 2);
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, maxMs);
    return Math.min(delay, maxMs);
  }

  /** Starts over with `minMs`, after an attempt that succeeded. */
  reset(): void {
    this.#ceilingMs = Math.min(this.options.minMs, this.options.maxMs);
  }
}
