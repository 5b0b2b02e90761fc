/**
 * The segment files of a journal directory: which there are, and how one is
 * opened for reading, whatever form it has on disk.
 */
import { failedWith } from "../../../base/error.ts";
import type { File, FileOpener, FileSystem, ReadableFiles } from "../../../runtime/files.ts";
import type { FileRange } from "./compressed_blocks.ts";
import { CompressedSegment } from "./compressed_file.ts";
import { COMPRESSED_SUFFIX, decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentBase } from "../format/segment.ts";
import { findSalt } from "./find_record.ts";
import { readSome } from "./tolerant_read.ts";

export interface SegmentFile {
  /** The first sequence that may be in it. */
  readonly base: number;
  readonly name: string;
  readonly path: string;
}

/**
 * In ascending order of their bases, each base once: where a segment is there
 * compressed too, the original counts until a compaction has removed it, unless
 * nothing in it can be read.
 */
export async function listSegments(files: ReadableFiles, directory: string): Promise<SegmentFile[]> {
  const names = await files.list(directory);
  const there = new Set(names);
  const found: SegmentFile[] = [];
  for (const segment of segmentsAmong(names, directory)) {
    const compressed = `${segment.name}${COMPRESSED_SUFFIX}`;
    const isHidden = there.has(compressed) && !await hasSomething(files, segment);
    found.push(isHidden ? { ...segment, name: compressed, path: `${directory}/${compressed}` } : segment);
  }
  return found;
}

/** All that there are names of among the sorted ones of a directory's entries, without looking into any. */
export function segmentsAmong(names: readonly string[], directory: string): SegmentFile[] {
  const found: SegmentFile[] = [];
  for (const name of names) {
    const base = segmentBase(name);
    // Sorted as they are, a name comes right before itself with something behind it.
    if (base === undefined || name === `${found.at(-1)?.name}${COMPRESSED_SUFFIX}`) continue;
    found.push({ base, name, path: `${directory}/${name}` });
  }
  return found;
}

/** Is there more in this original than a header, or anything if that is damaged? False too if it is gone. */
async function hasSomething(files: FileOpener, { base, path }: SegmentFile): Promise<boolean> {
  const file = await ifThere(() => files.open(path, "read"));
  if (file === undefined) return false;
  try {
    const size = await file.size();
    const header = decodeSegmentHeader(await readSome(file, 0, SEGMENT_HEADER_BYTES));
    if (header?.base === base) return size > SEGMENT_HEADER_BYTES;
    return await findSalt(file, size, base) !== undefined;
  } finally {
    file.close();
  }
}

/** What these files take up on disk, in bytes, as far as they are still there. */
export async function bytesOnDisk(files: ReadableFiles, listed: readonly SegmentFile[]): Promise<number> {
  const found = await Promise.all(listed.map(({ path }) => files.stat(path)));
  return found.reduce((sum, info) => sum + (info?.size ?? 0), 0);
}

/**
 * Opens a segment to read what was written to it; offsets and sizes are those
 * of the file that the daemon wrote. One call at a time. If it was compressed
 * since it was listed, the compressed file is opened.
 */
export async function openSegment(files: FileOpener, path: string): Promise<File> {
  if (isCompressed(path)) return await CompressedSegment.open(files, path);
  try {
    return await files.open(path, "read");
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw error;
    const compressed = await ifThere(() => CompressedSegment.open(files, `${path}${COMPRESSED_SUFFIX}`));
    if (compressed === undefined) throw error;
    return compressed;
  }
}

/** Undefined if it is gone: the daemon or a compaction has removed it since it was listed. */
export function openSegmentIfThere(files: FileOpener, path: string): Promise<File | undefined> {
  return ifThere(() => openSegment(files, path));
}

/** Nothing is written to a file of this name any more: it is one that a compaction has made. */
export function isCompressed(path: string): boolean {
  return path.endsWith(COMPRESSED_SUFFIX);
}

/** What an open segment takes on disk, in bytes. */
export async function fileBytesOf(segment: File): Promise<number> {
  return segment instanceof CompressedSegment ? segment.fileBytes : await segment.size();
}

/** Which bytes of its file on disk have [offset, offset + bytes) of an open segment. */
export async function rangeInFile(segment: File, offset: number, bytes: number): Promise<FileRange> {
  return segment instanceof CompressedSegment ? await segment.rangeInFile(offset, bytes) : { offset, bytes };
}

/** The file on disk of an open segment, compressed or not. */
export function fileOf(segment: File): File {
  return segment instanceof CompressedSegment ? segment.file : segment;
}

/** Ranges of an open segment's file that are damaged and cost no byte of what the daemon wrote. */
export async function damagedExtras(segment: File): Promise<FileRange[]> {
  return segment instanceof CompressedSegment ? await segment.damagedExtras() : [];
}

/** No bytes, for what should be there was cut off, and the remains of it are among `ranges`. */
export function hasRemainsIn(ranges: readonly FileRange[], { offset, bytes }: FileRange): boolean {
  return bytes === 0 && ranges.some((remains) => remains.offset === offset);
}

/** Removes a file; fine if somebody else has. */
export async function unlinkIfThere(files: FileSystem, path: string): Promise<void> {
  await ifThere(() => files.unlink(path));
}

async function ifThere<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  }
}
