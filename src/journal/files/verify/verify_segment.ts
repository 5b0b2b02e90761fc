/** What reading one whole segment file says, whatever is before it: what is damaged in it, what is missing, what is there. */
import type { FileOpener } from "../../../runtime/files.ts";
import { type CheckableSegment, type Checked, checkSegment } from "../segment/check_segment.ts";
import type { FileRange } from "../segment/compressed_blocks.ts";
import type { RecordHeader } from "../format/segment.ts";
import { LINES } from "../segment/framer_of.ts";
import { damagedExtras, hasRemainsIn, openSegmentIfThere, rangeInFile } from "../segment/segment_files.ts";
import { type SegmentSurvey, surveySegment } from "../segment/survey.ts";
import type { Range } from "../../archive.ts";

/** What has to be known of a segment, as plain data: another thread may read it. */
export type ReadableSegment = Pick<SegmentSurvey, "base" | "path" | "size"> & Pick<CheckableSegment, "newest">;

/** A stretch of a file on disk that is not what was written. */
export interface DamagedRange extends FileRange {
  readonly path: string;
  /** The frames in it, where they can be told. */
  readonly frames?: Range;
}

/** Frames that were journaled, as what stands at `offset` says, and are not there. */
export interface MissingFrames extends Range {
  readonly path: string;
  readonly offset: number;
}

/** What one segment has, whatever is before it. */
export interface SegmentReading {
  readonly there: boolean;
  readonly frames: number;
  readonly bytes: number;
  readonly damages: readonly DamagedRange[];
  readonly missing: readonly MissingFrames[];
  /** The journal had come so far before this segment's first frame, says what stands at `offset`. */
  readonly begin: { readonly sequence: number; readonly offset: number } | undefined;
  /** Sequence after the last frame that was here; undefined if there was none. */
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
 * Reads a segment through. `onProgress` is told the bytes that were read since
 * its last call, as many in all as were listed. Rejects with a `SystemError`
 * where the file cannot be read.
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
    // Since it was listed, a compaction may have put another file there, with more in it and marks of its own.
    const survey = await surveySegment(file, listed.path, listed.base, LINES);
    const segment = { ...survey, newest: listed.newest };
    const { path } = segment;
    account = new Account(segment);
    // Where nothing can be read, the whole file is one damaged range.
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

  add(found: Checked): void {
    if (found.kind === "footer") return this.#reach(found.footer.end, found.footer.end, found.offset);
    if (found.kind === "unfinished") return;
    const { header, offset } = found;
    if (header === undefined) {
      // Behind a damaged beginning the next record tells what was in it.
      if (offset > 0) this.#end ??= this.segment.base;
      return;
    }
    this.#reach(Math.min(header.previousEnd, header.first), header.first + header.frames, offset);
    if (found.kind === "damage") return;
    this.#frames += header.frames;
    this.#bytes += header.length;
  }

  /** What stands at `offset` says that the journal had come to `before`, and goes to `end` itself. */
  #reach(before: number, end: number, offset: number): void {
    // A footer alone says how far the segment went, not what was before it.
    if (this.#end === undefined) this.#begin ??= { sequence: before, offset };
    else if (before > this.#end) {
      this.#missing.push({ path: this.segment.path, offset, from: this.#end, until: before });
    }
    this.#end = Math.max(this.#end ?? 0, end);
  }

  reading(): SegmentReading {
    const { header } = this.segment;
    // Without a record, its header tells how far the journal had come.
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
