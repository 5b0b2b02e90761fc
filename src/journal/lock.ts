/**
 * Who may change a journal: one daemon (or repair) and one compaction at a time.
 * flock(2) on files that say who has them; the kernel lets go of them, however
 * we die.
 */
import { EXIT, SpillwayError } from "../base/error.ts";
import type { File, FileSystem } from "../runtime/files.ts";

const HOLDER_BYTES_MAX = 256;

/**
 * Takes the lock of the journal in `directory` and notes `holder` in it. Close
 * the file to release it. Rejects with a `SpillwayError` that names the other
 * holder, exit code 75, if it is taken; `hint` says what to do then.
 */
export function lockJournal(
  files: FileSystem,
  directory: string,
  holder: string,
  hint = "stop the other daemon, or give this route a journal directory of its own",
): Promise<File> {
  return takeLock(files, directory, "lock", holder, hint);
}

/** Likewise for what a compaction does to the journal, which it may do beside a daemon. */
export function lockCompaction(files: FileSystem, directory: string, holder: string): Promise<File> {
  return takeLock(files, directory, "compact.lock", holder, "it will be over before long; try again then");
}

async function takeLock(
  files: FileSystem,
  directory: string,
  name: string,
  holder: string,
  hint: string,
): Promise<File> {
  const file = await files.open(`${directory}/${name}`, "open");
  try {
    if (!await file.tryLock()) throw await inUse(file, directory, hint);
    await note(file, holder);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Who holds it is for people to read: a full disk is no reason to refuse the lock. */
async function note(file: File, holder: string): Promise<void> {
  try {
    const text = new TextEncoder().encode(`${holder}\n`).subarray(0, HOLDER_BYTES_MAX);
    await file.truncate(0);
    await file.writeAt([text], 0);
  } catch { /* the lock is held all the same */ }
}

async function inUse(file: File, directory: string, hint: string): Promise<SpillwayError> {
  const bytes = new Uint8Array(HOLDER_BYTES_MAX);
  const length = await file.readAt(bytes, 0).catch(() => 0);
  const holder = new TextDecoder().decode(bytes.subarray(0, length)).trim();
  return new SpillwayError(`journal ${directory}: in use by ${holder === "" ? "another process" : holder}`, {
    hint,
    exit: EXIT.busy,
  });
}
