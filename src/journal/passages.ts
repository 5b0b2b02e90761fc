/**
 * The frames of an archive that somebody has asked for, in sequence order, each
 * once, and what stood in the way: damage, and frames that are missing without
 * having been declared as delivered from memory (FORMAT.md, holes).
 */
import type { Framer } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import type { ArchiveSegment } from "./archive.ts";
import { boundAfter, type Scanned, scanSegment } from "./scan.ts";
import { openSegmentIfThere, rangeInFile } from "./segment_files.ts";

/** Which frames; what is left out selects all. Times are those of arrival, in µs since 1970. */
export interface Selection {
  /** Sequences [from, until). */
  readonly from?: number;
  readonly until?: number;
  /** Records that began to arrive in [sinceUs, beforeUs). */
  readonly sinceUs?: number;
  readonly beforeUs?: number;
  /** So many frames at most. */
  readonly limit?: number;
  /** Only what is not delivered. */
  readonly pending?: boolean;
}

export type Passage =
  | {
    readonly kind: "frames";
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
    readonly lost?: { readonly from: number; readonly until: number };
  }
  | { readonly kind: "missing"; readonly segment: string; readonly from: number; readonly until: number };

/** Reads the archive; checksums are verified. */
export async function* readPassages(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  selection: Selection,
): AsyncGenerator<Passage> {
  const reader = new PassageReader(files, selection);
  for (const segment of segments) {
    if (reader.done) return;
    if (reader.skips(segment)) continue;
    const file = await openSegmentIfThere(files, segment.path);
    if (file === undefined) continue;
    try {
      yield* reader.read(file, segment);
    } finally {
      file.close();
    }
  }
}

class PassageReader {
  /** Frames before this one have been seen, or passed over. */
  #position = 0;
  #seen = false;
  #left: number;

  constructor(private readonly files: FileSystem, private readonly selection: Selection) {
    this.#left = selection.limit ?? Number.POSITIVE_INFINITY;
  }

  get done(): boolean {
    return this.#left <= 0;
  }

  /** Says the footer that nothing in it is wanted? */
  skips({ base, footer, cursor }: ArchiveSegment): boolean {
    const { until, sinceUs, beforeUs } = this.selection;
    if (base >= (until ?? Number.POSITIVE_INFINITY)) return true;
    if (footer === undefined) return false;
    const unwanted = footer.end <= this.#from(cursor) || footer.highestUs < (sinceUs ?? 0) ||
      footer.lowestUs >= (beforeUs ?? Number.POSITIVE_INFINITY);
    if (unwanted) this.#advance(footer.end);
    return unwanted;
  }

  async *read(file: File, segment: ArchiveSegment): AsyncGenerator<Passage> {
    const { until = Number.POSITIVE_INFINITY, sinceUs = 0, beforeUs = Number.POSITIVE_INFINITY } = this.selection;
    const bound = await boundAfter(this.files, segment.directory, segment.base, segment.framer);
    for await (const found of scanSegment(file, segment, bound)) {
      if (this.done) return;
      if (found.kind === "damage") {
        yield { ...this.#damage(found, segment), ...await rangeInFile(file, found.offset, found.bytes) };
      }
      if (found.kind !== "record") continue;
      const { first, frames, previousEnd, timeUs } = found.header;
      const missing = this.#missingBefore(Math.min(previousEnd, first), segment);
      if (missing !== undefined) yield { kind: "missing", segment: segment.name, ...missing };
      const from = Math.max(first, this.#position, this.#from(segment.cursor));
      const to = Math.min(first + frames, until, from + this.#left);
      this.#advance(first + frames);
      if (from >= to || timeUs < sinceUs || timeUs >= beforeUs) continue;
      this.#left -= to - from;
      const { payload, framer } = found;
      const start = skipFrames(framer, payload, 0, payload.length, from - first);
      const end = to === first + frames
        ? payload.length
        : skipFrames(framer, payload, start, payload.length, to - from);
      const bytes = payload.subarray(start, end);
      yield { kind: "frames", segment: segment.name, first: from, frames: to - from, timeUs, bytes, framer };
    }
  }

  #damage(
    found: Extract<Scanned, { kind: "damage" }>,
    { base }: ArchiveSegment,
  ): Extract<Passage, { kind: "damage" }> {
    const { kind, segment, offset, bytes, header } = found;
    const lost = header === undefined ? undefined : { from: header.first, until: header.first + header.frames };
    this.#advance(lost?.until ?? base);
    return { kind, segment, offset, bytes, lost };
  }

  #from(cursor: number | undefined): number {
    return Math.max(this.selection.from ?? 0, this.selection.pending === true ? cursor ?? 0 : 0);
  }

  #advance(sequence: number): void {
    this.#position = Math.max(this.#position, sequence);
    this.#seen = true;
  }

  /** Frames that a record says were journaled before it and that did not come; what is delivered may be gone. */
  #missingBefore(until: number, { cursor }: ArchiveSegment): { from: number; until: number } | undefined {
    const { selection } = this;
    const from = Math.max(this.#position, this.#from(cursor));
    const wanted = Math.min(until, selection.until ?? Number.POSITIVE_INFINITY);
    // Before the first record there may have been anything; what is below the cursor was delivered and removed.
    if (!this.#seen && selection.from === undefined) return undefined;
    const start = this.#seen ? from : Math.max(from, cursor ?? from);
    return start < wanted ? { from: start, until: wanted } : undefined;
  }
}
