/** Which directory a path on the command line means, and whether there is a journal in it. */
import { usageError } from "../../../base/error.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import { expandPattern, isPattern } from "./glob.ts";
import { listSegments, type SegmentFile, segmentsAmong } from "../segment/segment_files.ts";

/** Files that make a directory a journal, besides segments. */
const JOURNAL_FILES = ["cursor", "lock"];

/** The journal directories that `paths` name, by patterns too: their `cursor` counts as well. */
export async function directoriesAt(files: ReadableFiles, paths: readonly string[]): Promise<string[]> {
  const named = await Promise.all(paths.map(async (path) => {
    const isThere = await files.stat(path) !== undefined;
    return isThere || !isPattern(path) ? [path] : await expandPattern(files, path);
  }));
  const found = named.flat();
  const kinds = await Promise.all(found.map(async (path) => (await files.stat(path))?.kind));
  return [...new Set(found.filter((_, i) => kinds[i] === "directory").map(trimSlash))];
}

/**
 * The journal directory at `path`, without slashes at its end. Rejects with a
 * `SpillwayError` (exit code 2) if there is none.
 */
export async function journalAt(files: ReadableFiles, path: string): Promise<string> {
  const directory = trimSlash(path);
  const kind = (await files.stat(directory))?.kind;
  if (kind === undefined) throw usageError(`${path}: no such directory`, "name a journal directory");
  if (kind !== "directory") {
    throw usageError(`${path}: not a directory`, "name the directory of a journal, not one of its segments");
  }
  await listJournal(files, directory);
  return directory;
}

/** Its segments, in ascending order. Rejects with a `SpillwayError` (exit code 2) if there is no journal in it. */
export async function listJournal(files: ReadableFiles, directory: string): Promise<SegmentFile[]> {
  const found = await listSegments(files, directory);
  if (found.length > 0 || await isJournal(files, directory)) return found;
  const hint = hintForDirectory(await files.list(directory));
  throw usageError(`${directory}: no journal: there are no segment files in it`, hint);
}

/** Are there files of a journal in this directory? */
export async function isJournal(files: ReadableFiles, directory: string): Promise<boolean> {
  const names = await files.list(directory);
  return names.some((name) => JOURNAL_FILES.includes(name)) || segmentsAmong(names, directory).length > 0;
}

/** A directory's path without slashes at its end. */
export function trimSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function hintForDirectory(names: readonly string[]): string {
  return names.length === 0
    ? "it is empty; journal.dir in the configuration names the journal of a route"
    : "name the directory of one route, for example spillway-data/feed";
}
