/** The rates of a route: its counters are looked at once a second, and the last few looks are kept. */
import type { Clock } from "../base/clock.ts";
import type { Ledger } from "../base/ledger.ts";

/** Rates are over this time: short enough to follow, long enough to be read. */
const WINDOW_MS = 3000;
/** How often a meter has to look. */
export const SAMPLE_MS = 1000;
/** Less says nothing. */
const LEAST_MS = 100;

interface Sample {
  readonly ms: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  readonly deliveredFrames: number;
  readonly deliveredBytes: number;
}

/** Frames and bytes a second. */
export type Rates = Omit<Sample, "ms">;

export class Meter {
  #samples: Sample[] = [];
  /** When the delivered counter was last seen to have changed, or nothing to be pending, on the monotonic clock. */
  #progressMs: number;

  constructor(private readonly ledger: Ledger, private readonly clock: Clock) {
    this.#progressMs = clock.monotonicMs();
    this.sample();
  }

  /** To be called every {@link SAMPLE_MS}. */
  sample(): void {
    const now = this.#now();
    const last = this.#samples.at(-1);
    if (last?.deliveredFrames !== now.deliveredFrames || this.ledger.pending.frames === 0) this.#progressMs = now.ms;
    this.#samples.push(now);
    while (this.#samples.length > 1 && this.#samples[1].ms <= now.ms - WINDOW_MS) this.#samples.shift();
  }

  /** Undefined in the first moments. */
  rates(): Rates | undefined {
    const now = this.#now();
    const then = this.#samples[0];
    const elapsed = (now.ms - then.ms) / 1000;
    if (elapsed * 1000 < LEAST_MS) return undefined;
    return {
      receivedFrames: (now.receivedFrames - then.receivedFrames) / elapsed,
      receivedBytes: (now.receivedBytes - then.receivedBytes) / elapsed,
      deliveredFrames: (now.deliveredFrames - then.deliveredFrames) / elapsed,
      deliveredBytes: (now.deliveredBytes - then.deliveredBytes) / elapsed,
    };
  }

  /** How long something has been pending and nothing was delivered, in ms. */
  get idleMs(): number {
    const last = this.#samples.at(-1)!;
    if (this.ledger.delivered.frames !== last.deliveredFrames || this.ledger.pending.frames === 0) return 0;
    return this.clock.monotonicMs() - this.#progressMs;
  }

  #now(): Sample {
    const { received, delivered } = this.ledger;
    return {
      ms: this.clock.monotonicMs(),
      receivedFrames: received.frames,
      receivedBytes: received.bytes,
      deliveredFrames: delivered.frames,
      deliveredBytes: delivered.bytes,
    };
  }
}
