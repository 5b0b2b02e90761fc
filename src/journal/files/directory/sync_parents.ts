/** Makes the name of a new journal directory survive a power loss, as its files do. */
import type { FileSystem } from "../../../runtime/files.ts";

/**
 * Syncs the directories above the journal's, each of which may have been made
 * with it. A failure is ignored: the next start tries again.
 */
export async function syncParents(files: FileSystem, directory: string): Promise<void> {
  for (let slash = directory.lastIndexOf("/"); slash >= 0; slash = directory.lastIndexOf("/", slash - 1)) {
    await files.syncDirectory(directory.slice(0, slash) || "/").catch(() => {});
    if (slash === 0) return;
  }
}
