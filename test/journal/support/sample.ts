/** Journals of three segments whose every byte is known, to be damaged. */
import { MemoryFiles } from "../../support/memory_files.ts";
import { RECORD_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { line, ManualClock, open, run } from "./rig.ts";

export type Shape =
  /** A record for each frame, all of one size. */
  | "small"
  /** The last segment has a payload larger than 4096 bytes among small ones. */
  | "large"
  /** Records of several frames, and frames that were delivered from memory between them. */
  | "holes";

export interface SampleRecord {
  readonly path: string;
  /** Its bytes in the file. */
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly frames: number;
}

export interface Sample {
  readonly files: MemoryFiles;
  /** Paths of the segments, ascending; what is delivered as a whole is gone. */
  readonly segments: readonly string[];
  readonly records: readonly SampleRecord[];
  /** What was written under each sequence; what is missing is a declared hole. */
  readonly frames: ReadonlyMap<number, string>;
  /** Sequence after the last frame. */
  readonly end: number;
  /** What was confirmed, and is on disk. */
  readonly cursor: number;
}

export interface SampleOptions {
  readonly shape: Shape;
  /** Was the last segment finished, as a clean stop does it? Else the process was killed. */
  readonly sealed: boolean;
  readonly cursor?: number;
}

/** First sequence and number of frames of each record, segment by segment. */
const SMALL = [0, 4, 8].map((base) => [0, 1, 2, 3].map((i) => [base + i, 1] as const));
const HOLES = [
  [[0, 3], [5, 1], [6, 3], [9, 2]],
  [[11, 1], [15, 2], [17, 1], [18, 3]],
  [[24, 2], [26, 3], [30, 1], [31, 2]],
] as const;

export async function sample({ shape, sealed, cursor = 0 }: SampleOptions): Promise<Sample> {
  let files = new MemoryFiles();
  const random = differentBytes();
  const records: SampleRecord[] = [];
  const frames = new Map<number, string>();
  const segments = shape === "holes" ? HOLES : SMALL;
  for (const [index, each] of segments.entries()) {
    const clock = new ManualClock();
    // Each start begins a segment of its own.
    const journal = await open(files, { clock, randomBytes: random });
    for (const [first, count] of each) {
      const texts = Array.from({ length: count }, (_, i) => line(first + i, padding(shape, first + i)));
      texts.forEach((text, i) => frames.set(first + i, text));
      await journal.append([run(first, texts)]);
      const path = segmentsOf(files).at(-1)!;
      const end = files.bytesOf(path).length;
      const bytes = RECORD_HEADER_BYTES + texts.join("").length;
      records.push({ path, offset: end - bytes, end, first, frames: count });
    }
    journal.confirm(Math.min(cursor, journal.end));
    await clock.advance(100);
    if (sealed || index < 2) {
      await journal.close();
    } else {
      files = files.afterCrash();
    }
  }
  const last = records[records.length - 1];
  const paths = [...new Set(records.map(({ path }) => path))];
  return { files, segments: paths, records, frames, end: last.first + last.frames, cursor };
}

export function segmentsOf(files: MemoryFiles): string[] {
  return files.paths().filter((path) => /^\/j\/\d+\.seg$/.test(path));
}

/** Records of the sample that have a byte in [from, until) of the file. */
export function touched({ records }: Sample, path: string, from: number, until: number): SampleRecord[] {
  return records.filter((record) => record.path === path && from < record.end && until > record.offset);
}

/** Sequences of the frames in these records. */
export function sequencesOf(records: readonly SampleRecord[]): number[] {
  return records.flatMap(({ first, frames }) => Array.from({ length: frames }, (_, i) => first + i));
}

function padding(shape: Shape, sequence: number): string {
  return shape === "large" && sequence === 9 ? "x".repeat(5000) : "";
}

/** No two segments have the same salt, whatever starts them. */
function differentBytes(): (count: number) => Uint8Array {
  let next = 1;
  return (count) => {
    const bytes = new Uint8Array(count).fill(0x5a);
    new DataView(bytes.buffer).setUint32(0, next++);
    return bytes;
  };
}
