/**
 * The bytes of a segment file, see FORMAT.md: encoding and decoding, nothing
 * that touches a disk. Decoders return `undefined` for bytes that are not what
 * they look for; the caller judges whether that is damage.
 */
import { crc32 } from "node:zlib";
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

export const SEGMENT_HEADER_BYTES = 512;
export const RECORD_HEADER_BYTES = 64;
/** Payload bytes of the largest record, except for a record with a single larger frame. */
export const RECORD_BYTES_MAX = 256 * 1024;
export const FOOTER_BYTES = 96;
/** Bytes of magic and salt at the beginning of a record or footer. */
export const MAGIC_BYTES = 12;
export const SALT_BYTES = 8;

const SEGMENT_MAGIC = "SPILLSEG";
// 0xf7 occurs in no UTF-8 text.
const RECORD_MAGIC = Uint8Array.of(0xf7, 0x52, 0x45, 0x43);
const FOOTER_MAGIC = Uint8Array.of(0xf7, 0x45, 0x4e, 0x44);

const FRAMING_OFFSET = 58;
const SEGMENT_CRC_OFFSET = SEGMENT_HEADER_BYTES - 4;
const FOOTER_CRC_OFFSET = FOOTER_BYTES - 4;
/** Bytes of framing text that fit the header; the longest text of `framingText` has about 120. */
const FRAMING_BYTES_MAX = SEGMENT_CRC_OFFSET - FRAMING_OFFSET;

export interface SegmentHeader {
  readonly base: number;
  readonly createdUs: number;
  /** 8 random bytes that every record of this segment repeats, so that a payload cannot imitate a record. */
  readonly salt: Uint8Array;
  /** Sequence at which the journal ended when the segment was created. */
  readonly previousEnd: number;
  readonly cursor: number;
  /** As `framingText` writes it. */
  readonly framing: string;
}

export interface RecordHeader {
  /** Bytes of frames that follow the header. */
  readonly length: number;
  readonly first: number;
  readonly frames: number;
  /** Sequence after the record before this one; [previousEnd, first) was delivered from memory. */
  readonly previousEnd: number;
  /** The cursor when the record was written. */
  readonly cursor: number;
  /** Arrival of the first frame, µs since 1970. */
  readonly timeUs: number;
  /** Checksum of header and payload together. */
  readonly crc: number;
  /** Checksum of the header alone; `crc` is continued from it. */
  readonly headerCrc: number;
}

export interface Footer {
  readonly records: number;
  readonly base: number;
  readonly end: number;
  readonly frames: number;
  /** Bytes of frames. */
  readonly bytes: number;
  readonly lowestUs: number;
  readonly highestUs: number;
  readonly cursor: number;
  /** Offset of the footer in the file, where the records end. */
  readonly offset: number;
}

/** What a segment file's first bytes say about its version. */
export function segmentPreamble(bytes: Uint8Array): Preamble {
  return decodePreamble(bytes, SEGMENT_MAGIC);
}

/** 512 bytes. Throws an Error if the framing text does not fit. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const framing = new TextEncoder().encode(header.framing);
  if (framing.length > FRAMING_BYTES_MAX) throw new Error(`framing text of ${framing.length} bytes`);
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  encodePreamble(bytes, SEGMENT_MAGIC, FORMAT_VERSION);
  setU64(view, 16, header.base);
  setU64(view, 24, header.createdUs);
  bytes.set(header.salt, 32);
  setU64(view, 40, header.previousEnd);
  setU64(view, 48, header.cursor);
  view.setUint16(56, framing.length, true);
  bytes.set(framing, FRAMING_OFFSET);
  view.setUint32(SEGMENT_CRC_OFFSET, crc32(bytes.subarray(0, SEGMENT_CRC_OFFSET)), true);
  return bytes;
}

/** The header at the beginning of `bytes`; undefined unless magic, version and checksum are right. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || segmentPreamble(bytes).kind !== "known") return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(SEGMENT_CRC_OFFSET, true) !== crc32(bytes.subarray(0, SEGMENT_CRC_OFFSET))) return undefined;
  const framingBytes = view.getUint16(56, true);
  if (framingBytes > FRAMING_BYTES_MAX) return undefined;
  const header: SegmentHeader = {
    base: getU64(view, 16),
    createdUs: getU64(view, 24),
    salt: bytes.slice(32, 32 + SALT_BYTES),
    previousEnd: getU64(view, 40),
    cursor: getU64(view, 48),
    framing: new TextDecoder().decode(bytes.subarray(FRAMING_OFFSET, FRAMING_OFFSET + framingBytes)),
  };
  return areCounts(header.base, header.createdUs, header.previousEnd, header.cursor) ? header : undefined;
}

/** Magic and salt, which distinguish the records and the footer of one segment from any payload. */
export interface Marks {
  readonly record: Uint8Array;
  readonly footer: Uint8Array;
}

/** The marks of the segment that has this salt. */
export function marksOf(salt: Uint8Array): Marks {
  return { record: join(RECORD_MAGIC, salt), footer: join(FOOTER_MAGIC, salt) };
}

