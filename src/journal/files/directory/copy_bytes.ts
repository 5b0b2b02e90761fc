/** Copies and compares byte ranges of files on disks that may have bad sectors. */
import { SystemError } from "../../../base/error.ts";
import type { File, WritableFile } from "../../../runtime/files.ts";
import { readTolerant } from "../segment/tolerant_read.ts";

const COPY_BYTES = 1024 * 1024;

/** Copies [offset, offset + bytes) of `from` to `at` of `to`; what cannot be read from the disk becomes zeros. */
export async function copyBytes(
  from: File,
  offset: number,
  to: WritableFile,
  at: number,
  bytes: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(bytes, COPY_BYTES));
  for (let done = 0; done < bytes;) {
    const piece = buffer.subarray(0, Math.min(buffer.length, bytes - done));
    const length = await readTolerant(from, piece, offset + done);
    if (length === 0) throw new SystemError("EIO", "read", from.path);
    await to.writeAt([piece.subarray(0, length)], at + done);
    done += length;
  }
}

/**
 * True if [offset, offset + bytes) of `file` has the contents of `other`. Bytes
 * that cannot be read count as zeros in both.
 */
export async function hasBytesOf(file: File, offset: number, bytes: number, other: File): Promise<boolean> {
  const [mine, its] = [new Uint8Array(Math.min(bytes, COPY_BYTES)), new Uint8Array(Math.min(bytes, COPY_BYTES))];
  for (let done = 0; done < bytes; done += mine.length) {
    const length = Math.min(mine.length, bytes - done);
    const read = await readTolerant(file, mine.subarray(0, length), offset + done);
    const there = await readTolerant(other, its.subarray(0, length), done);
    if (read !== there || mine.subarray(0, read).some((byte, i) => byte !== its[i])) return false;
  }
  return true;
}

/** Rejects with the `SystemError` of the disk if a byte of the range cannot be read. */
export async function assertReadable(file: File, offset: number, bytes: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(bytes, COPY_BYTES));
  for (let done = 0; done < bytes; done += buffer.length) {
    await file.readAt(buffer.subarray(0, Math.min(buffer.length, bytes - done)), offset + done);
  }
}
