/** Journals to compact, and what is in them before and after. */
import { type CompactionReport, compactJournal } from "../../../src/journal/files/compaction/compact.ts";
import type { CompactionPolicy } from "../../../src/journal/files/compaction/plan.ts";
import { scanJournal } from "../../support/scan_journal.ts";
import { assert } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { appendLines, countingBytes, DIRECTORY, line, lineFramer, ManualClock, open } from "./rig.ts";

/** Keeps everything, and compresses and merges what may be. */
export const KEEP_ALL: CompactionPolicy = {
  rewindBytes: 0,
  retainMs: undefined,
  olderThanMs: undefined,
  retainBytes: 0,
  maxBytes: undefined,
  segmentBytes: 64 * 1024 * 1024,
};

export const PADDING = ` ${"order accepted ".repeat(20)}`;
const FRAMES_IN_SEGMENT = 4;

/** So many segments of four frames, from a clean stop; the first `cursor` frames are delivered, and all are kept. */
export async function journalOf(
  segments: number,
  cursor: number,
  files: MemoryFiles = new MemoryFiles(),
): Promise<MemoryFiles> {
  const randomBytes = countingBytes();
  for (let i = 0; i < segments; i++) {
    const clock = new ManualClock();
    const journal = await open(files, { clock, retainMs: 1e12, sync: "each", randomBytes });
    await appendLines(journal, FRAMES_IN_SEGMENT, PADDING);
    journal.confirm(Math.min(cursor, journal.end));
    await clock.advance(100);
    await journal.close();
  }
  return files;
}

export function compact(
  files: MemoryFiles,
  policy: Partial<CompactionPolicy> = {},
  more: { readonly dryRun?: boolean; readonly clock?: ManualClock } = {},
): Promise<CompactionReport> {
  return compactJournal({
    holder: "a test",
    files,
    clock: more.clock ?? new ManualClock(),
    randomBytes: (count) => new Uint8Array(count).fill(0x77),
    directory: DIRECTORY,
    policy: { ...KEEP_ALL, ...policy },
    dryRun: more.dryRun ?? false,
  });
}

/** Names of the segment files, without the zeros before them. */
export function names(files: MemoryFiles): string[] {
  return files.paths().filter((path) => /\/\d{20}\.seg/.test(path)).map((path) => path.replace(/^\/j\/0{0,19}/, ""));
}

/** Everything in the directory that is no segment, cursor, lock or quarantine. */
export function strangers(files: MemoryFiles): string[] {
  const known = /^\/j\/(\d{20}\.seg(\.zst)?|cursor|lock|compact\.lock|files\.lock|quarantine\/.*)$/;
  return files.paths().filter((path) => !known.test(path));
}

export function sizeOf(files: MemoryFiles): number {
  const segments = files.paths().filter((path) => /\/\d{20}\.seg/.test(path));
  return segments.reduce((sum, path) => sum + files.bytesOf(path).length, 0);
}

/** Sequences that a scan finds, in its order; what is under each is checked. */
export async function sequencesIn(files: MemoryFiles, what = "journal", padding = PADDING): Promise<number[]> {
  const found: number[] = [];
  for await (const each of scanJournal(files, DIRECTORY, lineFramer)) {
    if (each.kind !== "record") throw new Error(`${what}: ${each.kind} in ${each.segment} at ${each.offset}`);
    const texts = new TextDecoder().decode(each.payload).split(/(?<=\n)/);
    assert(texts.length === each.header.frames, `${what}: ${texts.length} frames in a record of ${each.header.frames}`);
    texts.forEach((text, i) => {
      assert(
        text === line(each.header.first + i, padding),
        `${what}: ${each.header.first + i} is not what was written`,
      );
      found.push(each.header.first + i);
    });
  }
  return found;
}

export function sequences(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, i) => from + i);
}
