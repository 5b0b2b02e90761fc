/** A new journal directory must survive a power loss as its files do. */
import type { FileSystem } from "../../../runtime/files.ts";

/**
 * Syncs the directories above the journal's, each of which may have been made
 * with it. Where that cannot be, the next start tries again.
 */
export async function syncAbove(files: FileSystem, directory: string): Promise<void> {
  for (let slash = directory.lastIndexOf("/"); slash >= 0; slash = directory.lastIndexOf("/", slash - 1)) {
    await files.syncDirectory(directory.slice(0, slash) || "/").catch(() => {});
    if (slash === 0) return;
  }
}
