/**
 * Reads the selected frames of segment files, in sequence order, each once, and
 * names what stood in the way: damage, and frames that are missing without
 * having been declared as delivered from memory (FORMAT.md, holes).
 *
 * A daemon or a compaction may be at work in the same directory. A file stays
 * open while it is read. Where one is gone when its turn comes, the directory
 * is listed again, for its frames may be in another file by now.
 */
import type { ArchiveItem, Selection } from "../../archive.ts";
import { skipFrames } from "../../../framing/skip.ts";
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import { type ArchiveSegment, cursorOf, laterOf } from "./find_segments.ts";
import { type RecordPosition, type ScannedItem, scanSegment } from "../segment/check_segment.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";
import { endBeforeAnyOf } from "../segment/overlap.ts";
import { type CurrentFile, endOf, openCurrentFile } from "./current_file.ts";
import { rangeInFile } from "../segment/segment_files.ts";
import { walkRecords } from "../segment/walk_records.ts";
import type { ReadPlace } from "./read_place.ts";
import { SelectionCursor } from "./selection.ts";

/** See `Archive.read`; of segments whose header is damaged, each has a framer that fits. */
export function readArchive(
  files: ReadableFiles,
  segments: readonly ArchiveSegment[],
  selection: Selection,
): AsyncGenerator<ArchiveItem> {
  return readOn(files, segments, { selected: new SelectionCursor(selection) });
}

/** How far a journal was read that is read again, for what has come. */
export interface ReadProgress {
  readonly selected: SelectionCursor;
  /** Where in its file the last segment was read to. */
  readonly place?: ReadPlace;
}

/** Like {@link readArchive}, from where `progress` is, which moves on. */
export async function* readOn(
  files: ReadableFiles,
  segments: readonly ArchiveSegment[],
  progress: ReadProgress,
): AsyncGenerator<ArchiveItem> {
  const reader = new ItemReader(files, progress);
  for (const [index, segment] of segments.entries()) {
    if (reader.selected.done) return;
    if (reader.selected.skips(segment)) continue;
    // Only segments that are read later endBeforeLater this one: the directory may have others, or get them meanwhile.
    const endBeforeLater = await endBeforeAnyOf(files, laterOf(segments, index));
    const current = await openCurrentFile(files, segment, endBeforeLater);
    if (current === undefined) {
      yield* reader.noteRemoved(segment, endBeforeLater);
      continue;
    }
    try {
      yield* reader.read(current, segment);
    } finally {
      current.file.close();
    }
  }
}

class ItemReader {
  readonly selected: SelectionCursor;
  readonly #place: ReadPlace | undefined;

  constructor(private readonly files: ReadableFiles, { selected, place }: ReadProgress) {
    this.selected = selected;
    this.#place = place;
  }

  /** What is left of the `listed` segment. */
  async *read(
    { file, segment, endBeforeLater, isSuccessor }: CurrentFile,
    listed: ArchiveSegment,
  ): AsyncGenerator<ArchiveItem> {
    const { selected } = this;
    if (isSuccessor) {
      const missing = selected.missingBefore(Math.min(listed.header?.previousEnd ?? 0, listed.base), listed);
      if (missing !== undefined) yield { kind: "missing", segment: listed.path, ...missing };
      // Frames of other segments in the same file were not selected, or come when it is their turn.
      selected.passOver(listed.base);
    }
    const place = this.#place;
    const from = await positionOf(file, segment, selected.fromOf(segment), place?.in(segment));
    for await (const found of scanSegment(file, segment, { endBeforeLater, from })) {
      if (selected.done) return;
      if (found.kind === "damage") {
        const damage = this.#damage(found, segment);
        place?.note(segment, { offset: found.offset + found.bytes, end: damage.lost?.until ?? selected.position });
        yield { ...damage, ...await rangeInFile(file, found.offset, found.bytes) };
      }
      if (found.kind !== "record") continue;
      const { first, frames, previousEnd, timeUs, length } = found.header;
      const missing = selected.missingBefore(Math.min(previousEnd, first), segment);
      if (missing !== undefined) yield { kind: "missing", segment: segment.path, ...missing };
      if (first >= selected.until) return selected.passOver(selected.until);
      const { from, until } = selected.take(found.header, segment);
      place?.note(segment, { offset: found.offset + RECORD_HEADER_BYTES + length, end: first + frames });
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

  /** The frames of `gone` are in no file any more. Those that were not delivered will show as missing. */
  async *noteRemoved(gone: ArchiveSegment, endBeforeLater: number): AsyncGenerator<ArchiveItem> {
    const { files, selected } = this;
    const limit = Math.min(endBeforeLater, endOf(gone));
    const from = Math.max(gone.base, selected.fromOf(gone));
    const until = Math.min(limit, selected.until, await cursorOf(files, gone.directory) ?? 0);
    if (from >= until) return;
    selected.passOver(until);
    yield { kind: "removed", segment: gone.path, from, until };
  }

  #damage(
    found: Extract<ScannedItem, { kind: "damage" }>,
    { base, path }: ArchiveSegment,
  ): Extract<ArchiveItem, { kind: "damage" }> {
    const { kind, offset, bytes, header } = found;
    const lost = header === undefined ? undefined : { from: header.first, until: header.first + header.frames };
    this.selected.passOver(lost?.until ?? base);
    return { kind, segment: path, offset, bytes, lost };
  }
}

/**
 * Where to begin to read for `sequence`: behind the records at the beginning of
 * the file that lie wholly before it. Payloads are not read. `known` is such a
 * place from an earlier reading.
 */
async function positionOf(
  file: File,
  segment: ArchiveSegment,
  sequence: number,
  known?: RecordPosition,
): Promise<RecordPosition> {
  const { marks, size, base, start } = segment;
  let position = known ?? { offset: start, end: base };
  if (marks === undefined || position.end >= sequence) return position;
  for await (const found of walkRecords(file, { marks, from: position.offset, limit: size, verify: false })) {
    if (found.kind !== "record") break;
    const { first, frames, length } = found.header;
    if (first < position.end || first + frames > sequence) break;
    position = { offset: found.offset + RECORD_HEADER_BYTES + length, end: first + frames };
  }
  return position;
}
