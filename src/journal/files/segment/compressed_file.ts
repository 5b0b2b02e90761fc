/**
 * A compressed segment, read as if it were the file that the daemon wrote:
 * offsets and sizes are the original's. A damaged block reads as bytes 0xff, so
 * that a walk over the records finds the next one. Zeros at the end of a segment
 * would pass for a write that a power loss cut short.
 */
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import { promisify } from "node:util";
import { crc32, zstdDecompress, zstdDecompressSync } from "node:zlib";
import type { File, FileOpener } from "../../../runtime/files.ts";
import { FileWindow } from "./file_window.ts";
import { BlockMap, type BlockPlace, blocksOfIndex, searchBlocks } from "./compressed_blocks.ts";
import { type FileRange } from "../format/ranges.ts";
import {
  BLOCK_HEADER_BYTES,
  compressedPreamble,
  decodeBlockHeader,
  decodeHead,
  decodeTrailer,
  HEAD_BYTES,
  type Trailer,
  TRAILER_BYTES,
} from "../format/compressed.ts";
import { segmentBase } from "../format/segment.ts";
import { findBlockSalt } from "./compressed_salt.ts";
import { newerVersion } from "../format/preamble.ts";
import { readSome } from "./tolerant_read.ts";

/** Enough for the head and the block of the segment's header. */
const BEGINNING_BYTES = 2048;
const READ_BYTES = 256 * 1024;
/** Up to this size decompression takes less than a millisecond, which is less than another thread costs. */
const AT_ONCE_BYTES = 512 * 1024;
const DAMAGED_BYTE = 0xff;

const decompressAside = promisify(zstdDecompress);

interface Known {
  readonly fileBytes: number;
  readonly salt: Uint8Array | undefined;
  readonly headIntact: boolean;
  readonly trailer: Trailer | undefined;
  /** Bytes of the original, as head or trailer give them. */
  readonly size: number | undefined;
}

/** A range of the original; without `bytes` it is damaged. */
interface DecodedBlock {
  readonly offset: number;
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
}

/** One call at a time. */
export class CompressedSegment implements File {
  /** Offset in the file after the last block read: a reader that goes on there is likely to read the next one too. */
  #ahead = -1;
  #current: DecodedBlock | undefined;
  #map: BlockMap | undefined;
  #search: BlockMap | undefined;
  /** The first and last block, which are found without the map. */
  #ends: readonly BlockPlace[] | undefined;

  private constructor(
    /** The compressed file itself. */
    readonly file: File,
    private readonly chunk: FileWindow,
    private readonly known: Known,
  ) {}

  /** Rejects as `FileSystem.open` does, and with a `SpillwayError` for a newer format version. */
  static async open(files: FileOpener, path: string): Promise<CompressedSegment> {
    const file = await files.open(path, "read");
    try {
      const fileBytes = await file.size();
      const chunk = new FileWindow(file, Math.min(fileBytes, READ_BYTES));
      const beginning = await chunk.load(0, HEAD_BYTES, Math.min(fileBytes, BEGINNING_BYTES));
      const preamble = compressedPreamble(beginning);
      if (preamble.kind === "newer") throw newerVersion(path, preamble.version);
      const decoded = decodeHead(beginning);
      const base = segmentBase(basename(path));
      // The head of another segment does not count. A file that is being written has no segment name yet.
      const head = base === undefined || decoded?.base === base ? decoded : undefined;
      const trailer = await readTrailer(file, fileBytes);
      const salt = head?.salt ?? trailer?.salt ?? await findBlockSalt(file, fileBytes, base, decompress);
      const size = head?.size ?? trailer?.size;
      const known = { fileBytes, salt, headIntact: head !== undefined, trailer, size };
      return new CompressedSegment(file, chunk, known);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.file.path;
  }

  /** Bytes of the compressed file. */
  get fileBytes(): number {
    return this.known.fileBytes;
  }

  /**
   * Bytes of the original; if head and trailer are damaged, up to the end of the
   * last block. Without any block it is the size of the file, all of it damaged.
   */
  async size(): Promise<number> {
    if (this.known.size !== undefined) return this.known.size;
    const last = (await this.#blocks()).places.at(-1);
    return last === undefined ? this.fileBytes : last.offset + last.length;
  }

  async readAt(into: Uint8Array, position: number): Promise<number> {
    const length = Math.max(0, Math.min(into.length, await this.size() - position));
    for (let done = 0; done < length;) {
      const { offset, length: available, bytes } = await this.#blockAt(position + done);
      const skip = position + done - offset;
      const count = Math.min(length - done, available - skip);
      if (bytes === undefined) into.fill(DAMAGED_BYTE, done, done + count);
      else into.set(bytes.subarray(skip, skip + count), done);
      done += count;
    }
    return length;
  }

  /** The range of the compressed file that holds [offset, offset + bytes) of the original: whole blocks with their headers. */
  async rangeInFile(offset: number, bytes: number): Promise<FileRange> {
    if (offset === 0 && bytes >= await this.size()) return { offset: 0, bytes: this.fileBytes };
    return (await this.#blocks()).rangeInFile(offset, bytes);
  }

  /** Damage of the compressed file that costs no byte of the original: its head, index or trailer. */
  async damagedExtras(): Promise<FileRange[]> {
    const { headIntact, fileBytes, trailer } = this.known;
    const damaged: FileRange[] = headIntact ? [] : [{ offset: 0, bytes: Math.min(HEAD_BYTES, fileBytes) }];
    const { end, indexed } = await this.#blocks();
    if (trailer === undefined) damaged.push({ offset: end, bytes: fileBytes - end });
    else if (!indexed) damaged.push({ offset: end, bytes: fileBytes - TRAILER_BYTES - end });
    return damaged.filter(({ bytes }) => bytes > 0);
  }

  close(): void {
    this.file.close();
  }

  async #blocks(): Promise<BlockMap> {
    const { salt, fileBytes, trailer } = this.known;
    if (this.#map !== undefined) return this.#map;
    if (salt === undefined) return this.#map = new BlockMap([], HEAD_BYTES, false);
    const indexed = trailer === undefined ? undefined : await blocksOfIndex(this.file, fileBytes, salt, trailer);
    return this.#map = indexed ?? await this.#searched(salt);
  }

  /** Finds blocks that are not where the index says, by a search of the file that is made once. */
  async #searched(salt: Uint8Array): Promise<BlockMap> {
    const { fileBytes, trailer } = this.known;
    return this.#search ??= await searchBlocks(this.file, fileBytes, salt, trailer);
  }

  async #blockAt(position: number): Promise<DecodedBlock> {
    const current = this.#current;
    if (current !== undefined && position >= current.offset && position < current.offset + current.length) {
      return current;
    }
    return this.#current = await this.#readBlock(position);
  }

  async #readBlock(position: number): Promise<DecodedBlock> {
    const place = await this.#endAt(position) ?? (await this.#blocks()).at(position);
    const block = await this.#decode(place, position);
    if (block.bytes !== undefined || this.known.salt === undefined) return block;
    return await this.#decode((await this.#searched(this.known.salt)).at(position), position);
  }

