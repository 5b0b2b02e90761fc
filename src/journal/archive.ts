/**
 * The segment files that a command line names: whole journal directories,
 * single segments, copies in other places. Looked at without a lock and without
 * changing anything, beside a running daemon or long after it.
 */
import { Buffer } from "node:buffer";
import { basename, resolve } from "node:path";
import { mapConcurrently } from "../base/concurrently.ts";
import { usageError } from "../base/error.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import { readCursor } from "./cursor.ts";
import { saltOf, SEGMENT_HEADER_BYTES, segmentBase } from "./format.ts";
import { LINES } from "./framer_of.ts";
import { expandPattern, isPattern } from "./glob.ts";
import { newestNoted } from "./noted_cursor.ts";
import { decideCursor } from "./recovery.ts";
import { isCompressed, listSegments, openSegmentIfThere, type SegmentFile, segmentsAmong } from "./segment_files.ts";
import {
  type RecordTally,
  type SegmentSurvey,
  surveyIfThere,
  surveyJournal,
  surveySegment,
  tallyRecords,
} from "./survey.ts";

export interface ArchiveSegment extends SegmentSurvey {
  readonly name: string;
  readonly directory: string;
  /** The first frame of its journal that is not delivered; undefined if no cursor file says so. */
  readonly cursor: number | undefined;
  /**
   * Is it the newest of its directory, or, where that has not come to have a
   * header, the one before? Nothing more is written to the others.
   */
  readonly newest: boolean;
}

/** So many are open while their headers and footers are read: on a disk each of them takes its time. */
const FILES_AT_ONCE = 16;

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
    // A directory and a pattern of the files in it: each file is listed and counted once.
    for (const segment of await segmentsOf(files, path, surroundings)) {
      const file = resolve(segment.path);
      if (!segments.has(file)) segments.set(file, segment);
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
 * The segment in which frames of `gone` are now, whose file is there no more: a
 * compaction may have compressed it, or made one file of several. Undefined if
 * there is none.
 */
export async function successorOf(files: FileSystem, gone: ArchiveSegment): Promise<ArchiveSegment | undefined> {
  const { directory, base } = gone;
  const listed = await listSegments(files, directory);
  const heir = listed.findLast((each) => each.base <= base);
  if (heir === undefined) return undefined;
  const [segment] = await survey(files, directory, heir, gone.cursor, heir === listed.at(-1));
  if (segment === undefined) return undefined;
  return segment.footer === undefined || segment.footer.end > base ? segment : undefined;
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
  const found = await readCursor(files, `${directory}/cursor`);
  if (found.kind === "absent") return undefined;
  if (found.kind === "valid") return found.state.cursor;
  const { segments } = await surveyJournal(files, directory, LINES);
  const newest = await newestNoted(files, segments);
  return decideCursor({ found, newestNoted: newest, oldestBase: segments[0]?.base }).cursor;
}

/**
 * What is in a segment, from its footer, or from its record headers where it has
 * none; undefined if it has none and is gone since it was listed.
 */
export async function tallySegment(
  files: FileSystem,
  segment: ArchiveSegment,
): Promise<Pick<RecordTally, "frames" | "bytes" | "lowestUs" | "highestUs" | "end"> | undefined> {
  if (segment.footer !== undefined) return segment.footer;
  const file = await openSegmentIfThere(files, segment.path);
  if (file === undefined) return undefined;
  try {
    return await tallyRecords(file, segment, false);
  } finally {
    file.close();
  }
}

export type SegmentState = "open" | "sealed" | "delivered" | "compressed" | "damaged";

/** What can be said of a segment without reading its records. */
export function stateOf(segment: ArchiveSegment, end: number): SegmentState {
  const empty = segment.size <= SEGMENT_HEADER_BYTES;
  // A file of no bytes, or of a header alone as repair leaves it, has nothing in it that could be wrong.
  if (segment.header === undefined && segment.fileBytes > 0 && !(segment.newest && empty)) return "damaged";
  if (segment.footer === undefined && segment.newest) return "open";
  if (segment.footer === undefined && !empty) return "damaged";
  if (isCompressed(segment.path)) return "compressed";
  return segment.cursor !== undefined && end <= segment.cursor ? "delivered" : "sealed";
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
    const newestFirst = (await listSegments(this.files, directory)).reverse();
    const newest = newestFirst.slice(0, 1).map(({ base }) => base);
    for (const each of newestFirst) {
      if ((await surveyIfThere(this.files, each, LINES))?.marks === undefined) continue;
      newest.push(each.base);
      break;
    }
    return { newest, cursor: await cursorOf(this.files, directory) };
  }
}

async function segmentsOf(files: FileSystem, path: string, surroundings: Surroundings): Promise<ArchiveSegment[]> {
  const kind = (await files.stat(path))?.kind;
  if (kind === "directory") return await segmentsIn(files, trimSlash(path));
  if (kind !== undefined) return await segmentAt(files, path, surroundings);
  const matching = isPattern(path) ? await expandPattern(files, path) : [];
  if (matching.length === 0) {
    const what = isPattern(path) ? "no file or directory matches" : "no such file or directory";
    throw usageError(`${path}: ${what}`, "name a journal directory or segment files");
  }
  return (await mapConcurrently(matching, FILES_AT_ONCE, (each) => segmentsOf(files, each, surroundings))).flat();
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
  const found = await listJournal(files, directory);
  const cursor = await cursorOf(files, directory);
  const look = (each: SegmentFile) => survey(files, directory, each, cursor, false);
  const segments = (await mapConcurrently(found, FILES_AT_ONCE, look)).flat();
  const newest = [segments.at(-1), segments.findLast(({ marks }) => marks !== undefined)];
  return segments.map((segment) => ({ ...segment, newest: newest.includes(segment) }));
}

async function segmentAt(files: FileSystem, path: string, surroundings: Surroundings): Promise<ArchiveSegment[]> {
  const slash = path.lastIndexOf("/");
  const directory = slash === -1 ? "." : path.slice(0, slash);
  const name = path.slice(slash + 1);
  const base = segmentBase(name);
  if (base === undefined) {
    throw usageError(
      `${path}: not a segment file`,
      "segment files are called after their first frame: 20 digits and .seg or .seg.zst",
    );
  }
  const { newest, cursor } = await surroundings.of(directory);
  return await survey(files, directory, { base, name, path }, cursor, newest.includes(base));
}

/** Nothing if the daemon has unlinked it since it was listed. */
async function survey(
  files: FileSystem,
  directory: string,
  { base, path }: SegmentFile,
  cursor: number | undefined,
  newest: boolean,
): Promise<ArchiveSegment[]> {
  const found = await surveyIfThere(files, { base, path }, LINES);
  // It may have been compressed since it was listed.
  return found === undefined ? [] : [{ ...found, name: basename(found.path), directory, cursor, newest }];
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
