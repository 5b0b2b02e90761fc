/** Finds the next record, or a segment's salt, behind damaged bytes. */
import { Buffer } from "node:buffer";
import type { File } from "../../../runtime/files.ts";
import {
  decodeFooter,
  decodeRecordHeader,
  FOOTER_BYTES,
  MAGIC_BYTES,
  type Marks,
  payloadMatches,
  RECORD_HEADER_BYTES,
  recordMagic,
  SALT_BYTES,
  saltOf,
} from "../format/segment.ts";
import { readSome, readTolerant } from "./tolerant_read.ts";

const SEARCH_BYTES = 256 * 1024;

/**
 * Offset of the first record header or footer that begins in [from, until) and
 * ends before `limit`; `until` if there is none. The payload behind a header is not
 * checked. Reads each byte about once.
 */
export async function findMark(
  file: File,
  from: number,
  limit: number,
  marks: Marks,
  until: number = limit,
): Promise<number> {
  const searched = Math.min(limit, until + MAGIC_BYTES - 1);
  for await (const offset of occurrences(file, from + MAGIC_BYTES - SALT_BYTES, searched, saltOf(marks))) {
    const start = offset - (MAGIC_BYTES - SALT_BYTES);
    const bytes = await readSome(file, start, Math.min(FOOTER_BYTES, limit - start));
    if (decodeRecordHeader(bytes, 0, marks.record) !== undefined) return start;
    if (decodeFooter(bytes, start) !== undefined) return start;
  }
  return until;
}

/**
 * The salt of a segment whose header and footer are damaged or missing: that of the
 * record whose checksum is right, that does not begin below `base` as a record of
 * an older file would, and that begins lowest, because bytes of a newer file may be
 * among them. Undefined if there is none.
 */
export async function findSalt(file: File, size: number, base: number): Promise<Uint8Array | undefined> {
  const magic = recordMagic();
  let lowest = Number.POSITIVE_INFINITY;
  let salt: Uint8Array | undefined;
  for await (const offset of occurrences(file, 0, size, magic)) {
    const bytes = await readSome(file, offset, RECORD_HEADER_BYTES);
    const header = decodeRecordHeader(bytes, 0, magic);
    if (header === undefined || header.first < base || header.first >= lowest) continue;
    if (offset + RECORD_HEADER_BYTES + header.length > size) continue;
    const payload = await readSome(file, offset + RECORD_HEADER_BYTES, header.length);
    if (!payloadMatches(header, payload)) continue;
    lowest = header.first;
    salt = bytes.slice(magic.length, MAGIC_BYTES);
    if (lowest === base) break;
  }
  return salt;
}

/**
 * True if [from, limit), which holds no whole record, is what an interrupted write
 * leaves: the beginning of one record or footer, or zeros, if a power loss kept the
 * file's size but not its bytes.
 */
export async function looksTorn(file: File, from: number, limit: number, marks: Marks): Promise<boolean> {
  const length = limit - from;
  const bytes = await readSome(file, from, Math.min(length, FOOTER_BYTES));
  const begins = (mark: Uint8Array) => mark.every((byte, i) => i >= bytes.length || bytes[i] === byte);
  if (begins(marks.record) && length < RECORD_HEADER_BYTES) return true;
  if (begins(marks.footer) && length < FOOTER_BYTES) return true;
  const header = decodeRecordHeader(bytes, 0, marks.record);
  if (header !== undefined) return RECORD_HEADER_BYTES + header.length > length;
  return await isZero(file, from, limit);
}

async function isZero(file: File, from: number, limit: number): Promise<boolean> {
  for (let at = from; at < limit; at += SEARCH_BYTES) {
    const bytes = await readSome(file, at, Math.min(SEARCH_BYTES, limit - at));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** Offsets at which `needle` occurs in [from, limit) of `file`. */
export async function* occurrences(
  file: File,
  from: number,
  limit: number,
  needle: Uint8Array,
): AsyncGenerator<number> {
  const window = new Uint8Array(Math.max(0, Math.min(SEARCH_BYTES, limit - from)));
  for (let at = from; at + needle.length <= limit;) {
    const length = await readTolerant(file, window.subarray(0, Math.min(SEARCH_BYTES, limit - at)), at);
    if (length < needle.length) return;
    const view = Buffer.from(window.buffer, 0, length);
    for (let found = view.indexOf(needle); found !== -1; found = view.indexOf(needle, found + 1)) yield at + found;
    // The windows overlap, so that a needle across their border is found.
    at += length - needle.length + 1;
  }
}
