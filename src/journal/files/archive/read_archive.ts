/**
 * The frames of an archive that somebody has asked for, in sequence order, each
 * once, and what stood in the way: damage, and frames that are missing without
 * having been declared as delivered from memory (FORMAT.md, holes).
 *
 * A daemon or a compaction may be at work in the same directory. A file stays
 * open while it is read; where one is gone when its turn comes, the directory
 * is looked at again, for its frames may be in another file by now.
 */
import type { Framer } from "../../../framing/framing.ts";
import { skipFrames } from "../../../framing/skip.ts";
import type { File, FileSystem } from "../../../runtime/files.ts";
import { type ArchiveSegment, cursorOf, laterOf } from "./open_archive.ts";
import { type RecordPosition, type ScannedItem, scanSegment } from "../segment/check_segment.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";
import { endBeforeAnyOf } from "../segment/overlap.ts";
import { endOf, openPresent, type Present } from "./current_file.ts";
import { rangeInFile } from "../segment/segment_files.ts";
import { walkRecords } from "../segment/walk_records.ts";
import { type Range, type Selection, Wanted } from "./selection.ts";

export type Passage =
  | {
    readonly kind: "frames";
    /** The path of its file, here as below. */
    readonly segment: string;
    readonly first: number;
    readonly frames: number;
    readonly timeUs: number;
    /** Valid until the next step. */
    readonly bytes: Uint8Array;
    readonly framer: Framer;
  }
  | {
    readonly kind: "damage";
    readonly segment: string;
    /** In the file on disk, compressed or not. */
    readonly offset: number;
    readonly bytes: number;
    /** The frames in it, where its header can be read; else they show as missing before the next record. */
    readonly lost?: Range;
  }
  | { readonly kind: "missing"; readonly segment: string; readonly from: number; readonly until: number }
  /** Delivered by the daemon since the archive was opened, and removed with its segment: no loss. */
  | { readonly kind: "removed"; readonly segment: string; readonly from: number; readonly until: number };

/** Reads the archive; checksums are verified. */
export async function* readPassages(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  selection: Selection,
): AsyncGenerator<Passage> {
  const reader = new PassageReader(files, new Wanted(selection));
  for (const [index, segment] of segments.entries()) {
    if (reader.wanted.done) return;
    if (reader.wanted.skips(segment)) continue;
    // Only what is read later is left to later segments: others may be in the directory, or come meanwhile.
    const endBeforeLater = await endBeforeAnyOf(files, laterOf(segments, index));
    const present = await openPresent(files, segment, endBeforeLater);
    if (present === undefined) {
      yield* reader.noteRemoved(segment, endBeforeLater);
      continue;
    }
    try {
      yield* reader.read(present, segment);
    } finally {
      present.file.close();
    }
  }
}

class PassageReader {
  constructor(private readonly files: FileSystem, readonly wanted: Wanted) {}

  /** What is left of the `listed` segment. */
  async *read({ file, segment, endBeforeLater, elsewhere }: Present, listed: ArchiveSegment): AsyncGenerator<Passage> {
    const { wanted } = this;
    if (elsewhere) {
      const missing = wanted.missingBefore(Math.min(listed.header?.previousEnd ?? 0, listed.base), listed);
      if (missing !== undefined) yield { kind: "missing", segment: listed.path, ...missing };
      // What it has of other segments was not asked for, or comes when it is their turn.
      wanted.passOver(listed.base);
    }
    const from = await positionOf(file, segment, wanted.fromOf(segment));
    for await (const found of scanSegment(file, segment, { endBeforeLater, from })) {
      if (wanted.done) return;
      if (found.kind === "damage") {
        yield { ...this.#damage(found, segment), ...await rangeInFile(file, found.offset, found.bytes) };
      }
      if (found.kind !== "record") continue;
      const { first, frames, previousEnd, timeUs } = found.header;
      const missing = wanted.missingBefore(Math.min(previousEnd, first), segment);
      if (missing !== undefined) yield { kind: "missing", segment: segment.path, ...missing };
      if (first >= wanted.until) return;
      const { from, until } = wanted.take(found.header, segment);
      if (from >= until) continue;
      const { payload, framer } = found;
      const start = skipFrames(framer, payload, 0, payload.length, from - first);
      const end = until === first + frames
        ? payload.length
        : skipFrames(framer, payload, start, payload.length, until - from);
      const bytes = payload.subarray(start, end);
      yield { kind: "frames", segment: segment.path, first: from, frames: until - from, timeUs, bytes, framer };
    }
  }

  /** Its frames are in no file any more: delivered, or else they will show as missing. */
  async *noteRemoved(gone: ArchiveSegment, endBeforeLater: number): AsyncGenerator<Passage> {
    const { files, wanted } = this;
    const limit = Math.min(endBeforeLater, endOf(gone));
    const from = Math.max(gone.base, wanted.fromOf(gone));
    const until = Math.min(limit, wanted.until, await cursorOf(files, gone.directory) ?? 0);
    if (from >= until) return;
    wanted.passOver(until);
    yield { kind: "removed", segment: gone.path, from, until };
  }

  #damage(
    found: Extract<ScannedItem, { kind: "damage" }>,
    { base, path }: ArchiveSegment,
  ): Extract<Passage, { kind: "damage" }> {
    const { kind, offset, bytes, header } = found;
    const lost = header === undefined ? undefined : { from: header.first, until: header.first + header.frames };
    this.wanted.passOver(lost?.until ?? base);
    return { kind, segment: path, offset, bytes, lost };
  }
}

/**
 * Where to begin to read for `sequence`: behind the records at the beginning of
 * the file that lie wholly before it. Payloads are not read.
 */
async function positionOf(file: File, segment: ArchiveSegment, sequence: number): Promise<RecordPosition> {
  const { marks, size, base, start } = segment;
  let position: RecordPosition = { offset: start, end: base };
  if (marks === undefined || base >= sequence) return position;
  for await (const found of walkRecords(file, { marks, from: start, limit: size, verify: false })) {
    if (found.kind !== "record") break;
    const { first, frames, length } = found.header;
    if (first < position.end || first + frames > sequence) break;
    position = { offset: found.offset + RECORD_HEADER_BYTES + length, end: first + frames };
  }
  return position;
}
