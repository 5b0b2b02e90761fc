/** How many frames a stretch of a route's log has, wherever they are. */
import type { Tally } from "../base/ledger.ts";
import type { Spool } from "./spool.ts";

/**
 * Frames [from, until), the older ones in the journal, the newer ones in memory,
 * where there is no hole. Rejects with a `SystemError` if the journal has to be
 * read for it and cannot be.
 */
export async function countFrames({ window, options }: Spool, from: number, until: number): Promise<Tally> {
  const middle = Math.min(until, Math.max(from, window.first));
  const inMemory = {
    frames: until - middle,
    bytes: until > middle ? window.exactOffsetOf(until) - window.exactOffsetOf(middle) : 0,
  };
  if (middle === from) return inMemory;
  const inJournal = await options.journal.count(from, middle);
  return { frames: inMemory.frames + inJournal.frames, bytes: inMemory.bytes + inJournal.bytes };
}
