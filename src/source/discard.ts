/** The last moments of a connection that we close: a close with unread bytes would reset it, and what we said with it. */
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../runtime/net.ts";

/** The peer has this long to take what was said to it and to close its side, in ms. */
const DISCARD_MS = 1000;

/** Nobody looks at what is read here, so one buffer serves all connections. */
const discarded = new Uint8Array(64 * 1024);

/**
 * Reads what still comes in, and drops it, until the peer's end of stream, but
 * not for long. `lastRead` resolves when no other read is under way. How many
 * bytes were dropped.
 */
export async function discardIncoming(connection: Connection, clock: Clock, lastRead: Promise<void>): Promise<number> {
  const over = new AbortController();
  const timeout = clock.sleep(DISCARD_MS, over.signal).then(() => null);
  let bytes = 0;
  try {
    for (let count: number | null = await Promise.race([lastRead.then(() => 0), timeout]); count !== null;) {
      bytes += count;
      count = await Promise.race([connection.read(discarded), timeout]);
    }
    return bytes;
  } catch { // the peer is gone: it has read what it wanted to
    return bytes;
  } finally {
    over.abort();
  }
}
