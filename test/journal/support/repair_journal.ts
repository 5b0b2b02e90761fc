/** `repair` on files in memory, what it says as short texts; and what `cat` sees. */
import type { MemoryFiles } from "../../support/memory_files.ts";
import { messageOf } from "../../../src/base/error.ts";
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { readArchive } from "../../../src/journal/files/archive/read_archive.ts";
import { repair, type RepairOptions } from "../../../src/journal/files/offline/repair.ts";
import { frameEnds } from "../../../src/framing/frame_ends.ts";
import { countingBytes, type Delivered, DIRECTORY } from "./rig.ts";

export interface Repaired {
  /** `PATH OFFSET+BYTES > PATH` */
  readonly moved: readonly string[];
  readonly failed: readonly string[];
  /** Where delivery goes on, if the cursor was damaged. */
  readonly cursor: number | undefined;
}

export async function repaired(files: MemoryFiles, changes: Partial<RepairOptions> = {}): Promise<Repaired> {
  const moved: string[] = [];
  const failed: string[] = [];
  let cursor: number | undefined;
  await repair([DIRECTORY], {
    files,
    randomBytes: countingBytes(),
    nowUs: 1_700_000_000_000_000,
    holder: "repair, pid 2",
    dryRun: false,
    on: {
      moved: ({ path, offset, bytes, to }) => note(moved, `${path} ${offset}+${bytes} > ${to}`),
      setAside: (path, to) => note(moved, `${path} > ${to}`),
      failed: (path, error) => note(failed, `${path}: ${messageOf(error)}`),
      cursor: (_path, sequence) => {
        cursor = sequence;
        return Promise.resolve();
      },
      progress: () => {},
    },
    ...changes,
  });
  return { moved, failed, cursor };
}

function note(list: string[], text: string): Promise<void> {
  list.push(text);
  return Promise.resolve();
}

/** What `cat` prints, frame by frame, and how often it has something to say. */
export async function printed(files: MemoryFiles): Promise<{ frames: Delivered[]; losses: string[] }> {
  const frames: Delivered[] = [];
  const losses: string[] = [];
  for await (const passage of readArchive(files, await findSegments(files, [DIRECTORY]), {})) {
    if (passage.kind !== "frames") {
      losses.push(passage.kind);
      continue;
    }
    const { framer, bytes, first } = passage;
    let start = 0;
    for (const [i, end] of frameEnds(framer, bytes, 0, bytes.length, passage.frames).entries()) {
      frames.push({ sequence: first + i, text: new TextDecoder().decode(bytes.subarray(start, end)) });
      start = end;
    }
  }
  return { frames, losses };
}

/** The same files, all of them on disk. */
export function durable(files: MemoryFiles, fresh: MemoryFiles): MemoryFiles {
  for (const path of files.paths()) fresh.put(path, files.bytesOf(path).slice());
  return fresh;
}