  async #decode(place: ReturnType<BlockMap["at"]>, position: number): Promise<DecodedBlock> {
    if ("next" in place) {
      const next = place.next ?? Number.POSITIVE_INFINITY;
      return { offset: position, length: next - position, bytes: undefined };
    }
    return { offset: place.offset, length: place.length, bytes: await this.#decompress(place) };
  }

  /** The first or last block, if it has this byte: header and footer of a segment are read without its index. */
  async #endAt(position: number): Promise<BlockPlace | undefined> {
    if (this.#map !== undefined) return undefined;
    const { salt, trailer } = this.known;
    if (this.#ends === undefined) {
      const ends = [await this.#placeAt(HEAD_BYTES, salt), await this.#placeAt(trailer?.lastBlock, salt)];
      this.#ends = ends.filter((place) => place !== undefined);
    }
    return this.#ends.find(({ offset, length }) => position >= offset && position < offset + length);
  }

  async #placeAt(at: number | undefined, salt: Uint8Array | undefined): Promise<BlockPlace | undefined> {
    const { fileBytes, trailer } = this.known;
    const limit = trailer?.index ?? fileBytes;
    if (at === undefined || salt === undefined || at + BLOCK_HEADER_BYTES > limit) return undefined;
    const bytes = this.chunk.peek(at, BLOCK_HEADER_BYTES) ?? await readSome(this.file, at, BLOCK_HEADER_BYTES);
    const header = decodeBlockHeader(bytes, salt);
    if (header === undefined || at + BLOCK_HEADER_BYTES + header.compressed > limit) return undefined;
    return { offset: header.offset, length: header.length, at, bytes: BLOCK_HEADER_BYTES + header.compressed };
  }

  async #decompress(place: BlockPlace): Promise<Uint8Array | undefined> {
    const { at, bytes: needed, length } = place;
    const until = at === this.#ahead ? this.known.fileBytes : at + needed;
    const bytes = (this.chunk.peek(at, needed) ?? await this.chunk.load(at, needed, until)).subarray(0, needed);
    this.#ahead = at + needed;
    const header = decodeBlockHeader(bytes, this.known.salt);
    if (header?.offset !== place.offset || header.length !== length || bytes.length < needed) return undefined;
    const data = bytes.subarray(BLOCK_HEADER_BYTES);
    if (header.compressed !== data.length || header.crc !== crc32(data)) return undefined;
    return await decompress(data, length);
  }
}

/** Undefined unless the result has exactly `length` bytes: neither runtime reports an input that is too short. */
async function decompress(data: Uint8Array, length: number): Promise<Uint8Array | undefined> {
  try {
    const options = { maxOutputLength: Math.max(1, length) };
    const bytes = length <= AT_ONCE_BYTES
      ? zstdDecompressSync(data, options)
      : await decompressAside(Buffer.from(data), options);
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

async function readTrailer(file: File, fileBytes: number): Promise<Trailer | undefined> {
  if (fileBytes < TRAILER_BYTES) return undefined;
  return decodeTrailer(await readSome(file, fileBytes - TRAILER_BYTES, TRAILER_BYTES), fileBytes);
}
