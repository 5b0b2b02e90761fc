/**
 * What a route needs of the machine: a directory it may write, a journal that
 * nobody else has, addresses that are free, disk space, names that resolve.
 * Looks only: no directory is made, no file is written. A journal's lock is
 * taken for an instant, to see whether it can be.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { messageOf, SystemError } from "../base/error.ts";
import { formatSize } from "../base/size.ts";
import { readNote } from "../journal/lock.ts";
import type { RouteOptions } from "../relay/options.ts";
import { formatAddress } from "../runtime/address.ts";
import type { FileInfo } from "../runtime/files.ts";
import type { Address } from "../runtime/net.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { systemError } from "../runtime/system_error.ts";

export interface Finding {
  /** A note is good to know; an error keeps the route from running. */
  readonly kind: "note" | "error";
  readonly text: string;
  readonly hint?: string;
}

/** How long a unix socket's owner may take to answer, in ms. */
const ANSWER_MAX_MS = 1000;

/** Everything that was found for one route, errors and notes; empty if there is nothing to say. Never rejects. */
export async function inspectSurroundings(route: RouteOptions, runtime: Runtime): Promise<Finding[]> {
  const journal = await inspectJournal(route, runtime);
  const isRunning = journal.some((finding) => finding.kind === "note");
  const others = await Promise.all(
    ([["source", route.source.endpoint], ["target", route.target.endpoint]] as const).map(([side, endpoint]) =>
      endpoint.role === "listen"
        ? inspectListen(`${side}.listen`, endpoint.address, isRunning, runtime)
        : inspectConnect(`${side}.connect`, endpoint.address, runtime)
    ),
  );
  return [...journal, ...others.flat()];
}

async function inspectJournal(route: RouteOptions, runtime: Runtime): Promise<Finding[]> {
  const { directory, minFreeBytes } = route.journal;
  try {
    const found = await nearestExisting(directory, runtime);
    const denied = await inspectDirectory(directory, found, runtime);
    if (denied !== undefined) return [denied];
    const findings: Finding[] = [];
    const holder = found.path === directory ? await lockHolder(directory, runtime) : undefined;
    if (holder !== undefined) findings.push({ kind: "note", text: `journal ${directory} is in use by ${holder}` });
    const free = await runtime.files.freeBytes(found.path);
    if (free < minFreeBytes) {
      findings.push({
        kind: "error",
        text: `journal ${directory}: found ${formatSize(free)} free, journal.min_free is ${formatSize(minFreeBytes)}`,
        hint: "free some space or set journal.min_free lower",
      });
    }
    return findings;
  } catch (thrown) {
    return [{ kind: "error", text: `journal ${directory}: ${messageOf(thrown)}` }];
  }
}

interface Existing {
  readonly path: string;
  readonly info: FileInfo;
}

/** The path itself, or the first of its parents that exists and that we may look at. */
async function nearestExisting(path: string, runtime: Runtime): Promise<Existing> {
  try {
    const info = await runtime.files.stat(path);
    if (info !== undefined) return { path, info };
  } catch (thrown) {
    const isBelow = thrown instanceof SystemError && (thrown.code === "ENOTDIR" || thrown.code === "EACCES");
    if (!isBelow || dirname(path) === path) throw thrown;
  }
  return await nearestExisting(dirname(path), runtime);
}

async function inspectDirectory(directory: string, found: Existing, runtime: Runtime): Promise<Finding | undefined> {
  const where = found.path === directory ? `journal ${directory}` : `journal ${directory}: ${found.path}`;
  if (found.info.kind !== "directory") {
    return { kind: "error", text: `${where} is not a directory`, hint: "name another directory in journal.dir" };
  }
  try {
    await access(found.path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    const reason = systemError(thrown, "access", found.path);
    const owner = found.info.uid === undefined ? "another user" : runtime.userName(found.info.uid);
    const us = runtime.userName();
    return {
      kind: "error",
      text: `${where} belongs to ${owner} and cannot be written by ${us}: ${reason.message}`,
      hint: `give it to ${us}, run as ${owner}, or name another directory in journal.dir`,
    };
  }
}

/** Who holds the journal's lock, in the words it left there; undefined if nobody does. */
async function lockHolder(directory: string, runtime: Runtime): Promise<string | undefined> {
  const path = join(directory, "lock");
  if (await runtime.files.stat(path) === undefined) return undefined;
  const file = await runtime.files.open(path, "update");
  try {
    if (await file.tryLock()) return undefined;
    const { holder } = await readNote(file);
    return holder === "" ? "another process" : holder;
  } finally {
    file.close();
  }
}

async function inspectListen(key: string, address: Address, isRunning: boolean, runtime: Runtime): Promise<Finding[]> {
  const shown = formatAddress(address);
  try {
    if (address.kind === "unix") return await inspectSocketPath(key, address.path, isRunning, runtime);
    await (await runtime.net.listen(address)).close();
    return [];
  } catch (thrown) {
    if (isInUse(thrown)) return [inUse(key, shown, isRunning)];
    return [{ kind: "error", text: `${key}: cannot listen on ${shown}: ${messageOf(thrown)}` }];
  }
}

function isInUse(thrown: unknown): boolean {
  return thrown instanceof SystemError && thrown.code === "EADDRINUSE";
}

function inUse(key: string, shown: string, isRunning: boolean): Finding {
  if (isRunning) {
    return { kind: "note", text: `${key}: ${shown} is in use, it seems by the daemon that holds the journal` };
  }
  return {
    kind: "error",
    text: `${key}: ${shown} is already in use`,
    hint: `another program listens there; ss -lp tells which. Stop it or choose another ${key}`,
  };
}

/** Listening on a path would replace what is there, so it is looked at instead. */
async function inspectSocketPath(key: string, path: string, isRunning: boolean, runtime: Runtime): Promise<Finding[]> {
  const directory = dirname(path);
  const info = await runtime.files.stat(directory);
  if (info?.kind !== "directory") return [{ kind: "error", text: `${key}: ${directory} is not a directory` }];
  await access(directory, constants.W_OK | constants.X_OK).catch((thrown) => {
    throw systemError(thrown, "access", directory);
  });
  if (await runtime.files.stat(path) === undefined) return [];
  try {
    (await runtime.net.connect({ kind: "unix", path }, ANSWER_MAX_MS)).close();
    return [inUse(key, `unix:${path}`, isRunning)];
  } catch {
    return []; // a socket's file that nobody answers on is replaced
  }
}

async function inspectConnect(key: string, address: Address, runtime: Runtime): Promise<Finding[]> {
  if (address.kind === "unix" || isIP(address.host.replace(/%.*$/, "")) !== 0) return [];
  try {
    await runtime.net.resolve(address.host);
    return [];
  } catch (thrown) {
    return [{
      kind: "error",
      text: `${key}: the name ${address.host} does not resolve: ${messageOf(thrown)}`,
      hint: "check the name, or /etc/hosts and /etc/resolv.conf",
    }];
  }
}
