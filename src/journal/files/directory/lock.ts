/**
 * The locks of a journal: one daemon (or repair, or skip) and one compaction may
 * change it at a time. They are flock(2) locks, which the kernel releases however
 * the process ends, on files that name their holder. `lock` also says how much of
 * the delivered segments the last daemon kept, so that `spillway compact PATH`
 * keeps as much.
 */
import { EXIT, failedWith, SpillwayError } from "../../../base/error.ts";
import type { File, FileSystem, WritableFile } from "../../../runtime/files.ts";
import type { JournalOptions } from "../../journal.ts";

const NOTE_BYTES_MAX = 512;

/** What is kept of delivered segments, and how large segments are meant to be. */
export type RetentionSettings = Pick<JournalOptions, "rewindBytes" | "retainMs" | "retainBytes"> & {
  readonly segmentBytes: number;
};

const KEYS: Readonly<Record<string, keyof RetentionSettings>> = {
  rewind_bytes: "rewindBytes",
  retain_ms: "retainMs",
  retain_bytes: "retainBytes",
  segment_bytes: "segmentBytes",
};

/** The text in a lock file. */
export interface LockNote {
  /** The process that has the lock, or had it last; empty if the file does not say so. */
  readonly holder: string;
  /** Undefined unless the file has all of them. */
  readonly retention: RetentionSettings | undefined;
}

export interface LockOptions {
  /** What the daemon keeps; undefined: the note of the last daemon stays. */
  readonly retention?: RetentionSettings;
  /** The hint of the error if the lock is taken. */
  readonly hint?: string;
}

/**
 * Takes the lock of the journal in `directory` and notes `holder` in it. Close
 * the file to release it. Rejects with a `SpillwayError` that names the other
 * holder, exit code 75, if it is taken.
 */
export function lockJournal(
  files: FileSystem,
  directory: string,
  holder: string,
  { retention, hint = "stop the other daemon, or give this route a journal directory of its own" }: LockOptions = {},
): Promise<File> {
  return takeLock(files, { directory, name: "lock", taken: "in use", holder, retention, hint });
}

/** Like {@link lockJournal} for a compaction, which may run beside a daemon. */
export function lockCompaction(files: FileSystem, directory: string, holder: string): Promise<File> {
  const taken = "being compacted or repaired";
  return takeLock(files, { directory, name: "compact.lock", taken, holder, hint: "try again when it is done" });
}

/** The last holder of the lock of the journal in `directory`, and what it keeps, as far as the file says so. */
export async function readLockNote(files: FileSystem, directory: string): Promise<LockNote> {
  try {
    const file = await files.open(`${directory}/lock`, "read");
    try {
      return await readNote(file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (failedWith(error, "ENOENT")) return { holder: "", retention: undefined };
    throw error;
  }
}

/** The note in an open lock file. */
export async function readNote(file: File): Promise<LockNote> {
  const bytes = new Uint8Array(NOTE_BYTES_MAX);
  const length = await file.readAt(bytes, 0);
  const [holder, ...lines] = new TextDecoder().decode(bytes.subarray(0, length)).split("\n");
  const retention: Partial<Record<keyof RetentionSettings, number>> = {};
  for (const line of lines) {
    const [, name, value] = /^(\w+) = (\d+)$/.exec(line) ?? [];
    if (name !== undefined && Object.hasOwn(KEYS, name)) retention[KEYS[name]] = Number(value);
  }
  const isWhole = Object.values(KEYS).every((key) => Number.isSafeInteger(retention[key]));
  return { holder: holder.trim(), retention: isWhole ? retention as RetentionSettings : undefined };
}

interface Lock extends LockOptions {
  readonly directory: string;
  readonly name: string;
  /** What the journal is while the lock is taken, for messages. */
  readonly taken: string;
  readonly holder: string;
}

async function takeLock(files: FileSystem, lock: Lock): Promise<File> {
  const { directory, name, holder, retention } = lock;
  const file = await files.open(`${directory}/${name}`, "open");
  try {
    if (!await file.tryLock()) throw await inUse(file, lock);
    await note(file, holder, retention);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Writes the holder into the file. It is for people to read, so a full disk does not refuse the lock. */
async function note(file: WritableFile, holder: string, retention: RetentionSettings | undefined): Promise<void> {
  try {
    const kept = retention ?? (await readNote(file)).retention;
    const lines = kept === undefined ? [] : Object.entries(KEYS).map(([name, key]) => `${name} = ${kept[key]}\n`);
    const text = new TextEncoder().encode(`${holder.slice(0, NOTE_BYTES_MAX / 2)}\n${lines.join("")}`);
    await file.truncate(0);
    await file.writeAt([text], 0);
  } catch { /* the lock is held all the same */ }
}

async function inUse(file: File, { directory, taken, hint }: Lock): Promise<SpillwayError> {
  const { holder } = await readNote(file).catch(() => ({ holder: "" }));
  return new SpillwayError(`journal ${directory}: ${taken} by ${holder === "" ? "another process" : holder}`, {
    hint,
    exit: EXIT.busy,
  });
}
