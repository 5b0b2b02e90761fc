/**
 * Where a connection has ended: confirmations are of bytes and come by whole
 * parts, so the last of them may lie within one. Where nobody has noted how its
 * frames are cut, they are looked at once more, in memory or in the journal; those
 * that the confirmed bytes have whole are confirmed: none of them is sent again.
 */
import { messageOf } from "../base/error.ts";
import type { Landed } from "./flight.ts";
import type { JournalFeed } from "./journal_feed.ts";
import type { Spool } from "./spool.ts";

/** Confirms what of the oldest part in flight lies wholly within the first `position` bytes of the stream. */
export async function settleWithin(spool: Spool, feed: JournalFeed, position: number): Promise<void> {
  const { flight, window } = spool;
  const part = flight.oldest();
  const bytes = flight.reached(position);
  if (part === undefined || bytes === 0 || part.first < spool.confirmed) return;
  const landed = part.ends !== undefined
    ? flight.takeEnded(bytes)
    : part.first >= window.first
    ? landInMemory(spool, part.first, bytes)
    : await landInJournal(spool, feed, part.first, bytes);
  if (landed !== undefined) spool.confirm(landed.first + landed.frames, landed.frames, landed.bytes);
}

function landInMemory({ window, options, flight }: Spool, first: number, bytes: number): Landed | undefined {
  const { buffer } = window.at(window.indexOf(first))!;
  const start = window.startOf(first);
  return flight.takeWithin(options.framer, buffer.bytes, start, start + bytes);
}

/** Where it cannot be read, the whole part is sent again, and counted so. */
async function landInJournal(
  { options, flight }: Spool,
  feed: JournalFeed,
  first: number,
  bytes: number,
): Promise<Landed | undefined> {
  try {
    const batch = await feed.read(first);
    if (batch === undefined) return undefined;
    const { parts, start, end, framer, buffer } = batch;
    const firstEnd = parts[1] === undefined ? end : start + parts[1].offset;
    const landed = batch.first === first
      ? flight.takeWithin(framer, buffer.bytes, start, Math.min(start + bytes, firstEnd))
      : undefined;
    feed.release(batch);
    return landed;
  } catch (error) {
    options.log.warn("cannot read where the confirmed frames end, more is sent again", { error: messageOf(error) });
    return undefined;
  }
}
