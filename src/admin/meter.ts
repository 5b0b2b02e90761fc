/** The rates of a route, and whether its consumer is stalled, from samples of its counters once a second. */
import type { Clock } from "../base/clock.ts";
import type { Ledger } from "../base/ledger.ts";

/** Rates are averages over this time: short enough to follow changes, long enough to be steady. */
const WINDOW_MS = 3000;
/** How often a meter has to take a sample. */
export const SAMPLE_MS = 1000;
/** A consumer that gives no sign of reading for this long, while something is pending, is stalled. */
const STALLED_MS = 3000;
/** A consumer that reads at least this much per second is slow, and not stalled. */
const SLOW_BYTES_PER_SECOND = 10_000;
/**
 * The consumer's kernel opens its window again when about an eighth of it has
 * been read (Linux: a sixteenth of a buffer of twice its size). What its program
 * reads before that cannot be seen on this side; twice that share is waited for.
 */
const WINDOW_SHARE = 1 / 4;
/** This much silence makes a consumer stalled whatever its window, in ms. */
const SLOW_MS_MAX = 60_000;

/** Over a shorter time than this rates mean nothing. */
const LEAST_MS = 100;

interface Sample {
  readonly ms: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  readonly deliveredFrames: number;
  readonly deliveredBytes: number;
}

/** Frames and bytes per second. */
export type Rates = Omit<Sample, "ms">;

export class Meter {
  #samples: Sample[] = [];
  /** When the delivered counter was last seen to have changed, or nothing to be pending, on the monotonic clock. */
  #progressMs: number;
  /** Bytes that the consumer has received and not read, as last seen; undefined if unknown. */
  #queueBytes: number | undefined;
  /** When that was last seen to have changed. */
  #readMs = 0;

  constructor(private readonly ledger: Ledger, private readonly clock: Clock) {
    this.#progressMs = clock.monotonicMs();
    this.sample();
  }

  /** Takes a sample; to be called every {@link SAMPLE_MS}. */
  sample(): void {
    const now = this.#now();
    const last = this.#samples.at(-1);
    if (last?.deliveredFrames !== now.deliveredFrames || this.ledger.pending.frames === 0) this.#progressMs = now.ms;
    this.#samples.push(now);
    while (this.#samples.length > 1 && this.#samples[1].ms <= now.ms - WINDOW_MS) this.#samples.shift();
  }

  /** Undefined until {@link LEAST_MS} have passed. */
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

  /** Notes how many bytes the consumer has received and not read, while it confirms nothing; undefined: unknown. */
  noteQueue(bytes: number | undefined): void {
    const isFirst = this.#queueBytes === undefined || this.#readMs < this.#progressMs;
    const isReading = bytes === 0 || !isFirst && bytes !== this.#queueBytes;
    if (isReading) this.#readMs = this.clock.monotonicMs();
    else if (isFirst) this.#readMs = this.#progressMs;
    this.#queueBytes = bytes;
  }

  /**
   * Is something pending that the consumer does not read? `largestWindow` is the
   * largest window that its kernel has advertised, in bytes, or 0 if unknown:
   * where the queue cannot be seen, reading shows only when that window opens.
   */
  isStalled(largestWindow: number): boolean {
    if (this.idleMs < STALLED_MS) return false;
    const isKnown = this.#queueBytes !== undefined && this.#readMs >= this.#progressMs;
    if (isKnown) return this.clock.monotonicMs() - this.#readMs >= STALLED_MS;
    const slowMs = largestWindow * WINDOW_SHARE / SLOW_BYTES_PER_SECOND * 1000;
    return this.idleMs >= Math.max(STALLED_MS, Math.min(slowMs, SLOW_MS_MAX));
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
