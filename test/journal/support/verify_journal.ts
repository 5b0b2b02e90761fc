/** `verify` on files in memory, its findings as short texts. */
import type { MemoryFiles } from "../../support/memory_files.ts";
import { type ArchiveSegment, findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { checkCursor } from "../../../src/journal/files/directory/check_cursor.ts";
import { readSegment } from "../../../src/journal/files/verify/verify_segment.ts";
import { type SegmentReader, verifySegments } from "../../../src/journal/files/verify/verify_segments.ts";
import { DIRECTORY } from "./rig.ts";

export interface Findings {
  /** `PATH OFFSET+BYTES frames FROM-UNTIL` */
  readonly damages: readonly string[];
  /** `PATH OFFSET FROM-UNTIL` */
  readonly missing: readonly string[];
  /** How many are whole. */
  readonly frames: number;
}

/** All of the journal, its cursor included. */
export async function verified(files: MemoryFiles): Promise<Findings> {
  const { found, damages } = await checkCursor(files, DIRECTORY);
  const isCertain = damages.length === 0 && found.kind === "valid" && found.newest;
  const cursors = new Map(isCertain ? [[DIRECTORY, found.state.cursor]] : []);
  const segments = await findings(files, await findSegments(files, [DIRECTORY]), cursors);
  return {
    ...segments,
    damages: [...damages.map(({ offset, bytes }) => `/j/cursor ${offset}+${bytes}`), ...segments.damages],
  };
}

export async function findings(
  files: MemoryFiles,
  segments: readonly ArchiveSegment[],
  cursors: ReadonlyMap<string, number>,
): Promise<Findings> {
  const damages: string[] = [];
  const missing: string[] = [];
  let frames = 0;
  let progress = 0;
  const options = { onProgress: (bytes: number) => void (progress += bytes), cursors };
  const reader: SegmentReader = (segment, onProgress) => readSegment(files, segment, onProgress);
  for await (const verdict of verifySegments([reader, reader], segments, options)) {
    frames += verdict.frames;
    for (const { path, offset, bytes, frames } of verdict.damages) {
      damages.push(`${path} ${offset}+${bytes}${frames === undefined ? "" : ` frames ${frames.from}-${frames.until}`}`);
    }
    for (const { path, offset, from, until } of verdict.missing) missing.push(`${path} ${offset} ${from}-${until}`);
  }
  return { damages, missing, frames };
}
