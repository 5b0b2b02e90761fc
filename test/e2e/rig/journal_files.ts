/** A journal directory as `ls -l` would show it; what is inside is read with src/journal. */

import { crc32 } from "node:zlib";

/** Names of the segment files, oldest first; empty while there is no directory. */
export function segmentNames(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map((entry) => entry.name).filter((name) => name.endsWith(".seg")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Bytes of all segment files together. */
export function journalBytes(directory: string): number {
  return segmentNames(directory).reduce((sum, name) => sum + sizeOf(`${directory}/${name}`), 0);
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0; // unlinked since it was listed
  }
}

/** Path of the segment file with the highest base sequence. */
export function newestSegment(directory: string): string {
  const name = segmentNames(directory).at(-1);
  if (name === undefined) throw new Error(`${directory} has no segment`);
  return `${directory}/${name}`;
}

/**
 * Makes a file say that a newer program wrote it: magic (8 bytes), version (32
 * bits, little-endian), crc32 of both. These 16 bytes stay as they are in every
 * version, see src/journal/files/format/FORMAT.md.
 */
export function makeNewer(segment: string, version = 2): void {
  const bytes = Deno.readFileSync(segment);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, version, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  Deno.writeFileSync(segment, bytes);
}
