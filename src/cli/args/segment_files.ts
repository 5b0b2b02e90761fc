/**
 * Segment files under any name, and one from standard input (`-`): each is shown
 * to the commands that only read as a directory with that one segment in it,
 * called as the daemon would call it. Which frame it begins with, its header says.
 */
import { basename } from "node:path";
import { SystemError, usageError } from "../../base/error.ts";
import { CompressedSegment } from "../../journal/files/segment/compressed_file.ts";
import {
  COMPRESSED_SUFFIX,
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentBase,
  segmentName,
} from "../../journal/files/format/segment.ts";
import { expandPattern, isPattern } from "../../journal/files/archive/glob.ts";
import type { File, FileSystem } from "../../runtime/files.ts";
import { ReadOnlyFile } from "../../runtime/read_only_file.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Standard input as an operand. */
export const STDIN = "-";

export interface NamedSegments {
  /** With files in which the operands can be found. */
  readonly runtime: Runtime;
  readonly operands: readonly string[];
  /** Are there files that a thread of its own would not find? */
  readonly areHereAlone: boolean;
}

/** What an operand stands for: the segment's name, and how its file is opened. */
interface Shown {
  readonly name: string;
  readonly bytes: number;
  open(): Promise<File>;
}

/** Rejects with a SpillwayError (exit 2) if what comes from standard input is no segment. */
export async function nameSegments(runtime: Runtime, operands: readonly string[]): Promise<NamedSegments> {
  const { files } = runtime;
  const shown = new Map<string, Shown>();
  const found: string[] = [];
  for (const operand of operands) {
    if (operand === STDIN) shown.set(operand, await fromStdin(await runtime.readStdin()));
    const isThere = operand === STDIN || await files.stat(operand) !== undefined;
    const paths = isThere || !isPattern(operand) ? [operand] : await expandPattern(files, operand);
    found.push(...paths.length === 0 ? [operand] : paths);
  }
  for (const path of found) {
    if (shown.has(path) || segmentBase(basename(path)) !== undefined) continue;
    if ((await files.stat(path))?.kind !== "file") continue;
    const segment = await segmentIn(path, () => files.open(path, "read"));
    if (segment !== undefined) shown.set(path, segment);
  }
  if (shown.size === 0) return { runtime, operands, areHereAlone: false };
  return { runtime: { ...runtime, files: showing(files, shown) }, operands: found, areHereAlone: true };
}

async function fromStdin(bytes: Uint8Array): Promise<Shown> {
  const segment = await segmentIn("standard input", () => Promise.resolve(new ShownFile(STDIN, bytesFile(bytes))));
  if (segment !== undefined) return segment;
  throw usageError(
    "standard input: not a segment file",
    "- reads one segment, its header whole: spillway cat - < FILE, or zcat FILE.gz | spillway cat -",
  );
}

/** Undefined if the file does not begin as a segment, plain or compressed. */
async function segmentIn(path: string, open: () => Promise<File>): Promise<Shown | undefined> {
  const file = await open();
  try {
    const bytes = await file.size();
    const plain = await baseOf(file);
    if (plain !== undefined) return { name: segmentName(plain), bytes, open };
    const inside = await CompressedSegment.open({ open }, path);
    try {
      const base = await baseOf(inside);
      return base === undefined ? undefined : { name: `${segmentName(base)}${COMPRESSED_SUFFIX}`, bytes, open };
    } finally {
      inside.close();
    }
  } finally {
    file.close();
  }
}

async function baseOf(file: File): Promise<number | undefined> {
  const head = new Uint8Array(SEGMENT_HEADER_BYTES);
  const length = await file.readAt(head, 0);
  return decodeSegmentHeader(head.subarray(0, length))?.base;
}

/** The files with a directory in the place of each that is shown. */
function showing(files: FileSystem, shown: ReadonlyMap<string, Shown>): FileSystem {
  /** What is at a path below one of the directories; undefined for any other path. */
  const below = (path: string) => {
    for (const [directory, segment] of shown) {
      if (path.startsWith(`${directory}/`)) return path === `${directory}/${segment.name}` ? segment : "nothing";
    }
    return undefined;
  };
  const info = { modifiedMs: 0, uid: undefined };
  return {
    ...files,
    async open(path, mode) {
      const found = below(path);
      if (found === undefined) return await files.open(path, mode);
      if (found === "nothing") throw new SystemError("ENOENT", "open", path);
      return new ShownFile(path, await found.open());
    },
    async list(directory) {
      const segment = shown.get(directory);
      return segment === undefined ? await files.list(directory) : [segment.name];
    },
    async stat(path) {
      if (shown.has(path)) return { ...info, kind: "directory", size: 0 };
      const found = below(path);
      if (found === undefined) return await files.stat(path);
      return found === "nothing" ? undefined : { ...info, kind: "file", size: found.bytes };
    },
  };
}

/** A file that is only read, whatever it is, under the path that it is shown with. */
class ShownFile extends ReadOnlyFile {
  constructor(readonly path: string, private readonly file: Pick<File, "readAt" | "size" | "close">) {
    super();
  }

  readAt(into: Uint8Array, position: number): Promise<number> {
    return this.file.readAt(into, position);
  }

  size(): Promise<number> {
    return this.file.size();
  }

  close(): void {
    this.file.close();
  }
}

/** Bytes in memory, to be read as a file is. */
function bytesFile(bytes: Uint8Array): Pick<File, "readAt" | "size" | "close"> {
  return {
    readAt(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return Promise.resolve(part.length);
    },
    size: () => Promise.resolve(bytes.length),
    close() {},
  };
}
