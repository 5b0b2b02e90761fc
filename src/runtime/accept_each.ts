/** Accepts connections until a listener is closed; for both sides of a route. */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Connection, Listener } from "./net.ts";

/** How long to wait after a failed accept (EMFILE, …), in ms. */
const RETRY_MS = 100;

export interface AcceptEachOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Once aborted, nothing more is handed out. */
  readonly signal: AbortSignal;
  /** What connects, for the log: `a consumer`. */
  readonly peerKind: string;
}

/**
 * Hands every connection to `serve`, one after the other, until the listener is
 * closed. A failure to accept is logged once and tried again. Never rejects
 * unless `serve` does.
 */
export async function acceptEach(
  listener: Listener,
  options: AcceptEachOptions,
  serve: (connection: Connection) => void | Promise<void>,
): Promise<void> {
  const { clock, log, signal, peerKind } = options;
  let failing = "";
  while (!signal.aborted) {
    let connection: Connection | null;
    try {
      connection = await listener.accept();
      failing = "";
    } catch (error) {
      const message = messageOf(error);
      if (message !== failing) log.say("accept_failed", { peers: peerKind, error: message });
      failing = message;
      await clock.sleep(RETRY_MS, signal);
      continue;
    }
    if (connection === null) return;
    if (signal.aborted) return connection.close();
    await serve(connection);
  }
}
