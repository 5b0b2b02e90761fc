/** Asks the relay each second, one request at a time. */

const EVERY_MS = 1000;
const TIMEOUT_MS = 2000;

/**
 * Calls `onAnswer` with what `path` holds, each time that it was asked. Goes on
 * after every failure, except that a path which does not exist is not asked again.
 */
export function poll<T>(path: string, onAnswer: (answer: T) => void): void {
  const ask = async () => {
    try {
      const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
      if (response.status === 404) return;
      if (response.ok) onAnswer(await response.json() as T);
    } catch {
      // The relay is away or slow: the page says so by the age of the last answer.
    }
    setTimeout(ask, EVERY_MS);
  };
  void ask();
}
