/** Waiting for a condition instead of for a time: tests say what they wait for, and fail with those words. */

/** Something that a test waited for did not happen. */
export class WaitError extends Error {}

/**
 * Looks every `everyMs` until `condition` gives something truthy, and returns
 * that. Rejects with a {@link WaitError} after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  { timeoutMs = 20_000, everyMs = 10 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new WaitError(`waited ${timeoutMs / 1000} s in vain: ${what}`);
    await pause(everyMs);
  }
}

/** For scenes in which time itself is the input, such as a byte a second. Never to wait for another program. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The value once it is above zero and has been the same for five looks, 20 ms apart. */
export async function steady(what: string, read: () => number | Promise<number>): Promise<number> {
  let last = -1;
  let same = 0;
  return await until(`${what} stands still`, async () => {
    const now = await read();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
    return same >= 5 ? now : undefined;
  }, { everyMs: 20 });
}
