/**
 * Replaces one or several segments by one file, compressed if that gains anything.
 * It is written under a temporary name, synced, read back and compared before it
 * gets its name; then the originals are removed, the oldest first (FORMAT.md says
 * why).
 */
import { Buffer } from "node:buffer";
import type { Clock } from "../../../base/clock.ts";
import { SpillwayError } from "../../../base/error.ts";
import type { FileSystem, WritableFile } from "../../../runtime/files.ts";
import type { CompactionSegment } from "./survey.ts";
import { CompressedSegment } from "../segment/compressed_file.ts";
import { blockBytes, CompressedWriter, compressPart } from "./compressed_writer.ts";
import { COMPACTION_NAME } from "../directory/leftovers.ts";
import { COMPACTION_WAIT_MS, waitForFilesLock } from "../directory/files_lock.ts";
import { COMPRESSED_SUFFIX, SALT_BYTES, saltOf, segmentName } from "../format/segment.ts";
import { listSegments, openSegment } from "../segment/segment_files.ts";
import { mergedParts, partsOf } from "./segment_parts.ts";

/** How many bytes of a segment are compressed as a sample, and the share that has to be gained. */
const SAMPLE_BYTES = 1024 * 1024;
const GAIN_MIN = 0.05;
const COMPARE_BYTES = 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;

export interface RewriteOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly directory: string;
}

/**
 * The result for a group. `done`: the bytes of its new file. `incompressible`:
 * nothing would be gained. `gone`: a segment was removed meanwhile. `busy`: the
 * daemon held files.lock too long. The next run tries the last two again.
 */
export type Rewritten =
  | { readonly kind: "done"; readonly bytes: number }
  | { readonly kind: "incompressible" | "gone" | "busy" };

/** Rejects with a `DamagedSegmentError`, a `SystemError` or a `SpillwayError`; the originals are then as they were. */
export async function rewriteGroup(options: RewriteOptions, group: readonly CompactionSegment[]): Promise<Rewritten> {
  const { files, directory } = options;
  const salt = group.length === 1 ? saltOf(group[0].survey.marks!) : options.randomBytes(SALT_BYTES);
  const parts = group.length === 1 ? () => singleParts(files, group[0]) : () => mergedParts(files, group, salt);
  const compress = group.some(({ compressed }) => compressed) || await isWorthIt(parts());
  if (!compress && group.length === 1) return { kind: "incompressible" };
  const temporary = `${directory}/${COMPACTION_NAME}`;
  let inPlace = false;
  try {
    const bytes = await write(files, temporary, parts(), compress ? { base: group[0].base, salt } : undefined);
    await compare(files, temporary, compress, parts());
    const name = `${segmentName(group[0].base)}${compress ? COMPRESSED_SUFFIX : ""}`;
    const kind = await replace(options, group, temporary, `${directory}/${name}`);
    inPlace = kind === "done";
    return kind === "done" ? { kind, bytes } : { kind };
  } finally {
    if (!inPlace) await files.unlink(temporary).catch(() => {});
  }
}

async function* singleParts(files: FileSystem, { survey }: CompactionSegment): AsyncGenerator<Uint8Array> {
  const file = await openSegment(files, survey.path);
  try {
    yield* partsOf(file, survey.marks!);
  } finally {
    file.close();
  }
}

async function isWorthIt(parts: AsyncIterable<Uint8Array>): Promise<boolean> {
  let original = 0;
  let compressed = 0;
  for await (const part of parts) {
    original += part.length;
    compressed += blockBytes(compressPart(part));
    if (original >= SAMPLE_BYTES) break;
  }
  return compressed <= original * (1 - GAIN_MIN);
}

/** Returns the bytes of the file, which is synced. */
async function write(
  files: FileSystem,
  path: string,
  parts: AsyncIterable<Uint8Array>,
  compressed: { readonly base: number; readonly salt: Uint8Array } | undefined,
): Promise<number> {
  const file = await files.open(path, "create");
  try {
    if (compressed === undefined) await writePlain(file, parts);
    else {
      const writer = new CompressedWriter(file, compressed);
      for await (const part of parts) await writer.add(part);
      await writer.finish();
    }
    await file.sync();
    return await file.size();
  } finally {
    file.close();
  }
}

async function writePlain(file: WritableFile, parts: AsyncIterable<Uint8Array>): Promise<void> {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  let at = 0;
  const flush = async () => {
    if (bytes > 0) await file.writeAt(pending, at);
    at += bytes;
    pending = [];
    bytes = 0;
  };
  for await (const part of parts) {
    pending.push(part);
    bytes += part.length;
    if (bytes >= WRITE_BYTES) await flush();
  }
  await flush();
}

/** Rejects unless the new file, read as every reader reads it, has exactly the parts. */
async function compare(
  files: FileSystem,
  path: string,
  compressed: boolean,
  parts: AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = compressed ? await CompressedSegment.open(files, path) : await files.open(path, "read");
  try {
    const bytes = new Uint8Array(COMPARE_BYTES);
    let at = 0;
    for await (const part of parts) {
      for (let done = 0; done < part.length;) {
        const length = Math.min(bytes.length, part.length - done);
        const found = bytes.subarray(0, await file.readAt(bytes.subarray(0, length), at));
        const wanted = part.subarray(done, done + length);
        if (!Buffer.from(found.buffer, 0, found.length).equals(wanted)) throw notAsWritten(path, at);
        done += length;
        at += length;
      }
    }
    if (await file.size() !== at) throw notAsWritten(path, at);
  } finally {
    file.close();
  }
}

function notAsWritten(path: string, at: number): SpillwayError {
  return new SpillwayError(`${path}: does not read back as it was written, at byte ${at}; the originals stay`, {
    hint: "check this host's memory and disk",
  });
}

/** Puts the new file in place and removes the originals, while the daemon removes none. */
async function replace(
  { files, clock, directory }: RewriteOptions,
  group: readonly CompactionSegment[],
  temporary: string,
  path: string,
): Promise<"done" | "gone" | "busy"> {
  const lock = await waitForFilesLock(files, directory, clock, COMPACTION_WAIT_MS);
  if (lock === undefined) return "busy";
  try {
    const there = new Set((await listSegments(files, directory)).map((file) => file.path));
    if (group.some(({ survey }) => !there.has(survey.path))) return "gone";
    await files.rename(temporary, path);
    await files.syncDirectory(directory);
    for (const { survey } of group) {
      if (survey.path === path) continue;
      await files.unlink(survey.path);
      // After a power loss an earlier original must not be there while a later one is gone.
      await files.syncDirectory(directory);
    }
    return "done";
  } finally {
    lock.close();
  }
}
