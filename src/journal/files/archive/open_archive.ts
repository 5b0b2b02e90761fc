/**
 * The segment files that a command line names: whole journal directories,
 * single segments, copies in other places. Looked at without a lock and without
 * changing anything, beside a running daemon or long after it.
 */
import { Buffer } from "node:buffer";
import { basename, resolve } from "node:path";
import { usageError } from "../../../base/error.ts";
import type { File, FileSystem } from "../../../runtime/files.ts";
import { readCursor } from "../directory/cursor_file.ts";
import { listUntilStable } from "../directory/list_until_stable.ts";
import { saltOf, SEGMENT_HEADER_BYTES, segmentBase } from "../format/segment.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { expandPattern, isPattern } from "./glob.ts";
import { currentCursor } from "../catalog/fallback_cursor.ts";
import { isCompressed, listSegments, type SegmentFile, segmentsAmong } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveyIfThere, surveySegment } from "../segment/survey.ts";
import { surveyJournal } from "../directory/survey_journal.ts";

export interface ArchiveSegment extends SegmentSurvey {
  readonly name: string;
  readonly directory: string;
  /** The first frame of its journal that is not delivered; undefined if no cursor file says so. */
  readonly cursor: number | undefined;
  /**
   * Is it the newest of its directory that has come to have a header, or one
   * after it? Nothing more is written to the others.
   */
  readonly newest: boolean;
  /** Was its directory named, and is the cursor certain? Then what is pending and not here is lost. */
  readonly withAllPending: boolean;
}

/** Files that make a directory a journal, segments apart. */
const JOURNAL_FILES = ["cursor", "lock"];

/** Those that come after it in its journal, in ascending order: their copies of a frame count, not its own. */
export function* laterOf(segments: readonly ArchiveSegment[], index: number): Generator<ArchiveSegment> {
  const { directory, base } = segments[index];
  for (let i = index + 1; i < segments.length; i++) {
    if (segments[i].directory === directory && segments[i].base > base) yield segments[i];
  }
}

/**
 * The segments at `paths`, each a journal directory, a segment file or a
 * pattern of such, in sequence order. Rejects with a `SpillwayError` (exit code
 * 2) for a path that is none, (1) for a segment of a newer format version.
 */
export async function openArchive(files: FileSystem, paths: readonly string[]): Promise<ArchiveSegment[]> {
  const segments = new Map<string, ArchiveSegment>();
  const surroundings = new Surroundings(files);
  for (const path of paths) {
    // A directory and a pattern of the files in it, in whatever order: each file is listed and counted once.
    for (const segment of await segmentsOf(files, path, surroundings)) {
      const file = resolve(segment.path);
      if (!segments.has(file) || segment.withAllPending) segments.set(file, segment);
    }
  }
  // A copy of a file, or another name of it, follows it: what comes twice is passed over.
  return [...segments.values()].sort((a, b) => a.base - b.base || b.size - a.size);
}

/** The journal directories that `paths` name, by patterns too: their `cursor` counts as well. */
export async function directoriesAt(files: FileSystem, paths: readonly string[]): Promise<string[]> {
  const named = await Promise.all(paths.map(async (path) => {
    const isThere = await files.stat(path) !== undefined;
    return isThere || !isPattern(path) ? [path] : await expandPattern(files, path);
  }));
  const found = named.flat();
  const kinds = await Promise.all(found.map(async (path) => (await files.stat(path))?.kind));
  return [...new Set(found.filter((_, i) => kinds[i] === "directory").map(trimSlash))];
}

/**
 * The segment as its open file has it: a compaction may have put one with more
 * frames in the place of the one that was listed. The frames that were counted
 * then are [base, footer.end) of that one still.
 */
export async function surveyOpened(file: File, listed: ArchiveSegment): Promise<ArchiveSegment> {
  const found = await surveySegment(file, listed.path, listed.base, listed.framer);
  const isSame = listed.marks === undefined || found.marks === undefined ||
    Buffer.compare(saltOf(listed.marks), saltOf(found.marks)) === 0;
  // What was appended to it since does not count; nothing takes from it but a repair.
  return isSame && found.size >= listed.size ? listed : { ...listed, ...found, name: basename(found.path) };
}

/**
 * The first frame of the journal in `directory` that is not delivered; undefined
 * if there is no cursor file. Where it is damaged, what the daemon would go by.
 */
export async function cursorOf(files: FileSystem, directory: string): Promise<number | undefined> {
  return (await lookForCursor(files, directory)).cursor;
}

/** `isCertain`: the file has not held a newer one. */
async function lookForCursor(files: FileSystem, directory: string) {
  const found = await readCursor(files, `${directory}/cursor`);
  if (found.kind === "absent") return { cursor: undefined, isCertain: false };
  if (found.kind === "valid") return { cursor: found.state.cursor, isCertain: found.newest };
  const { segments } = await surveyJournal(files, directory, FALLBACK_FRAMER);
  const { cursor } = await currentCursor(files, found, segments);
  return { cursor, isCertain: false };
}

