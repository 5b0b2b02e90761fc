/**
 * Sockets that are not with Bun, and somebody waits for. There is no event for
 * them, so poll(2) is asked for all of them together, at short intervals.
 */
import { POLL, pollNow } from "./libc.ts";

const INTERVAL_MS = 5;

/** A connection whose socket is not with Bun. */
export interface Parked {
  readonly descriptor: number;
  readonly wantsToRead: boolean;
  readonly wantsToWrite: boolean;
  /** It can do what it wants to, or its connection is lost. */
  ready(): void;
  /** Goes back to Bun, if it may; false if it does not. */
  attachIfAllowed(): boolean;
}

const waiting = new Set<Parked>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** `connection` wants to read or to write. */
export function awaitReady(connection: Parked): void {
  waiting.add(connection);
  timer ??= setTimeout(look, INTERVAL_MS);
}

/** It is closed, or with Bun again. */
export function stopAwaiting(connection: Parked): void {
  waiting.delete(connection);
}

function look(): void {
  const connections = [...waiting];
  pollNow(connections.map(({ descriptor }) => descriptor), connections.map(eventsOf), (i) => {
    // What one does may end another.
    if (waiting.has(connections[i])) connections[i].ready();
  });
  for (const each of connections) if (waiting.has(each) && each.attachIfAllowed()) waiting.delete(each);
  timer = waiting.size > 0 ? setTimeout(look, INTERVAL_MS) : undefined;
}

function eventsOf({ wantsToRead, wantsToWrite }: Parked): number {
  return (wantsToRead ? POLL.in : 0) | (wantsToWrite ? POLL.out : 0);
}
