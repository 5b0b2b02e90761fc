/** Reads whole segments and says what is wrong in them: damaged bytes, and frames that are missing without a word. */
import type { FileSystem } from "../runtime/files.ts";
import type { ArchiveSegment } from "./archive.ts";
import type { RecordHeader } from "./format.ts";
import { type Checked, checkSegment } from "./check_segment.ts";
import { damagedExtras, openSegmentIfThere, rangeInFile } from "./segment_files.ts";

/** A stretch of a file on disk that is not what was written. */
export interface DamagedRange {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  /** The frames in it, where they can be told. */
  readonly frames?: Sequences;
}

/** [from, until) */
export interface Sequences {
  readonly from: number;
  readonly until: number;
}

/** Frames that were journaled, as what stands at `offset` says, and are not there. */
export interface MissingFrames extends Sequences {
  readonly path: string;
  readonly offset: number;
}

/** What reading one segment came to. */
export interface SegmentVerdict {
  /** Undefined if the file was gone: the daemon or a compaction has removed it. */
  readonly segment: ArchiveSegment | undefined;
  /** Whole frames, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  readonly damages: readonly DamagedRange[];
  readonly missing: readonly MissingFrames[];
}

/** So many files are read at the same time: one is opened while another is still being looked at. */
const FILES_AT_ONCE = 2;

export interface VerifyOptions {
  /** Called with the bytes of segments that were checked since the last call. */
  readonly onProgress: (bytes: number) => void;
  /** The first sequence not delivered of a journal directory, where it is certain. */
  readonly cursors: ReadonlyMap<string, number>;
}

/** One verdict for each segment, in their order. */
export async function* verifySegments(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  { onProgress, cursors }: VerifyOptions,
): AsyncGenerator<SegmentVerdict> {
  const spare: Uint8Array[] = [];
  const started: Promise<Reading>[] = [];
  const start = (segment: ArchiveSegment) => {
    const reading = read(files, segment, spare, onProgress);
    // Whoever comes to it hears of a failure; after another one nobody does.
    reading.catch(() => {});
    started.push(reading);
  };
  for (const segment of segments.slice(0, FILES_AT_ONCE)) start(segment);
  const positions = new Map(cursors);
  for (const [index, segment] of segments.entries()) {
    const reading = await started[index];
    if (index + FILES_AT_ONCE < segments.length) start(segments[index + FILES_AT_ONCE]);
    yield verdictOf(segment, reading, positions);
  }
}

/** What one segment has, whatever is before it. */
interface Reading {
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

const GONE: Reading = { there: false, frames: 0, bytes: 0, damages: [], missing: [], begin: undefined, end: undefined };

async function read(
  files: FileSystem,
  segment: ArchiveSegment,
  spare: Uint8Array[],
  onProgress: (bytes: number) => void,
): Promise<Reading> {
  const file = await openSegmentIfThere(files, segment.path);
  if (file === undefined) return GONE;
  const account = new Account(segment);
  const { path } = segment;
  let offset = 0;
  try {
    // Where nothing can be read, the whole file is one damaged range.
    const extras = segment.marks === undefined ? [] : await damagedExtras(file);
    for (const range of extras) account.damages.push({ path, ...range });
    for await (const batch of checkSegment(file, segment, spare)) {
      for (const found of batch) {
        account.add(found);
        if (found.kind !== "damage") continue;
        const range = await rangeInFile(file, found.offset, found.bytes);
        account.damages.push({ path, ...range, frames: framesOf(found.header) });
      }
      const last = batch[batch.length - 1];
      onProgress(last.offset - offset);
      offset = last.offset;
    }
  } finally {
    file.close();
  }
  onProgress(segment.size - offset);
  return account.reading();
}

function framesOf(header: RecordHeader | undefined): Sequences | undefined {
  return header === undefined ? undefined : { from: header.first, until: header.first + header.frames };
}

class Account {
  #frames = 0;
  #bytes = 0;
  readonly damages: DamagedRange[] = [];
  readonly #missing: MissingFrames[] = [];
  #begin: Reading["begin"];
  #end: number | undefined;

  constructor(private readonly segment: ArchiveSegment) {}

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

  reading(): Reading {
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

/** `positions`: how far the journal of each directory has been seen, as it is before and after. */
function verdictOf(segment: ArchiveSegment, reading: Reading, positions: Map<string, number>): SegmentVerdict {
  const { there, frames, bytes, damages, begin, end } = reading;
  const { path, directory } = segment;
  const position = positions.get(directory);
  const missing = [...reading.missing];
  if (position !== undefined && begin !== undefined && position < begin.sequence) {
    missing.unshift({ path, offset: begin.offset, from: position, until: begin.sequence });
  }
  // What was removed under our hands was delivered: what comes next is a beginning.
  if (!there) positions.delete(directory);
  else if (end !== undefined) positions.set(directory, Math.max(position ?? 0, end));
  return { segment: there ? segment : undefined, frames, bytes, damages, missing };
}
