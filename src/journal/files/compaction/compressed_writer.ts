/** Writes a compressed segment, block by block. The file is complete once `finish` has resolved. */
import { constants, crc32, zstdCompressSync } from "node:zlib";
import type { WritableFile } from "../../../runtime/files.ts";
import {
  BLOCK_HEADER_BYTES,
  encodeBlockHeader,
  encodeHead,
  encodeIndex,
  encodeTrailer,
  HEAD_BYTES,
  type IndexEntry,
} from "../format/compressed.ts";

const WRITE_BYTES = 1024 * 1024;
const ZSTD = { params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 3 } };

/** Compresses one part of a segment to a zstd frame with a checksum, so that `zstd -t` checks it too. */
export function compressPart(part: Uint8Array): Uint8Array {
  return zstdCompressSync(part, ZSTD);
}

/** Bytes that a compressed part takes in the file, with its block header. */
export function blockBytes(compressed: Uint8Array): number {
  return BLOCK_HEADER_BYTES + compressed.length;
}

export class CompressedWriter {
  readonly #entries: IndexEntry[] = [];
  #offset = 0;
  /** Offset of the next block in the file. */
  #at = HEAD_BYTES;
  #lastBlock = HEAD_BYTES;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  /** `file` is empty; `salt` is that of the segment. */
  constructor(
    private readonly file: WritableFile,
    private readonly segment: { readonly base: number; readonly salt: Uint8Array },
  ) {}

  /** Adds the next part of the original: its header, a record with its header, or its footer. */
  async add(part: Uint8Array): Promise<void> {
    const data = compressPart(part);
    const header = { offset: this.#offset, length: part.length, compressed: data.length, crc: crc32(data) };
    this.#entries.push({ length: part.length, compressed: data.length });
    this.#lastBlock = this.#at;
    this.#offset += part.length;
    await this.#write(encodeBlockHeader(header, this.segment.salt), data);
  }

  /** Writes index and trailer, then the head, which says how large the original is. Does not sync. */
  async finish(): Promise<void> {
    const { base, salt } = this.segment;
    const index = this.#at;
    const size = this.#offset;
    await this.#write(encodeIndex(this.#entries, salt));
    const blocks = this.#entries.length;
    await this.#write(encodeTrailer({ salt, size, lastBlock: this.#lastBlock, index, blocks }));
    await this.#flush();
    await this.file.writeAt([encodeHead({ base, salt, size })], 0);
  }

  async #write(...parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      this.#pending.push(part);
      this.#pendingBytes += part.length;
      this.#at += part.length;
    }
    if (this.#pendingBytes >= WRITE_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pendingBytes > 0) await this.file.writeAt(this.#pending, this.#at - this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
