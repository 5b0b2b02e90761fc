/** Finds the salt of a compressed segment whose head and trailer are both damaged, from its blocks. */
import { crc32 } from "node:zlib";
import type { File } from "../../../runtime/files.ts";
import { nextBlock } from "./compressed_blocks.ts";
import { BLOCK_HEADER_BYTES, decodeBlockHeader, saltOfBlock } from "../format/compressed.ts";
import { decodeRecordHeader, decodeSegmentHeader, recordMagic } from "../format/segment.ts";
import { readSome } from "./tolerant_read.ts";

/**
 * The salt of the block with the segment's own header; else of the block with the
 * lowest record from `base` on, as for an uncompressed segment, because blocks of
 * another file may be among them; else of the first block. Undefined if there is
 * none.
 */
export async function findBlockSalt(
  file: File,
  fileBytes: number,
  base: number | undefined,
  decompress: (data: Uint8Array, length: number) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  let salt: Uint8Array | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = await nextBlock(file, 0, fileBytes, undefined); at < fileBytes;) {
    const bytes = await readSome(file, at, BLOCK_HEADER_BYTES);
    const { length, compressed, crc } = decodeBlockHeader(bytes, undefined)!;
    salt ??= saltOfBlock(bytes);
    const data = await readSome(file, at + BLOCK_HEADER_BYTES, compressed);
    const part = crc32(data) === crc ? await decompress(data, length) : undefined;
    if (part !== undefined && base !== undefined) {
      if (decodeSegmentHeader(part)?.base === base) return saltOfBlock(bytes);
      const first = decodeRecordHeader(part, 0, recordMagic())?.first ?? -1;
      if (first >= base && first < lowest) {
        lowest = first;
        salt = saltOfBlock(bytes);
      }
    }
    at = await nextBlock(file, at + 1, fileBytes, undefined);
  }
  return salt;
}
