/** Since when the oldest frame has been waiting that no consumer has confirmed. */
import type { Spool } from "./spool.ts";

/**
 * When the first unconfirmed frame arrived, µs since 1970: as memory or what is
 * in flight has it, else as the journal says. Undefined if there is none.
 * Rejects with a SystemError if the journal cannot be read.
 */
export async function oldestArrival({ confirmed, window, flight, options }: Spool): Promise<number | undefined> {
  if (confirmed >= window.end) return undefined;
  if (confirmed >= window.first) return window.at(window.indexOf(confirmed))!.arrivedUs;
  for (const { first, frames, arrivedUs } of flight.parts()) {
    if (confirmed < first) break;
    if (confirmed < first + frames) return arrivedUs;
  }
  return await options.journal.arrivalOf(confirmed) ?? window.front?.arrivedUs;
}

/**
 * The first unconfirmed frame that arrived at `us` (µs since 1970) or later, as
 * memory and the journal's records have it; what was received up to now ends
 * there if there is none. Rejects with a SystemError if the journal cannot be read.
 */
export async function firstSince({ confirmed, window, options }: Spool, us: number): Promise<number> {
  if (confirmed < window.first) {
    const found = await options.journal.firstSince(confirmed, us);
    if (found !== undefined && found < window.first) return found;
  }
  for (let index = 0;; index++) {
    const run = window.at(index);
    if (run === undefined) return window.end;
    if (run.arrivedUs >= us && run.first + run.frames > confirmed) return Math.max(run.first, confirmed);
  }
}
