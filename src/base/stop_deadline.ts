/**
 * The one deadline of a clean stop. It is made when the stop begins and handed
 * down, so that the waits of all steps share one span of time instead of adding
 * up. Two kinds of wait end with it: those for others (producers, consumers),
 * which a second signal ends at once, and those for our own disk, which it does not.
 */
import type { Clock } from "./clock.ts";

/** From the signal until everything is closed. With the log's last lines and the end of the process it makes 5 s. */
export const STOP_MS = 4000;

/** How much of {@link STOP_MS} is left when a step has to be over, in ms. */
export const RESERVE_MS = {
  /** What is in flight to the consumer is waited for until then. */
  inFlight: 1700,
  /** The consumer's connection is settled. */
  target: 1300,
  /** What was appended is synced. */
  sync: 400,
  /** The cursor is written and synced; then come the locks. */
  cursor: 100,
} as const;

/** How long single steps of a stop wait for others at most, in ms; a second signal ends these waits. */
export const STOP_WAIT_MS = {
  /** For frames that are just being given up. */
  expiry: 500,
  /** For replies that are owed to a producer, before our end of stream is sent to it. */
  replies: 500,
  /** For producers all in all: their replies and their end of stream. */
  producers: 1000,
} as const;

export class StopDeadline {
  readonly #endMs: number;
  readonly #hurried = new AbortController();

  constructor(private readonly clock: Clock, ms = STOP_MS) {
    this.#endMs = clock.monotonicMs() + ms;
  }

  /** How long until `reserveMs` before the end; 0 once that has passed. */
  leftMs(reserveMs = 0): number {
    return Math.max(0, this.#endMs - reserveMs - this.clock.monotonicMs());
  }

  /** Nobody waits for others any longer. */
  hurry(): void {
    this.#hurried.abort();
  }

  /** Aborted by {@link hurry}. */
  get hurried(): AbortSignal {
    return this.#hurried.signal;
  }

  /**
   * Waits for others: until `work` is done, at most `ms`, and no longer once it
   * hurries. Resolves with whether it is done; rejects as `work` does in time.
   */
  waitFor(work: Promise<unknown>, ms: number): Promise<boolean> {
    return within(this.clock, work, ms, this.hurried);
  }

  /** Waits for our own work, until `reserveMs` before the end. As {@link waitFor} otherwise. */
  inTime(work: Promise<unknown>, reserveMs = 0): Promise<boolean> {
    return within(this.clock, work, this.leftMs(reserveMs));
  }
}

/** Resolves with whether `work` is done within `ms`, and before `signal` is aborted; rejects as it does by then. */
export async function within(
  clock: Clock,
  work: Promise<unknown>,
  ms: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const end = () => over.abort();
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  try {
    return await Promise.race([work.then(() => true), clock.sleep(ms, over.signal).then(() => false)]);
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}
