/**
 * Sockets that are not with Bun, and somebody waits for. There is no event for
 * them, so poll(2) is asked for all of them together, at short intervals.
 */
import { readSync, writeSync } from "node:fs";
import { errnoName } from "../system_error.ts";
import { POLL, pollNow } from "./libc.ts";

const INTERVAL_MS = 5;

/** A connection whose socket is not with Bun. */
export interface Parked {
  readonly descriptor: number;
  readonly wantsToRead: boolean;
  readonly wantsToWrite: boolean;
  /** It can do what it wants to, or its connection is lost. */
  ready(): void;
  /** Goes back to Bun, if it may, and is not waited for here any more; false if it does not. */
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
  for (const each of connections) if (waiting.has(each)) each.attachIfAllowed();
  timer = waiting.size > 0 ? setTimeout(look, INTERVAL_MS) : undefined;
}

function eventsOf({ wantsToRead, wantsToWrite }: Parked): number {
  return (wantsToRead ? POLL.in : 0) | (wantsToWrite ? POLL.out : 0);
}

/** Reads what is there, without waiting: how much, 0 at the end of the stream; undefined where there is nothing yet. */
export function readNow(descriptor: number, into: Uint8Array): number | undefined {
  try {
    return readSync(descriptor, into, 0, into.length, null);
  } catch (error) {
    if (errnoName(error) === "EAGAIN") return undefined;
    throw error;
  }
}

/** As Bun's write: how much the kernel took, 0 where it has no room, -1 where the connection is gone. */
export function writeNow(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes, 0, bytes.length, null);
  } catch (error) {
    return errnoName(error) === "EAGAIN" ? 0 : -1;
  }
}
