/**
 * Segment files of any name, and one from standard input (`-`): each is shown to
 * readers as a directory with that one segment in it, named as the daemon would
 * name it. The header says which frame it begins with.
 */
import { basename } from "node:path";
import { SystemError, usageError } from "../../../base/error.ts";
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import {
  COMPRESSED_SUFFIX,
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentBase,
  segmentName,
} from "../format/segment.ts";
import { CompressedSegment } from "../segment/compressed_file.ts";
import { expandPattern, isPattern } from "./glob.ts";

/** Standard input among paths. */
const STDIN = "-";

/** Where paths lead to. */
export interface NamingSource {
  readonly files: ReadableFiles;
  /** Standard input up to its end. Rejects with a `SystemError`. */
  readStdin(): Promise<Uint8Array>;
}

export interface NamedSegments {
  /** In which the paths can be found. */
  readonly files: ReadableFiles;
  readonly paths: readonly string[];
  /** Are there files among them that only this thread can open? */
  readonly areHereAlone: boolean;
}

/** What a path stands for: the segment's name, and how its file is opened. */
interface Shown {
  readonly name: string;
  readonly bytes: number;
  open(): Promise<File>;
}

/** Rejects with a `SpillwayError` (exit code 2) if what comes from standard input is no segment. */
export async function nameSegments(source: NamingSource, paths: readonly string[]): Promise<NamedSegments> {
  const { files } = source;
  const shown = new Map<string, Shown>();
  const found: string[] = [];
  for (const path of paths) {
    if (path === STDIN) shown.set(path, await fromStdin(await source.readStdin()));
    const isThere = path === STDIN || await files.stat(path) !== undefined;
    const expanded = isThere || !isPattern(path) ? [path] : await expandPattern(files, path);
    found.push(...expanded.length === 0 ? [path] : expanded);
  }
  for (const path of found) {
    if (shown.has(path) || segmentBase(basename(path)) !== undefined) continue;
    if ((await files.stat(path))?.kind !== "file") continue;
    const segment = await segmentIn(path, () => files.open(path, "read"));
    if (segment !== undefined) shown.set(path, segment);
  }
  if (shown.size === 0) return { files, paths, areHereAlone: false };
  return { files: showing(files, shown), paths: found, areHereAlone: true };
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
function showing(files: ReadableFiles, shown: ReadonlyMap<string, Shown>): ReadableFiles {
  /** What is at a path below one of the directories; undefined for any other path. */
  const below = (path: string) => {
    for (const [directory, segment] of shown) {
      if (path.startsWith(`${directory}/`)) return path === `${directory}/${segment.name}` ? segment : "nothing";
    }
    return undefined;
  };
  const info = { modifiedMs: 0, uid: undefined };
  return {
    async open(path) {
      const found = below(path);
      if (found === undefined) return await files.open(path, "read");
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

/** A file that is only read, under the path that it is shown with. */
class ShownFile implements File {
  constructor(readonly path: string, private readonly file: Omit<File, "path">) {}

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

/** Bytes in memory, read as a file. */
function bytesFile(bytes: Uint8Array): Omit<File, "path"> {
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
