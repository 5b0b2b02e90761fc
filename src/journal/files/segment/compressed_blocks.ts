/**
 * Where each part of a segment stands in its compressed file: from the index, or
 * where that is damaged, by walking over the block headers and past what is none.
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

/** One block: what it is in the original, and where it stands in the file, its header included. */
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
    /** Where the blocks end in the file, and index and trailer begin. */
    readonly end: number,
    /** Were they taken from the index? */
    readonly indexed: boolean,
  ) {}

  /** The block that has this byte of the original, else where the next block begins (`undefined`: none does). */
  at(offset: number): BlockPlace | { readonly next: number | undefined } {
    const place = this.places[this.#lastAtOrBefore(offset)];
    if (place !== undefined && offset < place.offset + place.length) return place;
    return { next: this.places[this.#lastAtOrBefore(offset) + 1]?.offset };
  }

  /** What [offset, offset + bytes) of the original is in the file: whole blocks, and what stands where one is missing. */
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

/** Finds the blocks of a compressed segment by its index; undefined if there is none that is whole. */
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
 * Finds them by looking at the whole file, whatever order they stand in and
 * however often: the first whole copy of each counts, else the first that has a
 * header.
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
    // Where bytes of its data are gone, the next one begins before the header says so.
    const end = isWhole ? at + size : Math.min(at + size, await nextBlock(file, at + 1, limit, salt));
    places.push({ offset: header.offset, length: header.length, at, bytes: end - at, isWhole });
    at = end;
  }
  return places;
}

/** Where the next block header stands in [from, limit), `limit` if there is none; any segment's without `salt`. */
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