/** What the directories of single files say; of many files each is looked at once. */
class Surroundings {
  readonly #known = new Map<string, Promise<Pick<ArchiveSegment, "cursor"> & { readonly newest: readonly number[] }>>();

  constructor(private readonly files: FileSystem) {}

  of(directory: string) {
    const known = this.#known.get(directory) ?? this.#look(directory);
    this.#known.set(directory, known);
    return known;
  }

  async #look(directory: string) {
    const newest: number[] = [];
    for (const each of (await listSegments(this.files, directory)).reverse()) {
      const found = await surveyIfThere(this.files, each, FALLBACK_FRAMER);
      if (found !== undefined && isMisnamed(found)) continue;
      newest.push(each.base);
      if (found !== undefined && isBegun(found)) break;
    }
    return { newest, cursor: await cursorOf(this.files, directory) };
  }
}

async function segmentsOf(files: FileSystem, path: string, surroundings: Surroundings): Promise<ArchiveSegment[]> {
  const isThere = await files.stat(path) !== undefined;
  if (isThere) return await segmentsAt(files, path, surroundings) ?? [];
  if (!isPattern(path)) {
    throw usageError(`${path}: no such file or directory`, "name a journal directory or segment files");
  }
  const matching = async () => {
    const found = await expandPattern(files, path);
    if (found.length > 0) return found;
    throw usageError(`${path}: no file or directory matches`, "name a journal directory or segment files");
  };
  return (await listUntilStable(matching, (each) => segmentsAt(files, each, surroundings))).flat();
}

/** Undefined if it is a segment and gone. */
async function segmentsAt(
  files: FileSystem,
  path: string,
  surroundings: Surroundings,
): Promise<ArchiveSegment[] | undefined> {
  const isDirectory = (await files.stat(path))?.kind === "directory";
  return isDirectory ? await segmentsIn(files, trimSlash(path)) : await segmentAt(files, path, surroundings);
}

/**
 * The journal directory at `path`, without slashes at its end. Rejects with a
 * `SpillwayError` (exit code 2) if there is none.
 */
export async function journalAt(files: FileSystem, path: string): Promise<string> {
  const directory = trimSlash(path);
  const kind = (await files.stat(directory))?.kind;
  if (kind === undefined) throw usageError(`${path}: no such directory`, "name a journal directory");
  if (kind !== "directory") {
    throw usageError(`${path}: not a directory`, "name the directory of a journal, not one of its segments");
  }
  await listJournal(files, directory);
  return directory;
}

async function listJournal(files: FileSystem, directory: string): Promise<SegmentFile[]> {
  const found = await listSegments(files, directory);
  if (found.length > 0 || await isJournal(files, directory)) return found;
  const hint = hintForDirectory(await files.list(directory));
  throw usageError(`${directory}: no journal: there are no segment files in it`, hint);
}

/** Is there anything of a journal in this directory? */
export async function isJournal(files: FileSystem, directory: string): Promise<boolean> {
  const names = await files.list(directory);
  return names.some((name) => JOURNAL_FILES.includes(name)) || segmentsAmong(names, directory).length > 0;
}

async function segmentsIn(files: FileSystem, directory: string): Promise<ArchiveSegment[]> {
  const list = () => listJournal(files, directory);
  const segments = await listUntilStable(list, (each) => surveyListed(files, directory, each));
  // After that: of what was gone, the cursor says by now that it is delivered.
  const { cursor, isCertain } = await lookForCursor(files, directory);
  const newest = segments.findLastIndex((segment) => isBegun(segment) && !isMisnamed(segment));
  return segments.map((segment, i) => ({
    ...segment,
    cursor,
    newest: i >= newest && !isMisnamed(segment),
    withAllPending: isCertain,
  }));
}

/** Undefined if it is gone. */
async function segmentAt(
  files: FileSystem,
  path: string,
  surroundings: Surroundings,
): Promise<ArchiveSegment[] | undefined> {
  const slash = path.lastIndexOf("/");
  const directory = slash === -1 ? "." : path.slice(0, slash);
  const base = segmentBase(path.slice(slash + 1));
  if (base === undefined) {
    throw usageError(
      `${path}: not a segment file`,
      "segment files are called after their first frame: 20 digits and .seg or .seg.zst",
    );
  }
  const { newest, cursor } = await surroundings.of(directory);
  const segment = await surveyListed(files, directory, { base, path });
  return segment && [{ ...segment, cursor, newest: newest.includes(base), withAllPending: false }];
}

/** Undefined if it is gone since it was listed. */
export async function surveyListed(
  files: FileSystem,
  directory: string,
  { base, path }: Pick<SegmentFile, "base" | "path">,
) {
  const found = await surveyIfThere(files, { base, path }, FALLBACK_FRAMER);
  // It may have been compressed since it was listed.
  return found && { ...found, name: basename(found.path), directory };
}

/** Has it come to have a header, whatever has become of that? What is compressed was whole. */
function isBegun({ path, marks, size }: SegmentSurvey): boolean {
  return marks !== undefined || size >= SEGMENT_HEADER_BYTES || isCompressed(path);
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
