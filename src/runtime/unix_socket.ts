/**
 * The file of a listening unix socket, which outlives a process that was
 * killed: the next one must remove it, but never one that is in use, nor a
 * file that is no socket. (Closing a listener removes it on both runtimes.)
 */
import { chmodSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import process from "node:process";
import { SystemError } from "../base/error.ts";
import type { Connection } from "./net.ts";
import { errnoName, systemError } from "./system_error.ts";

/**
 * Makes room for a socket at `path`. Rejects with EADDRINUSE if `connect`
 * finds somebody listening there, or if it is something else than a socket.
 */
export async function removeDeadSocket(path: string, connect: () => Promise<Connection>): Promise<void> {
  try {
    const found = await lstat(path).catch(absent);
    if (found === undefined) return;
    if (!found.isSocket() || await answers(connect)) throw new SystemError("EADDRINUSE", "listen", `unix:${path}`);
    await unlink(path).catch(absent);
  } catch (e) {
    throw systemError(e, "listen", `unix:${path}`);
  }
}

/**
 * Calls `bind`, which makes the socket at `path` before it returns, so that
 * nobody but this user can ever connect to it.
 */
export function bindPrivately<T>(path: string, bind: () => T): T {
  // The mask belongs to the whole process, but nothing of ours is for others: what else is made meanwhile is as it would be.
  const mask = process.umask(0o077);
  try {
    const bound = bind();
    chmodSync(path, 0o600);
    return bound;
  } finally {
    process.umask(mask);
  }
}

async function answers(connect: () => Promise<Connection>): Promise<boolean> {
  try {
    (await connect()).close();
    return true;
  } catch (e) {
    if (errnoName(e) === "ECONNREFUSED" || errnoName(e) === "ENOENT") return false;
    return true; // EAGAIN: its backlog is full; EACCES: not ours to remove
  }
}

function absent(thrown: unknown): undefined {
  if (errnoName(thrown) !== "ENOENT") throw thrown;
}
