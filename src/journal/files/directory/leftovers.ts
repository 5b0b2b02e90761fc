/** Files in a journal's directory that a killed process has left, and that do not count. */
import type { FileSystem } from "../../../runtime/files.ts";
import { COMPRESSED_SUFFIX, segmentBase } from "../format/segment.ts";
import { listSegments } from "../segment/segment_files.ts";

/** The file that a compaction writes until it is whole. */
export const COMPACTION_NAME = "compact.tmp";

/** Names in the directory, each list in ascending order. */
export interface Leftovers {
  /** Files that were to take the place of a segment: nothing in them was ever promised. */
  readonly unfinished: readonly string[];
  /** Of a segment that is there twice, compressed and not, the one that does not count. */
  readonly spare: readonly string[];
  /** What a compaction has not finished. */
  readonly compaction: readonly string[];
}

/** Looks for such files in `directory` and changes none. */
export async function findLeftovers(files: FileSystem, directory: string): Promise<Leftovers> {
  const names = await files.list(directory);
  const counts = new Set((await listSegments(files, directory)).map(({ name }) => name));
  return {
    unfinished: names.filter((name) => name.endsWith(".seg.tmp")),
    spare: names.filter((name) => segmentBase(name) !== undefined && !counts.has(name)),
    compaction: names.filter((name) => name === COMPACTION_NAME),
  };
}

/** The uncompressed segment beside a compressed one. */
export function originalOf(name: string): string {
  return name.slice(0, -COMPRESSED_SUFFIX.length);
}
