/**
 * Sockets that Bun does not hold and of which a read or a write waits. There is
 * no event for them, so poll(2) is called for all of them together, at short intervals.
 */
import { POLL, pollNow } from "../kernel_socket.ts";
import { socketLibc } from "./libc.ts";

const INTERVAL_MS = 5;

/** A connection whose socket Bun does not hold. */
export interface Parked {
  readonly descriptor: number;
  readonly wantsToRead: boolean;
  readonly wantsToWrite: boolean;
  /** It can do what it wants to, or its connection is lost. */
  ready(): void;
  /** Gives the socket back to Bun, where that is allowed, and calls {@link stopAwaiting}; false if it does not. */
  attachIfAllowed(): boolean;
}

const waiting = new Set<Parked>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** `connection` wants to read or to write. */
export function awaitReady(connection: Parked): void {
  waiting.add(connection);
  timer ??= setTimeout(poll, INTERVAL_MS);
}

/** `connection` is closed, Bun holds its socket again, or nothing waits. */
export function stopAwaiting(connection: Parked): void {
  waiting.delete(connection);
}

function poll(): void {
  const connections = [...waiting];
  const libc = socketLibc();
  if (libc !== null) {
    pollNow(libc, connections.map(({ descriptor }) => descriptor), (i) => eventsOf(connections[i]), (i) => {
      // What one does may end another.
      if (waiting.has(connections[i])) connections[i].ready();
    });
  }
  for (const each of connections) if (waiting.has(each)) each.attachIfAllowed();
  timer = waiting.size > 0 ? setTimeout(poll, INTERVAL_MS) : undefined;
}

function eventsOf({ wantsToRead, wantsToWrite }: Parked): number {
  return (wantsToRead ? POLL.in : 0) | (wantsToWrite ? POLL.out : 0);
}
