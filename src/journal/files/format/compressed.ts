/**
 * The bytes of a compressed segment, see FORMAT.md: encoding and decoding,
 * nothing that touches a disk. Everything except compressed data is in zstd's
 * skippable frames, so that any zstd program restores the original.
 */
import { crc32 } from "node:zlib";
import { SALT_BYTES } from "./segment.ts";
import {
  areCounts,
  decodePreamble,
  encodePreamble,
  FORMAT_VERSION,
  getU64,
  type Preamble,
  setU64,
  viewOf,
} from "./preamble.ts";

// All sizes include zstd's own 8 bytes.
export const HEAD_BYTES = 64;
export const BLOCK_HEADER_BYTES = 44;
export const TRAILER_BYTES = 52;
/** Offset of magic and salt in a block header, index or trailer, after zstd's own 8 bytes. */
export const COMPRESSED_MARK_OFFSET = 8;

const COMPRESSED_MAGIC = "SPILLZST";
/** One of the 16 magic numbers of a skippable frame (RFC 8878, 3.1.2): 0x184d2a57, little-endian. */
const SKIPPABLE = Uint8Array.of(0x57, 0x2a, 0x4d, 0x18);
const BLOCK_MAGIC = Uint8Array.of(0xf7, 0x5a, 0x42, 0x4b);
const INDEX_MAGIC = Uint8Array.of(0xf7, 0x5a, 0x49, 0x58);
const TRAILER_MAGIC = Uint8Array.of(0xf7, 0x5a, 0x45, 0x4e);

const HEAD_CRC_OFFSET = HEAD_BYTES - 4;
const BLOCK_CRC_OFFSET = BLOCK_HEADER_BYTES - 4;
const TRAILER_CRC_OFFSET = TRAILER_BYTES - 4;
const INDEX_HEAD_BYTES = 24;
const INDEX_ENTRY_BYTES = 8;

export interface CompressedHead {
  readonly base: number;
  /** The salt of the segment inside. */
  readonly salt: Uint8Array;
  /** Bytes of the original. */
  readonly size: number;
}

/** The header before each piece of compressed data. */
export interface BlockHeader {
  /** The range of the original that the data holds, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of compressed data that follow. */
  readonly compressed: number;
  /** CRC-32 of the compressed data. */
  readonly crc: number;
}

export interface Trailer {
  readonly salt: Uint8Array;
  /** Bytes of the original. */
  readonly size: number;
  /** Offset of the last block's header in the file. */
  readonly lastBlock: number;
  /** Offset of the index in the file, where the blocks end. */
  readonly index: number;
  readonly blocks: number;
}

/** One block in the index. */
export type IndexEntry = Pick<BlockHeader, "length" | "compressed">;

/** A skippable frame of `bytes` bytes in all, zeros behind zstd's own 8 bytes. */
function skippable(bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  frame.set(SKIPPABLE);
  viewOf(frame).setUint32(4, bytes - 8, true);
  return frame;
}

