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
