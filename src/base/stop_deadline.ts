/**
 * The one deadline of a clean stop. It is made when the stop begins and handed
 * down, so that the waits of all steps share one span of time instead of adding
 * up. Two kinds of wait end with it: for producers and consumers, which a second
 * signal ends at once, and for the disk, which a second signal does not end.
 */
import type { Clock } from "./clock.ts";

/** From the signal until everything is closed, in ms. With the last log lines and the end of the process it is 5 s. */
export const STOP_MS = 4000;

/** How much of {@link STOP_MS} is left when a step has to be over, in ms. */
export const RESERVE_MS = {
  /** The wait for confirmations of what is in flight ends. */
  inFlight: 1700,
  /** The consumer's connection is closed and its frames are accounted for. */
  target: 1300,
  /** The appended frames are synced. */
  sync: 400,
  /** The cursor is written and synced; after it the locks are released. */
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

  /** Ends the waits for others: {@link waitFor} resolves at once. */
  hurry(): void {
    this.#hurried.abort();
  }

  /** Aborted by {@link hurry}. */
  get hurried(): AbortSignal {
    return this.#hurried.signal;
  }

  /**
   * Waits for producers or consumers: until `work` is done, `ms` have passed, or
   * {@link hurry} is called. Resolves with whether it is done; rejects if `work` rejects by then.
   */
  waitFor(work: Promise<unknown>, ms: number): Promise<boolean> {
    return within(this.clock, work, ms, this.hurried);
  }

  /** Waits for the disk, until `reserveMs` before the end. As {@link waitFor} otherwise. */
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
