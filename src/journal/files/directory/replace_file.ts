/** Replaces files so that the old or the new one is there as a whole whenever the program is killed or the power lost. */
import type { FileSystem, WritableFile } from "../../../runtime/files.ts";

/**
 * Replaces the file at `path`, if there is one, by what `fill` writes: it is
 * written as `path.tmp`, synced and renamed. On rejection the old file is as it
 * was and `path.tmp` is removed. The new name survives a power loss once the
 * caller has synced the directory.
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
      // A process that was killed may have left such a file.
      await to.truncate(0);
      await fill(to);
      await to.sync();
    } finally {
      to.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    // On a full disk the unfinished file would take up space.
    await files.unlink(temporary).catch(() => {});
    throw error;
  }
}
