/**
 * The file that `--progress-file` names: how far a replay has come, so that one
 * that was killed continues where the confirmed frames end.
 *
 * Each version of the file replaces the one before it by a rename: a reader finds
 * the old state or the new one, never a part.
 */
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { EXIT, messageOf, SpillwayError, SystemError } from "../base/error.ts";
import type { Selection } from "../journal/archive.ts";
import type { File, FileSystem } from "../runtime/files.ts";

/** What makes two runs the same replay. */
export interface ReplayIdentity {
  readonly target: string;
  /** The selection flags as they were written. */
  readonly flags: Readonly<Record<string, string | true>>;
}

/** How far it has come, over all its runs. */
export interface ReplayPosition {
  /** All selected frames below this sequence are confirmed. */
  readonly next: number;
  /** Frames and bytes that are confirmed. */
  readonly frames: number;
  readonly bytes: number;
  /** When the record of the last confirmed frame arrived, µs since 1970; null if none is confirmed. */
  readonly last_time_us: number | null;
  /** Everything that was selected is sent and confirmed. */
  readonly done: boolean;
}

export interface SavedReplay extends ReplayIdentity, ReplayPosition {
  /** Version of this file's format. */
  readonly spillway_replay: 1;
  /** Absolute paths of the directories that the segments were in. */
  readonly directories: readonly string[];
  /** What the flags meant when it began: durations before that time are points in time. */
  readonly selection: Selection;
}

/** The least time between two versions of the file. */
const WRITE_MS = 100;

/**
 * What the file at `path` says; undefined if there is none, or an empty one as
 * mktemp(1) makes it. Rejects with a `SpillwayError` if it is another kind of file.
 */
export async function readProgress(files: FileSystem, path: string): Promise<SavedReplay | undefined> {
  const text = await readText(files, path);
  if (text === undefined || text === "") return undefined;
  const saved = parse(text);
  if (saved !== undefined && isWhole(saved)) return saved;
  throw new SpillwayError(`--progress-file ${path}: not the progress file of a replay`, {
    hint: "name another file; if it is one and was damaged, remove it and begin with --from SEQ",
  });
}

/**
 * Locks the progress file at `path` until the returned file is closed: two replays
 * would send the same frames. The lock is a file of its own, which stays, because
 * the progress file is replaced again and again. Rejects with a `SpillwayError`,
 * exit code 75 if another replay has the lock.
 */
export async function lockProgress(files: FileSystem, path: string): Promise<File> {
  const file = await files.open(`${path}.lock`, "open").catch((error) => cannot(path, error, "nothing was sent"));
  if (await file.tryLock()) return file;
  file.close();
  throw new SpillwayError(`--progress-file ${path}: another replay is at work with it`, {
    hint: "wait for its end; the same command then goes on where it stopped",
    exit: EXIT.busy,
  });
}

export class ProgressFile {
  #latest: ReplayPosition;
  #written: ReplayPosition | undefined;
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** `head` is the part of the file that does not change. */
  constructor(
    private readonly files: FileSystem,
    private readonly clock: Clock,
    private readonly path: string,
    private readonly head: Omit<SavedReplay, keyof ReplayPosition>,
    begin: ReplayPosition,
  ) {
    this.#latest = begin;
  }

  /** Writes the position it begins with. Rejects with a `SpillwayError` if that is not possible. */
  async open(): Promise<void> {
    await this.#write(this.#latest, false).catch((error) => cannot(this.path, error, "nothing was sent"));
  }

  /** Notes how far the replay has come; written within about 100 ms. */
  note(position: ReplayPosition): void {
    this.#latest = position;
    this.#writing ??= this.#writeLater();
  }

  /** Resolves when the last position is synced to disk. Rejects with a `SpillwayError` if that is not possible. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    const { next } = this.#latest;
    const hint = `everything before frame ${next} is confirmed: --from ${next} goes on there`;
    await this.#write(this.#latest, true).catch((error) => cannot(this.path, error, hint));
  }

  /** After a failed write the next position is written, and the last one at the end. */
  async #writeLater(): Promise<void> {
    while (this.#latest !== this.#written && !this.#closing.signal.aborted) {
      const position = this.#latest;
      await this.#write(position, false).catch(() => this.#written = position);
      await this.clock.sleep(WRITE_MS, this.#closing.signal);
    }
    this.#writing = undefined;
  }

  async #write(position: ReplayPosition, sync: boolean): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const text = JSON.stringify({ ...this.head, ...position }, null, 1) + "\n";
    const file = await this.files.open(temporary, "open");
    try {
      await file.truncate(0);
      await file.writeAt([new TextEncoder().encode(text)], 0);
      if (sync) await file.sync();
    } finally {
      file.close();
    }
    await this.files.rename(temporary, this.path);
    if (sync) await this.files.syncDirectory(dirname(this.path));
    this.#written = position;
  }
}

function cannot(path: string, error: unknown, hint: string): never {
  const message = `--progress-file ${path}: cannot be written: ${messageOf(error)}`;
  throw new SpillwayError(message, { hint, cause: error });
}

async function readText(files: FileSystem, path: string): Promise<string | undefined> {
  try {
    const file = await files.open(path, "read");
    try {
      const bytes = new Uint8Array(await file.size());
      return new TextDecoder().decode(bytes.subarray(0, await file.readAt(bytes, 0)));
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "ENOENT") return undefined;
    throw new SpillwayError(`--progress-file ${path}: cannot be read: ${error.message}`, {
      hint: "name a file of your own, or one that is not there yet",
      cause: error,
    });
  }
}

/** The file may have been edited, or belong to another program. */
function isWhole(saved: Partial<SavedReplay>): saved is SavedReplay {
  const { spillway_replay, target, flags, directories, selection, next, frames, bytes, last_time_us } = saved;
  const isTable = (value: unknown) => typeof value === "object" && value !== null;
  return spillway_replay === 1 && typeof target === "string" && isTable(flags) && Array.isArray(directories) &&
    isTable(selection) && [next, frames, bytes].every(Number.isSafeInteger) &&
    (last_time_us === null || Number.isSafeInteger(last_time_us));
}

function parse(text: string): Partial<SavedReplay> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
