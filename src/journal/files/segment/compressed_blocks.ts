/**
 * Finds each part of a segment in its compressed file: from the index, or if that
 * is damaged, by walking over the block headers and past damaged bytes.
 */
import { crc32 } from "node:zlib";
import type { File } from "../../../runtime/files.ts";
import type { FileRange } from "../format/ranges.ts";
import { FileWindow } from "./file_window.ts";
import {
  BLOCK_HEADER_BYTES,
  blockMark,
  COMPRESSED_MARK_OFFSET,
  decodeBlockHeader,
  decodeIndex,
  HEAD_BYTES,
  type Trailer,
  TRAILER_BYTES,
} from "../format/compressed.ts";
import { occurrences } from "./find_record.ts";
import { readTolerant } from "./tolerant_read.ts";

/** One block: its range in the original, and its range in the file, with its header. */
export interface BlockPlace {
  readonly offset: number;
  readonly length: number;
  readonly at: number;
  readonly bytes: number;
}

const HEADERS_BYTES = 64 * 1024;

export class BlockMap {
  constructor(
    /** Ascending; without damage they cover the original without a gap. */
    readonly places: readonly BlockPlace[],
    /** Offset in the file at which the blocks end, and index and trailer begin. */
    readonly end: number,
    /** True if the places were taken from the index. */
    readonly indexed: boolean,
  ) {}

  /** The block that has this byte of the original; else the offset at which the next block begins, if there is one. */
  at(offset: number): BlockPlace | { readonly next: number | undefined } {
    const place = this.places[this.#lastAtOrBefore(offset)];
    if (place !== undefined && offset < place.offset + place.length) return place;
    return { next: this.places[this.#lastAtOrBefore(offset) + 1]?.offset };
  }

  /** The range of the file that holds [offset, offset + bytes) of the original: whole blocks, and what is in the place of missing ones. */
  rangeInFile(offset: number, bytes: number): FileRange {
    const first = this.#lastAtOrBefore(offset);
    const before = this.places[first];
    const from = before === undefined
      ? HEAD_BYTES
      : offset < before.offset + before.length
      ? before.at
      : before.at + before.bytes;
    const last = this.places[this.#lastAtOrBefore(offset + Math.max(1, bytes) - 1)];
    const within = last !== undefined && offset + bytes <= last.offset + last.length;
    const until = within
      ? last.at + last.bytes
      : this.places[this.#lastAtOrBefore(offset + bytes - 1) + 1]?.at ?? this.end;
    return { offset: from, bytes: Math.max(0, until - from) };
  }

  /** Index of the last block that begins at or before this byte of the original; -1 if there is none. */
  #lastAtOrBefore(offset: number): number {
    let low = 0;
    let high = this.places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.places[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Finds the blocks of a compressed segment by its index; undefined if the index is damaged. */
export async function blocksOfIndex(
  file: File,
  fileBytes: number,
  salt: Uint8Array,
  trailer: Trailer,
): Promise<BlockMap | undefined> {
  const places = await readIndex(file, fileBytes, salt, trailer);
  return places === undefined ? undefined : new BlockMap(places, trailer.index, true);
}

/**
 * Finds the blocks by searching the whole file, in whatever order and how often
 * they occur: the first whole copy of each counts, else the first with a header.
 */
export async function searchBlocks(
  file: File,
  fileBytes: number,
  salt: Uint8Array,
  trailer: Trailer | undefined,
): Promise<BlockMap> {
  const found = await allBlocks(file, fileBytes, salt);
  const end = trailer?.index ?? found.reduce((end, { at, bytes }) => Math.max(end, at + bytes), HEAD_BYTES);
  found.sort((a, b) => a.offset - b.offset || Number(b.isWhole) - Number(a.isWhole) || a.at - b.at);
  const places: BlockPlace[] = [];
  let offset = 0;
  for (const place of found) {
    if (place.offset < offset) continue;
    places.push(place);
    offset = place.offset + place.length;
  }
  return new BlockMap(places, end, false);
}

async function readIndex(
  file: File,
  fileBytes: number,
  salt: Uint8Array,
  trailer: Trailer,
): Promise<BlockPlace[] | undefined> {
  const bytes = new Uint8Array(fileBytes - TRAILER_BYTES - trailer.index);
  if (await readTolerant(file, bytes, trailer.index) < bytes.length) return undefined;
  const entries = decodeIndex(bytes, salt);
  if (entries === undefined) return undefined;
  const places: BlockPlace[] = [];
  let offset = 0;
  let at = HEAD_BYTES;
  for (const { length, compressed } of entries) {
    const bytes = BLOCK_HEADER_BYTES + compressed;
    places.push({ offset, length, at, bytes });
    offset += length;
    at += bytes;
  }
  return at === trailer.index && offset === trailer.size ? places : undefined;
}

async function allBlocks(file: File, limit: number, salt: Uint8Array) {
  const chunk = new FileWindow(file, Math.min(limit, HEADERS_BYTES));
  const places: (BlockPlace & { readonly isWhole: boolean })[] = [];
  for (let at = 0; at + BLOCK_HEADER_BYTES <= limit;) {
    let bytes = chunk.peek(at, BLOCK_HEADER_BYTES) ?? await chunk.load(at, BLOCK_HEADER_BYTES, limit);
    const header = decodeBlockHeader(bytes, salt);
    const size = BLOCK_HEADER_BYTES + (header?.compressed ?? 0);
    if (header === undefined || at + size > limit) {
      at = await nextBlock(file, at + 1, limit, salt);
      continue;
    }
    bytes = chunk.peek(at, size) ?? await chunk.load(at, size, limit);
    const isWhole = crc32(bytes.subarray(BLOCK_HEADER_BYTES, size)) === header.crc;
    // If bytes of its data are missing, the next block begins before the end that the header gives.
    const end = isWhole ? at + size : Math.min(at + size, await nextBlock(file, at + 1, limit, salt));
    places.push({ offset: header.offset, length: header.length, at, bytes: end - at, isWhole });
    at = end;
  }
  return places;
}

/** Offset of the next block header in [from, limit), `limit` if there is none; without `salt` that of any segment counts. */
export async function nextBlock(
  file: File,
  from: number,
  limit: number,
  salt: Uint8Array | undefined,
): Promise<number> {
  const header = new Uint8Array(BLOCK_HEADER_BYTES);
  for await (const mark of occurrences(file, from + COMPRESSED_MARK_OFFSET, limit, blockMark(salt))) {
    const at = mark - COMPRESSED_MARK_OFFSET;
    const length = await readTolerant(file, header, at);
    if (decodeBlockHeader(header.subarray(0, length), salt) !== undefined) return at;
  }
  return limit;
}
