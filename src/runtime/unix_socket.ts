/**
 * The file of a listening unix socket, which outlives a process that was
 * killed: the next one must remove it, but never one that is in use, nor a
 * file that is no socket. (Closing a listener removes it on both runtimes.)
 */
import { chmodSync, chownSync, statSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import process from "node:process";
import { SystemError } from "../base/error.ts";
import type { Connection } from "./net.ts";
import { errnoName, systemError } from "./system_error.ts";

/**
 * Removes the socket file at `path` that a killed process has left, if there is
 * one. Rejects with EADDRINUSE if `connect`
 * succeeds or is refused for another reason than that nothing listens, or if
 * what is there is no socket.
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
 * Calls `bind`, which makes the socket at `path` before it returns, so that only
 * this user can connect to it, from the first moment on, and then also the members
 * of `group`.
 */
export function bindPrivately<T extends { close(): unknown }>(path: string, bind: () => T, group?: number): T {
  // The mask belongs to the whole process; other files that are made meanwhile are private anyway.
  const mask = process.umask(0o077);
  try {
    const bound = bind();
    try {
      chmodSync(path, 0o600);
      if (group !== undefined) giveTo(group, path);
      return bound;
    } catch (e) {
      bound.close();
      throw e;
    }
  } finally {
    process.umask(mask);
  }
}

/**
 * As {@link bindPrivately}, where `bind` has made the socket once what it returns
 * has resolved. Files that are made meanwhile are private, too.
 */
export async function bindPrivatelyUntil(path: string, bind: () => Promise<void>): Promise<void> {
  const mask = process.umask(0o077);
  try {
    await bind();
    chmodSync(path, 0o600);
  } finally {
    process.umask(mask);
  }
}

/** The group before the mode: until then the file has another one, whose members may not connect. */
function giveTo(group: number, path: string): void {
  // A service may be kept from this call, and its files have its group from the beginning.
  if (statSync(path).gid !== group) chownSync(path, -1, group);
  chmodSync(path, 0o660);
}

async function answers(connect: () => Promise<Connection>): Promise<boolean> {
  try {
    (await connect()).close();
    return true;
  } catch (e) {
    if (errnoName(e) === "ECONNREFUSED" || errnoName(e) === "ENOENT") return false;
    return true; // EAGAIN: its backlog is full; EACCES: it belongs to another user
  }
}

function absent(thrown: unknown): undefined {
  if (errnoName(thrown) !== "ENOENT") throw thrown;
}
