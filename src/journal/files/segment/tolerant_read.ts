/** Reads from a disk with bad sectors: what cannot be read is returned as zeros, which fail every checksum. */
import { failedWith } from "../../../base/error.ts";
import type { File } from "../../../runtime/files.ts";

/** The smallest piece that is replaced by zeros. */
const SECTOR_BYTES = 4096;

/** Reads `length` bytes from `position` on, fewer only at the end of the file; bytes that cannot be read are zeros. */
export async function readSome(file: File, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, await readTolerant(file, bytes, position));
}

/** Like `File.readAt`, but an EIO makes zeros of the 4096 bytes around it and affects nothing else. */
export async function readTolerant(file: File, into: Uint8Array, position: number): Promise<number> {
  try {
    return await file.readAt(into, position);
  } catch (error) {
    if (!failedWith(error, "EIO")) throw error;
  }
  const size = Math.max(0, Math.min(into.length, await file.size() - position));
  for (let done = 0; done < size;) {
    const piece = into.subarray(done, Math.min(size, done + SECTOR_BYTES - (position + done) % SECTOR_BYTES));
    try {
      if (await file.readAt(piece, position + done) < piece.length) piece.fill(0);
    } catch (error) {
      if (!failedWith(error, "EIO")) throw error;
      piece.fill(0);
    }
    done += piece.length;
  }
  return size;
}