/** The salt in a segment's marks, no copy. */
export function saltOf(marks: Marks): Uint8Array {
  return marks.record.subarray(MAGIC_BYTES - SALT_BYTES);
}

function join(magic: Uint8Array, salt: Uint8Array): Uint8Array {
  const mark = new Uint8Array(MAGIC_BYTES);
  mark.set(magic);
  mark.set(salt, magic.length);
  return mark;
}

/** The four bytes that every record begins with, whatever its segment's salt. */
export function recordMagic(): Uint8Array {
  return RECORD_MAGIC.slice();
}

export type RecordFields = Omit<RecordHeader, "crc" | "headerCrc">;

/** Writes the header at `offset` of `into`; `payload` is what follows it, for the checksum. */
export function encodeRecordHeader(
  into: Uint8Array,
  offset: number,
  mark: Uint8Array,
  fields: RecordFields,
  payload: readonly Uint8Array[],
): void {
  const view = new DataView(into.buffer, into.byteOffset + offset, RECORD_HEADER_BYTES);
  into.set(mark, offset);
  view.setUint32(12, fields.length, true);
  setU64(view, 16, fields.first);
  setU64(view, 24, fields.frames);
  setU64(view, 32, fields.previousEnd);
  setU64(view, 40, fields.cursor);
  setU64(view, 48, fields.timeUs);
  const headerCrc = crc32(into.subarray(offset, offset + 56));
  view.setUint32(56, headerCrc, true);
  let crc = headerCrc;
  for (const part of payload) crc = crc32(part, crc);
  view.setUint32(60, crc, true);
}

/** The record header at `offset`; undefined unless mark and header checksum are right. */
export function decodeRecordHeader(bytes: Uint8Array, offset: number, mark: Uint8Array): RecordHeader | undefined {
  if (offset + RECORD_HEADER_BYTES > bytes.length) return undefined;
  for (let i = 0; i < mark.length; i++) if (bytes[offset + i] !== mark[i]) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, RECORD_HEADER_BYTES);
  const headerCrc = view.getUint32(56, true);
  if (headerCrc !== crc32(bytes.subarray(offset, offset + 56))) return undefined;
  const first = getU64(view, 16);
  const frames = getU64(view, 24);
  const previousEnd = getU64(view, 32);
  const cursor = getU64(view, 40);
  const timeUs = getU64(view, 48);
  if (!areCounts(first + frames, previousEnd, cursor, timeUs)) return undefined;
  const length = view.getUint32(12, true);
  return { length, first, frames, previousEnd, cursor, timeUs, crc: view.getUint32(60, true), headerCrc };
}

/** True if `payload` is what was written behind this header. */
export function payloadMatches(header: RecordHeader, payload: Uint8Array): boolean {
  return crc32(payload, header.headerCrc) === header.crc;
}

/** 96 bytes; `mark` is that of the segment's footer. */
export function encodeFooter(footer: Footer, mark: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = viewOf(bytes);
  bytes.set(mark);
  view.setUint32(12, footer.records, true);
  setU64(view, 16, footer.base);
  setU64(view, 24, footer.end);
  setU64(view, 32, footer.frames);
  setU64(view, 40, footer.bytes);
  setU64(view, 48, footer.lowestUs);
  setU64(view, 56, footer.highestUs);
  setU64(view, 64, footer.cursor);
  setU64(view, 72, footer.offset);
  view.setUint32(FOOTER_CRC_OFFSET, crc32(bytes.subarray(0, FOOTER_CRC_OFFSET)), true);
  return bytes;
}

/** The footer in `bytes`, which were read at `offset` of the file, and the salt in it. */
export function decodeFooter(bytes: Uint8Array, offset: number): Footer & { readonly salt: Uint8Array } | undefined {
  if (bytes.length < FOOTER_BYTES) return undefined;
  for (let i = 0; i < FOOTER_MAGIC.length; i++) if (bytes[i] !== FOOTER_MAGIC[i]) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(FOOTER_CRC_OFFSET, true) !== crc32(bytes.subarray(0, FOOTER_CRC_OFFSET))) return undefined;
  const footer = {
    records: view.getUint32(12, true),
    base: getU64(view, 16),
    end: getU64(view, 24),
    frames: getU64(view, 32),
    bytes: getU64(view, 40),
    lowestUs: getU64(view, 48),
    highestUs: getU64(view, 56),
    cursor: getU64(view, 64),
    offset: getU64(view, 72),
    salt: bytes.slice(FOOTER_MAGIC.length, MAGIC_BYTES),
  };
  const { salt: _, ...numbers } = footer;
  const isPossible = areCounts(...Object.values(numbers)) && footer.base + footer.frames <= footer.end;
  return isPossible && footer.offset === offset ? footer : undefined;
}

/** `00000000000000014217.seg` */
export function segmentName(base: number): string {
  return `${String(base).padStart(20, "0")}.seg`;
}

/** The ending of a compressed segment's name, behind the name of the original. */
export const COMPRESSED_SUFFIX = ".zst";

/**
 * The base sequence in a segment file's name, compressed or not; undefined for
 * other names. From 2^53 on it is not exact, and no segment has such a base.
 */
export function segmentBase(name: string): number | undefined {
  const match = /^(\d{20})\.seg(\.zst)?$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}
