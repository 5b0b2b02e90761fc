/**
 * Reads a journal, and then what comes: records that are appended, new segments,
 * and those of a daemon that starts again. Neither runtime can wait for a change
 * of a directory everywhere, so it is looked at again and again, seldom while
 * nothing comes; only a look that finds a change reads a file.
 */
import { usageError } from "../../../base/error.ts";
import type { Clock } from "../../../base/clock.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import type { ArchiveItem, Selection } from "../../archive.ts";
import { DirectoryArchive } from "./directory_archive.ts";
import { cursorOf, findSegments } from "./find_segments.ts";
import { FollowedFiles } from "./followed_files.ts";
import { trimSlash } from "./named_directories.ts";
import { ReadPlace } from "./read_place.ts";
import { SelectionCursor } from "./selection.ts";

/** The pause after a look that has found something, and the longest one, in ms. */
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 500;

export interface FollowOptions {
  readonly files: ReadableFiles;
  readonly clock: Pick<Clock, "sleep">;
  /** Aborted to end it. */
  readonly over: AbortSignal;
}

/**
 * The items of `Archive.read`, each once, of the journal in a directory, which may
 * not be there yet; ends with the last frame that the selection can have, or when
 * it is told to. `pending` says where it begins. Frames that were delivered and
 * removed before a look found them are told as `removed`. A journal that was
 * removed as a whole is followed again from the selection's beginning when there
 * is another one. Rejects with a SpillwayError (exit 2) if the path is no directory.
 */
export async function* followJournal(
  path: string,
  selection: Selection,
  { files, clock, over }: FollowOptions,
): AsyncGenerator<ArchiveItem> {
  const directory = trimSlash(path);
  await checkDirectory(files, directory);
  const followed = new FollowedFiles(files, directory);
  let reading: Reading | undefined;
  let seen: string | undefined;
  let isFirst = true;
  try {
    for (let pauseMs = 0; !over.aborted; await clock.sleep(pauseMs, over)) {
      const { isThere, hasSegments, state } = await followed.look(reading?.position ?? 0);
      pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, 2 * pauseMs));
      if (state === seen) continue;
      seen = state;
      pauseMs = PAUSE_MS_MIN;
      if (isThere) reading ??= await Reading.begin(followed, directory, selection, isFirst);
      isFirst = false;
      for await (const item of hasSegments && reading ? reading.next() : []) {
        yield item;
        if (over.aborted) return;
      }
      reading?.endPass();
      if (reading?.isOver) return;
      followed.release();
      if (!isThere) reading = undefined;
    }
  } finally {
    followed.close();
  }
}

async function checkDirectory(files: ReadableFiles, directory: string): Promise<void> {
  const kind = (await files.stat(directory))?.kind;
  if (kind === undefined || kind === "directory") return;
  throw usageError(
    `${directory}: not a directory`,
    "--follow takes the directory of a journal, not one of its segments",
  );
}

/** One journal from its first look to its last. */
class Reading {
  readonly #selected: SelectionCursor;
  readonly #place = new ReadPlace();
  #isOver = false;
  /** During the first pass: frames before this one that it does not find were removed before following began. */
  #history: number | undefined;

  private constructor(
    private readonly files: FollowedFiles,
    private readonly directory: string,
    selection: Selection,
    history: number | undefined,
  ) {
    this.#selected = new SelectionCursor(selection);
    this.#history = history;
    // Whatever a new journal has had is wanted.
    if (history === undefined) this.#selected.passOver(0);
  }

  /** `isOlder`: the journal was there before it was followed. */
  static async begin(
    files: FollowedFiles,
    directory: string,
    selection: Selection,
    isOlder: boolean,
  ): Promise<Reading> {
    const cursor = await cursorOf(files, directory) ?? 0;
    const history = isOlder ? cursor : undefined;
    if (!selection.pending) return new Reading(files, directory, selection, history);
    // Later on a frame may be delivered before a look finds it, and is wanted all the same.
    const from = Math.max(selection.from ?? 0, cursor);
    return new Reading(files, directory, { ...selection, from, pending: false }, history);
  }

  /** Frames before this one were gone through. */
  get position(): number {
    return this.#selected.position;
  }

  /** Can nothing that comes be selected? */
  get isOver(): boolean {
    return this.#isOver || this.#selected.done || this.position >= this.#selected.until;
  }

  /** What has come since the last time. */
  async *next(): AsyncGenerator<ArchiveItem> {
    const segments = await findSegments(this.files, [this.directory]);
    const archive = new DirectoryArchive(this.files, segments);
    for await (const item of archive.readOn({ selected: this.#selected, place: this.#place })) {
      if (item.kind === "missing" && this.#history === undefined) yield* removedOf(item, archive.cursor);
      else yield item;
    }
    this.#isOver = segments.some(({ base }) => base >= this.#selected.until);
  }

  /** To be called after each look, whether there was something to read or not. */
  endPass(): void {
    if (this.#history !== undefined) this.#selected.passOver(this.#history);
    this.#history = undefined;
  }
}

/** Of frames that were to come since the last look and are in no file, those below the cursor were delivered. */
function* removedOf(item: Extract<ArchiveItem, { kind: "missing" }>, cursor: number): Generator<ArchiveItem> {
  const { from, until } = item;
  if (from < cursor) yield { ...item, kind: "removed", until: Math.min(until, cursor) };
  if (until > cursor) yield { ...item, from: Math.max(from, cursor) };
}
