/** Time and randomness behind small interfaces, so that tests can supply both. */
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

/** `count` random bytes that cannot be predicted. */
export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The time of this machine. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallUs: wallClock(() => Date.now(), () => performance.now()),
  async sleep(ms, signal) {
    for (let left = ms; !signal?.aborted; left -= TIMER_MS_MAX) {
      await timer(Math.min(left, TIMER_MS_MAX), signal);
      if (left <= TIMER_MS_MAX) return;
    }
  },
};

/**
 * A clock in µs since 1970. `wallMs` is read at every call, so that steps and
 * slow corrections of the machine's clock count at once; it has whole
 * milliseconds, and `monotonicMs` gives the µs within them.
 */
export function wallClock(wallMs: () => number, monotonicMs: () => number): () => number {
  let offsetMs = NaN;
  return () => {
    const [wall, monotonic] = [wallMs(), monotonicMs()];
    const fraction = offsetMs + monotonic - wall;
    if (!(fraction >= 0)) offsetMs = wall - monotonic;
    else if (fraction >= 1) offsetMs = wall + LAST_OF_MS - monotonic;
    return Math.min(wall * 1000 + 999, Math.max(wall * 1000, Math.floor((offsetMs + monotonic) * 1000)));
  };
}

/** The last µs of a millisecond, in ms. */
const LAST_OF_MS = 0.999;

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
