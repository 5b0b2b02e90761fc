/**
 * Lists the segment files of a journal directory, and opens them for reading,
 * compressed or not.
 */
import { failedWith } from "../../../base/error.ts";
import type { File, FileOpener, FileSystem, ReadableFiles } from "../../../runtime/files.ts";
import type { FileRange } from "../format/ranges.ts";
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
 * The segments in ascending order of their bases, each once. If a segment is there
 * compressed and uncompressed, the original counts, unless nothing in it can be
 * read: a compaction was to remove it.
 */
export async function listSegments(files: ReadableFiles, directory: string): Promise<SegmentFile[]> {
  const names = await files.list(directory);
  const there = new Set(names);
  const found: SegmentFile[] = [];
  for (const segment of segmentsAmong(names, directory)) {
    const compressed = `${segment.name}${COMPRESSED_SUFFIX}`;
    const isHidden = there.has(compressed) && !await isReadable(files, segment);
    found.push(isHidden ? { ...segment, name: compressed, path: `${directory}/${compressed}` } : segment);
  }
  return found;
}

/** The segments among the sorted names of a directory, without opening any file. */
export function segmentsAmong(names: readonly string[], directory: string): SegmentFile[] {
  const found: SegmentFile[] = [];
  for (const name of names) {
    const base = segmentBase(name);
    // In sorted order the compressed file follows its original.
    if (base === undefined || name === `${found.at(-1)?.name}${COMPRESSED_SUFFIX}`) continue;
    found.push({ base, name, path: `${directory}/${name}` });
  }
  return found;
}

/** True if this original has more than a header, or a record if its header is damaged. False if it is gone. */
async function isReadable(files: FileOpener, { base, path }: SegmentFile): Promise<boolean> {
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

/** Bytes that these files take on disk, without those that are gone. */
export async function bytesOnDisk(files: ReadableFiles, listed: readonly SegmentFile[]): Promise<number> {
  const found = await Promise.all(listed.map(({ path }) => files.stat(path)));
  return found.reduce((sum, info) => sum + (info?.size ?? 0), 0);
}

/**
 * Opens a segment for reading; offsets and sizes are those of the file that the
 * daemon wrote. If it was compressed since it was listed, the compressed file is
 * opened. The file takes one call at a time.
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

/** Like {@link openSegment}; undefined if the daemon or a compaction has removed the file since it was listed. */
export function openSegmentIfThere(files: FileOpener, path: string): Promise<File | undefined> {
  return ifThere(() => openSegment(files, path));
}

/** True for the name of a file that a compaction has made; nothing is written to it any more. */
export function isCompressed(path: string): boolean {
  return path.endsWith(COMPRESSED_SUFFIX);
}

/** Bytes that an open segment takes on disk. */
export async function fileBytesOf(segment: File): Promise<number> {
  return segment instanceof CompressedSegment ? segment.fileBytes : await segment.size();
}

/** The range of the file on disk that holds [offset, offset + bytes) of an open segment. */
export async function rangeInFile(segment: File, offset: number, bytes: number): Promise<FileRange> {
  return segment instanceof CompressedSegment ? await segment.rangeInFile(offset, bytes) : { offset, bytes };
}

/** The file on disk of an open segment, compressed or not. */
export function fileOf(segment: File): File {
  return segment instanceof CompressedSegment ? segment.file : segment;
}

/** Damaged ranges of an open segment's file that cost no byte of what the daemon wrote. */
export async function damagedExtras(segment: File): Promise<FileRange[]> {
  return segment instanceof CompressedSegment ? await segment.damagedExtras() : [];
}

/** True for an empty range at which one of `ranges` begins: what should be there was cut off, and that is the rest of it. */
export function hasRemainsIn(ranges: readonly FileRange[], { offset, bytes }: FileRange): boolean {
  return bytes === 0 && ranges.some((remains) => remains.offset === offset);
}

/** Removes a file, unless another process has removed it. */
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
