/** Time and chance as the journal, the spool and the target see them, so that tests can supply both. */
export interface Clock {
  /** Milliseconds on a clock that never steps; for ages, rates and timeouts. */
  monotonicMs(): number;
  /** Wall-clock time in µs since 1970; data only, it may step either way. */
  wallUs(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number;

/** `count` bytes that nobody can foresee. */
export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The time of this machine. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  async sleep(ms, signal) {
    for (let left = ms; !signal?.aborted; left -= TIMER_MS_MAX) {
      await timer(Math.min(left, TIMER_MS_MAX), signal);
      if (left <= TIMER_MS_MAX) return;
    }
  },
};

/** Timers of JavaScript take 31 bits; a longer one fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(id);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const id = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
