/**
 * `files.lock`: held for moments by whoever replaces or removes segments that are
 * delivered. A compaction puts a file in the place of several; the daemon must
 * not remove that one for the one that was there a moment ago.
 */
import type { Clock } from "../../../base/clock.ts";
import type { File, FileSystem } from "../../../runtime/files.ts";

const RETRY_MS = 10;

/** A compaction waits so long for the daemon, which holds it for moments. */
export const COMPACTION_WAIT_MS = 10_000;

/** Undefined while somebody else has it. Close the file to release it. */
export async function tryFilesLock(files: FileSystem, directory: string): Promise<File | undefined> {
  const file = await files.open(`${directory}/files.lock`, "open");
  try {
    if (await file.tryLock()) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/** Likewise, tried again until `waitMs` are over. */
export async function waitForFilesLock(
  files: FileSystem,
  directory: string,
  clock: Clock,
  waitMs: number,
): Promise<File | undefined> {
  const untilMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const lock = await tryFilesLock(files, directory);
    if (lock !== undefined || clock.monotonicMs() >= untilMs) return lock;
    await clock.sleep(RETRY_MS);
  }
}
