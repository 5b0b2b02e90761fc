/**
 * The segment files of a journal directory: which there are, and how one is
 * opened for reading, whatever form it has on disk.
 */
import { SystemError } from "../base/error.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import { segmentBase } from "./format.ts";

export interface SegmentFile {
  /** The first sequence that may be in it. */
  readonly base: number;
  readonly name: string;
  readonly path: string;
}

/** In ascending order of their bases, each base once. */
export async function listSegments(files: FileSystem, directory: string): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const name of await files.list(directory)) {
    const base = segmentBase(name);
    if (base !== undefined) found.push({ base, name, path: `${directory}/${name}` });
  }
  return found;
}

/** Opens a segment to read what was written to it; offsets and sizes are those of the file that the daemon wrote. */
export function openSegment(files: FileSystem, path: string): Promise<File> {
  return files.open(path, "read");
}

/** Undefined if it is gone: the daemon or a compaction has removed it since it was listed. */
export async function openSegmentIfThere(files: FileSystem, path: string): Promise<File | undefined> {
  try {
    return await openSegment(files, path);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
