/**
 * What all files of a journal have in common: how numbers are written, and the
 * preamble, by which a file of a later program is refused by name.
 */
import { crc32 } from "node:zlib";
import { SpillwayError } from "../../../base/error.ts";

/** The format version that this program writes, and the newest that it reads. */
export const FORMAT_VERSION = 1;

const PREAMBLE_BYTES = 16;

/** What the first bytes of a file say about its version; the same in every later version. */
export type Preamble = { readonly kind: "known" } | { readonly kind: "newer"; readonly version: number } | {
  readonly kind: "damaged";
};

/** The same bytes, no copy. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes a whole number below 2^53; throws an Error for a larger one, which would be read back as another. */
export function setU64(view: DataView, offset: number, value: number): void {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new Error(`${value} is no count`);
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

/** Reads what {@link setU64} wrote. A number from 2^53 on is inexact, which `areCounts` detects. */
export function getU64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}

/** True if a writer can have written these numbers: all are below 2^53. */
export function areCounts(...values: readonly number[]): boolean {
  return values.every((value) => value <= Number.MAX_SAFE_INTEGER);
}

/** Writes magic, version and their own checksum, so that a flipped bit does not pass for a newer version. */
export function encodePreamble(into: Uint8Array, magic: string, version: number): void {
  const view = viewOf(into);
  for (let i = 0; i < 8; i++) into[i] = magic.charCodeAt(i);
  view.setUint32(8, version, true);
  view.setUint32(12, crc32(into.subarray(0, 12)), true);
}

/** What {@link encodePreamble} wrote; anything else is damage, and so is a version below the known one. */
export function decodePreamble(bytes: Uint8Array, magic: string): Preamble {
  if (bytes.length < PREAMBLE_BYTES) return { kind: "damaged" };
  for (let i = 0; i < 8; i++) if (bytes[i] !== magic.charCodeAt(i)) return { kind: "damaged" };
  const view = viewOf(bytes);
  if (view.getUint32(12, true) !== crc32(bytes.subarray(0, 12))) return { kind: "damaged" };
  const version = view.getUint32(8, true);
  if (version > FORMAT_VERSION) return { kind: "newer", version };
  return version === FORMAT_VERSION ? { kind: "known" } : { kind: "damaged" };
}

/** The error for the file at `path`, which has the format version `found`. */
export function newerVersion(path: string, found: number): SpillwayError {
  return new SpillwayError(`${path}: format version ${found}, this program knows versions up to ${FORMAT_VERSION}`, {
    hint: "run the newer spillway that wrote it, or give this route another journal directory; nothing was changed",
  });
}
