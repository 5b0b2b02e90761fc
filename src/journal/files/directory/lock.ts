/**
 * Who may change a journal: one daemon (or repair, or skip) and one compaction
 * at a time. flock(2) on files that say who has them; the kernel lets go of
 * them, however we die. `lock` says as well what the last daemon keeps of what
 * is delivered, so that `spillway compact PATH` keeps as much.
 */
import { EXIT, failedWith, SpillwayError } from "../../../base/error.ts";
import type { File, FileSystem, WritableFile } from "../../../runtime/files.ts";
import type { JournalOptions } from "../../journal.ts";

const NOTE_BYTES_MAX = 512;

/** What is kept of delivered segments, and how large segments are meant to be. */
export type Keeping = Pick<JournalOptions, "rewindBytes" | "retainMs" | "retainBytes"> & {
  readonly segmentBytes: number;
};

const KEYS: Readonly<Record<string, keyof Keeping>> = {
  rewind_bytes: "rewindBytes",
  retain_ms: "retainMs",
  retain_bytes: "retainBytes",
  segment_bytes: "segmentBytes",
};

/** What a lock file says. */
export interface LockNote {
  /** Who has it, or had it last; empty where nobody has said so. */
  readonly holder: string;
  /** Undefined unless all of it is there. */
  readonly keeping: Keeping | undefined;
}

export interface LockOptions {
  /** What the daemon keeps; undefined: what the last one has noted stays. */
  readonly keeping?: Keeping;
  /** What to do if it is taken. */
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
  { keeping, hint = "stop the other daemon, or give this route a journal directory of its own" }: LockOptions = {},
): Promise<File> {
  return takeLock(files, { directory, name: "lock", taken: "in use", holder, keeping, hint });
}

/** Likewise for what a compaction does to the journal, which it may do beside a daemon. */
export function lockCompaction(files: FileSystem, directory: string, holder: string): Promise<File> {
  const taken = "being compacted or repaired";
  return takeLock(files, { directory, name: "compact.lock", taken, holder, hint: "try again when it is done" });
}

/** Who has taken the lock of the journal in `directory` last, and what it keeps, as far as it has said so. */
export async function readLockNote(files: FileSystem, directory: string): Promise<LockNote> {
  try {
    const file = await files.open(`${directory}/lock`, "read");
    try {
      return await readNote(file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (failedWith(error, "ENOENT")) return { holder: "", keeping: undefined };
    throw error;
  }
}

/** Of an open lock file. */
export async function readNote(file: File): Promise<LockNote> {
  const bytes = new Uint8Array(NOTE_BYTES_MAX);
  const length = await file.readAt(bytes, 0);
  const [holder, ...lines] = new TextDecoder().decode(bytes.subarray(0, length)).split("\n");
  const keeping: Partial<Record<keyof Keeping, number>> = {};
  for (const line of lines) {
    const [, name, value] = /^(\w+) = (\d+)$/.exec(line) ?? [];
    if (name !== undefined && Object.hasOwn(KEYS, name)) keeping[KEYS[name]] = Number(value);
  }
  const isWhole = Object.values(KEYS).every((key) => Number.isSafeInteger(keeping[key]));
  return { holder: holder.trim(), keeping: isWhole ? keeping as Keeping : undefined };
}

interface Lock extends LockOptions {
  readonly directory: string;
  readonly name: string;
  /** What the journal is while somebody has it. */
  readonly taken: string;
  readonly holder: string;
}

async function takeLock(files: FileSystem, lock: Lock): Promise<File> {
  const { directory, name, holder, keeping } = lock;
  const file = await files.open(`${directory}/${name}`, "open");
  try {
    if (!await file.tryLock()) throw await inUse(file, lock);
    await note(file, holder, keeping);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Who holds it is for people to read: a full disk is no reason to refuse the lock. */
async function note(file: WritableFile, holder: string, keeping: Keeping | undefined): Promise<void> {
  try {
    const kept = keeping ?? (await readNote(file)).keeping;
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
