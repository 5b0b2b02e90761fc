/** Reads one whole segment file: what is damaged, what is missing, and how much is in it. */
import type { FileOpener } from "../../../runtime/files.ts";
import { type CheckableSegment, type CheckedItem, checkSegment } from "../segment/check_segment.ts";
import type { FileRange } from "../format/ranges.ts";
import type { RecordHeader } from "../format/segment.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { damagedExtras, hasRemainsIn, openSegmentIfThere, rangeInFile } from "../segment/segment_files.ts";
import { type SegmentSurvey, surveySegment } from "../segment/survey.ts";
import type { Range } from "../../archive.ts";

/** A segment to read, as plain data, because another thread may read it. */
export type ReadableSegment = Pick<SegmentSurvey, "base" | "path" | "size"> & Pick<CheckableSegment, "newest">;

/** A range of a file on disk that is not what was written. */
export interface DamagedRange extends FileRange {
  readonly path: string;
  /** The frames in it, if its header can be read. */
  readonly frames?: Range;
}

/** Frames that were journaled, as the record or footer at `offset` says, and are missing. */
export interface MissingFrames extends Range {
  readonly path: string;
  readonly offset: number;
}

/** What reading one segment by itself found. */
export interface SegmentReading {
  readonly there: boolean;
  readonly frames: number;
  readonly bytes: number;
  readonly damages: readonly DamagedRange[];
  readonly missing: readonly MissingFrames[];
  /** Sequence that the journal had reached before this segment's first frame, as the record or header at `offset` says. */
  readonly begin: { readonly sequence: number; readonly offset: number } | undefined;
  /** Sequence after the last frame; undefined if there is none. */
  readonly end: number | undefined;
}

const GONE: SegmentReading = {
  there: false,
  frames: 0,
  bytes: 0,
  damages: [],
  missing: [],
  begin: undefined,
  end: undefined,
};

/**
 * Reads a whole segment. `onProgress` is called with the bytes read since its last
 * call, which add up to the listed size. Rejects with a `SystemError` if the file
 * cannot be read.
 */
export async function readSegment(
  files: FileOpener,
  listed: ReadableSegment,
  onProgress: (bytes: number) => void,
): Promise<SegmentReading> {
  const file = await openSegmentIfThere(files, listed.path);
  if (file === undefined) return GONE;
  let account: Account;
  let done = 0;
  try {
    // Since it was listed, a compaction may have replaced it by a file with more frames and another salt.
    const survey = await surveySegment(file, listed.path, listed.base, FALLBACK_FRAMER);
    const segment = { ...survey, newest: listed.newest };
    const { path } = segment;
    account = new Account(segment);
    // If nothing can be read, the whole file is one damaged range.
    const extras = segment.marks === undefined ? [] : await damagedExtras(file);
    for (const range of extras) account.damages.push({ path, ...range });
    for await (const batch of checkSegment(file, segment)) {
      for (const found of batch) {
        account.add(found);
        if (found.kind !== "damage") continue;
        const range = await rangeInFile(file, found.offset, found.bytes);
        if (hasRemainsIn(extras, range)) continue;
        account.damages.push({ path, ...range, frames: framesOf(found.header) });
      }
      const offset = Math.max(done, Math.min(batch[batch.length - 1].offset, listed.size));
      onProgress(offset - done);
      done = offset;
    }
  } finally {
    file.close();
  }
  onProgress(listed.size - done);
  return account.reading();
}

function framesOf(header: RecordHeader | undefined): Range | undefined {
  return header === undefined ? undefined : { from: header.first, until: header.first + header.frames };
}

class Account {
  #frames = 0;
  #bytes = 0;
  readonly damages: DamagedRange[] = [];
  readonly #missing: MissingFrames[] = [];
  #begin: SegmentReading["begin"];
  #end: number | undefined;

  constructor(private readonly segment: SegmentSurvey) {}

  add(found: CheckedItem): void {
    if (found.kind === "footer") return this.#reach(found.footer.end, found.footer.end, found.offset);
    if (found.kind === "unfinished") return;
    const { header, offset } = found;
    if (header === undefined) {
      // Behind a damaged beginning the next record says which frames were in it.
      if (offset > 0) this.#end ??= this.segment.base;
      return;
    }
    this.#reach(Math.min(header.previousEnd, header.first), header.first + header.frames, offset);
    if (found.kind === "damage") return;
    this.#frames += header.frames;
    this.#bytes += header.length;
  }

  /** The record or footer at `offset` says that the journal had reached `before`; it goes to `end` itself. */
  #reach(before: number, end: number, offset: number): void {
    // A footer alone does not say what was before the segment.
    if (this.#end === undefined) this.#begin ??= { sequence: before, offset };
    else if (before > this.#end) {
      this.#missing.push({ path: this.segment.path, offset, from: this.#end, until: before });
    }
    this.#end = Math.max(this.#end ?? 0, end);
  }

  reading(): SegmentReading {
    const { header } = this.segment;
    // Without a record, the header says how far the journal had come.
    const begin = this.#begin ?? (header === undefined ? undefined : { sequence: header.previousEnd, offset: 0 });
    return {
      there: true,
      frames: this.#frames,
      bytes: this.#bytes,
      damages: this.damages,
      missing: this.#missing,
      begin,
      end: this.#end ?? begin?.sequence,
    };
  }
}
