/** Groups of this system, and directories that their members may pass through (group(5), path_resolution(7)). */
import { chmod, chown, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { systemError } from "./system_error.ts";

const GROUP_PASSES = 0o010;
const OTHERS_PASS = 0o001;

/** The number of the group that /etc/group calls so, or of which `name` is the number; undefined if there is none. */
export async function groupId(name: string): Promise<number | undefined> {
  if (/^\d{1,9}$/.test(name)) return Number(name);
  const table = await readFile("/etc/group", "utf8").catch(() => ""); // no such system
  const entry = table.split("\n").map((line) => line.split(":")).find((fields) => fields[0] === name);
  return entry === undefined ? undefined : Number(entry[2]);
}

/** May this process give files to the group: is it one of its own, or is this root? */
export function isOwnGroup(gid: number): boolean {
  return process.geteuid?.() === 0 || process.getegid?.() === gid || (process.getgroups?.() ?? []).includes(gid);
}

/** Gives a directory of this user to the group, whose members may pass through it and do no more. Rejects with a SystemError. */
export async function letGroupPass(directory: string, gid: number): Promise<void> {
  try {
    const found = await stat(directory);
    // Only where it changes something: a service may be kept from these calls.
    if (found.gid !== gid) await chown(directory, -1, gid);
    if ((found.mode & GROUP_PASSES) === 0) await chmod(directory, (found.mode & 0o7777) | GROUP_PASSES);
  } catch (e) {
    throw systemError(e, "chown", directory);
  }
}

/** The outermost directory above `path` that members of the group cannot pass through; undefined if there is none. */
export async function closedAbove(path: string, gid: number): Promise<string | undefined> {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const outer = await closedAbove(parent, gid);
  if (outer !== undefined) return outer;
  const found = await stat(parent).catch(() => undefined); // whoever opens it says what is wrong
  if (found === undefined) return undefined;
  const needed = found.gid === gid ? GROUP_PASSES : OTHERS_PASS;
  return (found.mode & needed) === 0 ? parent : undefined;
}
