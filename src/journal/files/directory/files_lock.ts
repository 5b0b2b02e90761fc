/**
 * `files.lock` is held for moments while delivered segments are replaced or
 * removed. A compaction puts one file in the place of several; the daemon must not
 * take it for the file that had the name before, and remove it.
 */
import type { Clock } from "../../../base/clock.ts";
import type { File, FileSystem } from "../../../runtime/files.ts";

const RETRY_MS = 10;

/** How long a compaction waits for the daemon, which holds the lock for moments. */
export const COMPACTION_WAIT_MS = 10_000;

/** The locked file, to be closed to release the lock; undefined while another process has it. */
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

/** Like {@link tryFilesLock}, tried again until `waitMs` are over. */
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
