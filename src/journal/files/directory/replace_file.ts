/** Files that are there as a whole or not at all, at whatever moment the program is killed or the power lost. */
import type { FileSystem, WritableFile } from "../../../runtime/files.ts";

/**
 * Puts what `fill` writes to `path`, in the place of a file that is there:
 * written aside as `path.tmp`, synced, renamed. Rejects with that file as it was
 * and nothing left aside. The name survives a power loss once the caller has
 * synced the directory.
 */
export async function replaceFile(
  files: FileSystem,
  path: string,
  fill: (to: WritableFile) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const to = await files.open(temporary, "open");
    try {
      // A run that was killed may have left something there.
      await to.truncate(0);
      await fill(to);
      await to.sync();
    } finally {
      to.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    // On a full disk it would keep the room that it could not do with.
    await files.unlink(temporary).catch(() => {});
    throw error;
  }
}