function isSkippable(bytes: Uint8Array, length: number): boolean {
  return startsWith(bytes, 0, SKIPPABLE) && viewOf(bytes).getUint32(4, true) === length - 8;
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

function hasMark(bytes: Uint8Array, magic: Uint8Array, salt: Uint8Array | undefined): boolean {
  if (!startsWith(bytes, COMPRESSED_MARK_OFFSET, magic)) return false;
  return salt === undefined || startsWith(bytes, COMPRESSED_MARK_OFFSET + magic.length, salt);
}

/** Writes the last 4 bytes: the checksum of all bytes before. */
function seal(bytes: Uint8Array): Uint8Array {
  const at = bytes.length - 4;
  viewOf(bytes).setUint32(at, crc32(bytes.subarray(0, at)), true);
  return bytes;
}

function isSealed(bytes: Uint8Array, crcOffset: number): boolean {
  return viewOf(bytes).getUint32(crcOffset, true) === crc32(bytes.subarray(0, crcOffset));
}

/** What the first bytes of a compressed segment say about its version. */
export function compressedPreamble(bytes: Uint8Array): Preamble {
  return decodePreamble(bytes.subarray(8), COMPRESSED_MAGIC);
}

export function encodeHead({ base, salt, size }: CompressedHead): Uint8Array {
  const bytes = skippable(HEAD_BYTES);
  encodePreamble(bytes.subarray(8), COMPRESSED_MAGIC, FORMAT_VERSION);
  const view = viewOf(bytes);
  setU64(view, 24, base);
  bytes.set(salt, 32);
  setU64(view, 40, size);
  return seal(bytes);
}

/** The head at the beginning of `bytes`; undefined unless magic, version and checksum are right. */
export function decodeHead(bytes: Uint8Array): CompressedHead | undefined {
  if (bytes.length < HEAD_BYTES || compressedPreamble(bytes).kind !== "known") return undefined;
  if (!isSkippable(bytes, HEAD_BYTES) || !isSealed(bytes, HEAD_CRC_OFFSET)) return undefined;
  const view = viewOf(bytes);
  const head = { base: getU64(view, 24), salt: bytes.slice(32, 32 + SALT_BYTES), size: getU64(view, 40) };
  return areCounts(head.base, head.size) ? head : undefined;
}

export function encodeBlockHeader(block: BlockHeader, salt: Uint8Array): Uint8Array {
  const bytes = skippable(BLOCK_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(BLOCK_MAGIC, 8);
  bytes.set(salt, 12);
  setU64(view, 20, block.offset);
  view.setUint32(28, block.length, true);
  view.setUint32(32, block.compressed, true);
  view.setUint32(36, block.crc, true);
  return seal(bytes);
}

/** The block header that `bytes` begin with; undefined unless mark and checksum are right. Without `salt`, of any segment. */
export function decodeBlockHeader(bytes: Uint8Array, salt: Uint8Array | undefined): BlockHeader | undefined {
  if (bytes.length < BLOCK_HEADER_BYTES || !hasMark(bytes, BLOCK_MAGIC, salt)) return undefined;
  if (!isSkippable(bytes, BLOCK_HEADER_BYTES) || !isSealed(bytes, BLOCK_CRC_OFFSET)) return undefined;
  const view = viewOf(bytes);
  const offset = getU64(view, 20);
  if (!areCounts(offset)) return undefined;
  return {
    offset,
    length: view.getUint32(28, true),
    compressed: view.getUint32(32, true),
    crc: view.getUint32(36, true),
  };
}

/** What a block header begins with, to search for; any segment's without `salt`. */
export function blockMark(salt: Uint8Array | undefined): Uint8Array {
  const mark = new Uint8Array(BLOCK_MAGIC.length + (salt?.length ?? 0));
  mark.set(BLOCK_MAGIC);
  if (salt !== undefined) mark.set(salt, BLOCK_MAGIC.length);
  return mark;
}

/** The salt that a block header has. */
export function saltOfBlock(bytes: Uint8Array): Uint8Array {
  return bytes.slice(12, 12 + SALT_BYTES);
}

export function encodeIndex(entries: readonly IndexEntry[], salt: Uint8Array): Uint8Array {
  const bytes = skippable(INDEX_HEAD_BYTES + entries.length * INDEX_ENTRY_BYTES + 4);
  const view = viewOf(bytes);
  bytes.set(INDEX_MAGIC, 8);
  bytes.set(salt, 12);
  view.setUint32(20, entries.length, true);
  entries.forEach(({ length, compressed }, i) => {
    view.setUint32(INDEX_HEAD_BYTES + i * INDEX_ENTRY_BYTES, length, true);
    view.setUint32(INDEX_HEAD_BYTES + i * INDEX_ENTRY_BYTES + 4, compressed, true);
  });
  return seal(bytes);
}

/** The index, if `bytes` are one and nothing else. */
export function decodeIndex(bytes: Uint8Array, salt: Uint8Array): IndexEntry[] | undefined {
  if (bytes.length < INDEX_HEAD_BYTES + 4 || !hasMark(bytes, INDEX_MAGIC, salt)) return undefined;
  if (!isSkippable(bytes, bytes.length) || !isSealed(bytes, bytes.length - 4)) return undefined;
  const view = viewOf(bytes);
  const count = view.getUint32(20, true);
  if (INDEX_HEAD_BYTES + count * INDEX_ENTRY_BYTES + 4 !== bytes.length) return undefined;
  return Array.from({ length: count }, (_, i) => ({
    length: view.getUint32(INDEX_HEAD_BYTES + i * INDEX_ENTRY_BYTES, true),
    compressed: view.getUint32(INDEX_HEAD_BYTES + i * INDEX_ENTRY_BYTES + 4, true),
  }));
}

export function encodeTrailer({ salt, size, lastBlock, index, blocks }: Trailer): Uint8Array {
  const bytes = skippable(TRAILER_BYTES);
  const view = viewOf(bytes);
  bytes.set(TRAILER_MAGIC, 8);
  bytes.set(salt, 12);
  setU64(view, 20, size);
  setU64(view, 28, lastBlock);
  setU64(view, 36, index);
  view.setUint32(44, blocks, true);
  return seal(bytes);
}

/** The trailer, if `bytes` are one; `fileBytes` is the size of the file that it ends. */
export function decodeTrailer(bytes: Uint8Array, fileBytes: number): Trailer | undefined {
  if (bytes.length < TRAILER_BYTES || !hasMark(bytes, TRAILER_MAGIC, undefined)) return undefined;
  if (!isSkippable(bytes, TRAILER_BYTES) || !isSealed(bytes, TRAILER_CRC_OFFSET)) return undefined;
  const view = viewOf(bytes);
  const trailer = {
    salt: bytes.slice(12, 12 + SALT_BYTES),
    size: getU64(view, 20),
    lastBlock: getU64(view, 28),
    index: getU64(view, 36),
    blocks: view.getUint32(44, true),
  };
  const indexBytes = INDEX_HEAD_BYTES + trailer.blocks * INDEX_ENTRY_BYTES + 4;
  const fits = trailer.index + indexBytes + TRAILER_BYTES === fileBytes && trailer.lastBlock < trailer.index;
  return fits && areCounts(trailer.size, trailer.lastBlock, trailer.index) ? trailer : undefined;
}
