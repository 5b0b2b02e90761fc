/**
 * Can the journal be used: a directory that may be written, files in it that
 * this user may read and write, a known version, room on the disk? No directory is
 * made and no file is written. The lock is taken for an instant, to see whether it can be.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { controlPath } from "../../../admin/protocol.ts";
import { failedWith, messageOf, SpillwayError } from "../../../base/error.ts";
import { formatSize } from "../../../base/quantity.ts";
import { bytesOnDisk, listSegments, mustBeThere, readNote } from "../../../journal/directory_only.ts";
import { summarizeJournal } from "../../../journal/open.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import { UNIX_PATH_BYTES_MAX } from "../../../runtime/address.ts";
import type { FileInfo } from "../../../runtime/files.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { systemError } from "../../../runtime/system_error.ts";
import type { Finding } from "./finding.ts";

/** Never rejects. A finding of kind `note` means that a daemon has the journal open. */
export async function inspectJournal(route: RouteOptions, runtime: Runtime): Promise<Finding[]> {
  const { directory, minFreeBytes } = route.journal;
  try {
    if (!route.journal.create) await mustBeThere({ files: runtime.files, directory });
    const found = await nearestExisting(directory, runtime);
    const denied = await inspectDirectory(directory, found, runtime);
    if (denied !== undefined) return [denied];
    const findings: Finding[] = found.path === directory ? await inspectFiles(directory, runtime) : [];
    if (findings.length > 0) return findings;
    findings.push(...inspectOwner(directory, found, runtime));
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
    return [...findings, ...inspectControlPath(directory)];
  } catch (thrown) {
    const hint = thrown instanceof SpillwayError
      ? thrown.hint
      : "look at the directory, or name another in journal.dir";
    return [{ kind: "error", text: `journal ${directory}: ${messageOf(thrown)}`, hint }];
  }
}

export interface Existing {
  readonly path: string;
  readonly info: FileInfo;
}

/** The path itself, or the nearest of its parents that exists and that this user may stat. */
export async function nearestExisting(path: string, runtime: Runtime): Promise<Existing> {
  try {
    const info = await runtime.files.stat(path);
    if (info !== undefined) return { path, info };
  } catch (thrown) {
    const isBelow = failedWith(thrown, "ENOTDIR", "EACCES");
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
    await accessAs(runtime.uid, found.path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    const reason = systemError(thrown, "access", found.path);
    const owner = found.info.uid === undefined ? "another user" : runtime.userName(found.info.uid);
    const us = runtime.userName();
    return {
      kind: "error",
      text: `${where} belongs to ${owner} and cannot be written by ${us}: ${reason.message}`,
      hint: `${canGetIt(found.path, owner, us, reason.code)}, or name another directory in journal.dir`,
    };
  }
}

/** access(2). Modes do not restrict root, which the access of Deno does not know. */
async function accessAs(uid: number | undefined, path: string, mode: number): Promise<void> {
  try {
    await access(path, mode);
  } catch (thrown) {
    if (uid !== 0 || systemError(thrown, "access", path).code !== "EACCES") throw thrown;
  }
}

/**
 * Warns root of a directory of another user: that user could not use what root writes there.
 * `found` is the journal's directory, or the nearest one above it that exists.
 */
export function inspectOwner(directory: string, found: Existing, runtime: Runtime): Finding[] {
  const { uid } = found.info;
  if (uid === undefined || runtime.uid !== 0 || uid === 0) return [];
  const owner = runtime.userName(uid);
  const what = found.path === directory ? "belongs" : `is to be made in ${found.path}, which belongs`;
  return [{
    kind: "warning",
    text: `journal ${directory}: ${what} to ${owner}, found ${runtime.userName()}: ` +
      `what we write there, ${owner} cannot use afterwards`,
    hint: `run it as ${owner}`,
  }];
}

/** The hint for a directory that this user may not write. */
function canGetIt(path: string, owner: string, us: string, code: string): string {
  if (code === "EROFS") return "mount its file system for writing";
  return owner === us ? `chmod u+rwx ${path}` : `give it to ${us}, run as ${owner}`;
}

/** What its segments take up on disk, in bytes. */
export async function journalBytes(directory: string, { files }: Runtime): Promise<number> {
  if ((await files.stat(directory))?.kind !== "directory") return 0;
  return await bytesOnDisk(files, await listSegments(files, directory));
}

/** Files of a run as another user, and what only a newer version can read. */
async function inspectFiles(directory: string, runtime: Runtime): Promise<Finding[]> {
  const names = (await listSegments(runtime.files, directory)).map(({ name }) => name);
  const denied: string[] = [];
  for (const name of ["lock", "cursor", ...names]) {
    const path = join(directory, name);
    if (await runtime.files.stat(path) === undefined) continue;
    await accessAs(runtime.uid, path, constants.R_OK | constants.W_OK).catch(() => denied.push(path));
  }
  if (denied.length > 0) {
    const owner = (await runtime.files.stat(denied[0]))?.uid;
    const us = runtime.userName();
    const others = denied.length === 1 ? "" : `, and ${denied.length - 1} more`;
    const whose = owner === undefined ? "another user" : runtime.userName(owner);
    return [{
      kind: "error",
      text: `journal ${directory}: ${denied[0]}${others} cannot be read and written by ${us}; it belongs to ${whose}`,
      hint: `chown -R ${us} ${directory}, or run as ${whose}`,
    }];
  }
  await summarizeJournal(runtime.files, directory);
  return [];
}

function inspectControlPath(directory: string): Finding[] {
  const { bytes, fits } = controlPath(directory);
  if (fits) return [];
  return [{
    kind: "warning",
    text: `journal ${directory}: found ${bytes} bytes in the path of its control socket, ` +
      `at most ${UNIX_PATH_BYTES_MAX} are allowed: status reads the files, skip needs the daemon stopped`,
    hint: "name a directory with a shorter path in journal.dir",
  }];
}

/** The holder of the journal's lock, as noted in the file; undefined if it is free. */
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
