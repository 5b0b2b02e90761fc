/**
 * The segment files that a command line names: whole journal directories,
 * single segments, copies in other places. They are read without a lock and
 * nothing is changed; a daemon or a compaction may be at work in the directory.
 */
import { Buffer } from "node:buffer";
import { basename, resolve } from "node:path";
import { usageError } from "../../../base/error.ts";
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import { readCursor } from "../directory/cursor_file.ts";
import { listUntilStable } from "../directory/list_until_stable.ts";
import { saltOf, SEGMENT_HEADER_BYTES, segmentBase } from "../format/segment.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { expandPattern, isPattern } from "./glob.ts";
import { listJournal, trimSlash } from "./named_directories.ts";
import { currentCursor } from "../catalog/fallback_cursor.ts";
import { isCompressed, listSegments, type SegmentFile } from "../segment/segment_files.ts";
import { isMisnamed, type SegmentSurvey, surveyIfThere, surveySegment } from "../segment/survey.ts";
import { surveyJournal } from "../directory/survey_journal.ts";

export interface ArchiveSegment extends SegmentSurvey {
  readonly name: string;
  readonly directory: string;
  /** The first frame of its journal that is not delivered; undefined if no cursor file says so. */
  readonly cursor: number | undefined;
  /**
   * Is it the newest of its directory whose header was written, or one after it?
   * Nothing more is written to the others.
   */
  readonly newest: boolean;
  /** Was its directory named, and is the cursor certain? Then pending frames that are not here are lost. */
  readonly withAllPending: boolean;
}

/** The segments after this one in its journal, in ascending order: where two have the same frame, the later one counts. */
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
export async function findSegments(files: ReadableFiles, paths: readonly string[]): Promise<ArchiveSegment[]> {
  const segments = new Map<string, ArchiveSegment>();
  const neighbourhoods = new Neighbourhoods(files);
  for (const path of paths) {
    // A directory and a pattern of its files may be named together: each file is listed and counted once.
    for (const segment of await segmentsOf(files, path, neighbourhoods)) {
      const file = resolve(segment.path);
      if (!segments.has(file) || segment.withAllPending) segments.set(file, segment);
    }
  }
  // A copy of a file, or another name of it, follows it: frames that come twice are passed over.
  return [...segments.values()].sort((a, b) => a.base - b.base || b.size - a.size);
}

/**
 * The segment as its open file has it: a compaction may have put one with more
 * frames in the place of the one that was listed. The frames of that one are
 * [base, footer.end) still.
 */
export async function surveyOpened(file: File, listed: ArchiveSegment): Promise<ArchiveSegment> {
  const found = await surveySegment(file, listed.path, listed.base, listed.framer);
  const isSame = listed.marks === undefined || found.marks === undefined ||
    Buffer.compare(saltOf(listed.marks), saltOf(found.marks)) === 0;
  // What was appended since it was listed does not count. Only a repair makes it shorter.
  return isSame && found.size >= listed.size ? listed : { ...listed, ...found, name: basename(found.path) };
}

/**
 * The first frame of the journal in `directory` that is not delivered; undefined
 * if there is no cursor file. Where that is damaged, what the next start of the daemon would take.
 */
export async function cursorOf(files: ReadableFiles, directory: string): Promise<number | undefined> {
  return (await lookUpCursor(files, directory)).cursor;
}

/** `isCertain`: the file has not held a newer one. */
async function lookUpCursor(files: ReadableFiles, directory: string) {
  const found = await readCursor(files, `${directory}/cursor`);
  if (found.kind === "absent") return { cursor: undefined, isCertain: false };
  if (found.kind === "valid") return { cursor: found.state.cursor, isCertain: found.newest };
  const { segments } = await surveyJournal(files, directory, FALLBACK_FRAMER);
  const { cursor } = await currentCursor(files, found, segments);
  return { cursor, isCertain: false };
}

/** What the directory of a single file says about it. Each directory is read once, however many of its files are named. */
class Neighbourhoods {
  readonly #known = new Map<string, Promise<Pick<ArchiveSegment, "cursor"> & { readonly newest: readonly number[] }>>();

  constructor(private readonly files: ReadableFiles) {}

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

async function segmentsOf(
  files: ReadableFiles,
  path: string,
  neighbourhoods: Neighbourhoods,
): Promise<ArchiveSegment[]> {
  const isThere = await files.stat(path) !== undefined;
  if (isThere) return await segmentsAt(files, path, neighbourhoods) ?? [];
  if (!isPattern(path)) {
    throw usageError(`${path}: no such file or directory`, "name a journal directory or segment files");
  }
  const matching = async () => {
    const found = await expandPattern(files, path);
    if (found.length > 0) return found;
    throw usageError(`${path}: no file or directory matches`, "name a journal directory or segment files");
  };
  return (await listUntilStable(matching, (each) => segmentsAt(files, each, neighbourhoods))).flat();
}

/** Undefined if it is a segment file that is gone. */
async function segmentsAt(
  files: ReadableFiles,
  path: string,
  neighbourhoods: Neighbourhoods,
): Promise<ArchiveSegment[] | undefined> {
  const isDirectory = (await files.stat(path))?.kind === "directory";
  return isDirectory ? await segmentsIn(files, trimSlash(path)) : await segmentAt(files, path, neighbourhoods);
}

async function segmentsIn(files: ReadableFiles, directory: string): Promise<ArchiveSegment[]> {
  const list = () => listJournal(files, directory);
  const segments = await listUntilStable(list, (each) => surveyListed(files, directory, each));
  // The cursor is read last: it then covers the frames of files that were gone.
  const { cursor, isCertain } = await lookUpCursor(files, directory);
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
  files: ReadableFiles,
  path: string,
  neighbourhoods: Neighbourhoods,
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
  const { newest, cursor } = await neighbourhoods.of(directory);
  const segment = await surveyListed(files, directory, { base, path });
  return segment && [{ ...segment, cursor, newest: newest.includes(base), withAllPending: false }];
}

/** Undefined if it is gone since it was listed. */
export async function surveyListed(
  files: ReadableFiles,
  directory: string,
  { base, path }: Pick<SegmentFile, "base" | "path">,
) {
  const found = await surveyIfThere(files, { base, path }, FALLBACK_FRAMER);
  // It may have been compressed since it was listed.
  return found && { ...found, name: basename(found.path), directory };
}

/** Was its header written, even if it is damaged now? A compressed segment had one. */
function isBegun({ path, marks, size }: SegmentSurvey): boolean {
  return marks !== undefined || size >= SEGMENT_HEADER_BYTES || isCompressed(path);
}
