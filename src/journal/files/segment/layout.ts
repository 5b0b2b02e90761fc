/**
 * Decides which records of a damaged segment count, for every reader.
 *
 * A writer appends records in ascending order, each once. After damage a record
 * may be in a file twice, before its predecessor or behind a damaged copy of
 * itself. Each frame counts once, from the first whole copy of its record, in the
 * order of the sequences.
 */
import type { File } from "../../../runtime/files.ts";
import { type Footer, RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import { walkBatches, type WalkedItem, type WalkOptions } from "./walk_records.ts";

/** Whole records that follow each other in the file and in their sequences. */
export interface RecordRun {
  /** Its range in the file is [offset, end). */
  readonly offset: number;
  end: number;
  readonly first: number;
  until: number;
  /** Sequence after the record before it, as its first record says. */
  readonly previousEnd: number;
  frames: number;
  /** Bytes of frames. */
  bytes: number;
  /** True if records with later sequences are before it in the file. */
  readonly isOutOfOrder: boolean;
}

/** A record of which there is no whole copy: its header says which frames are lost. */
export interface LostRecord {
  readonly offset: number;
  readonly bytes: number;
  readonly header: RecordHeader;
}

/** Bytes that should not be where they are, and that cost no frame known by a header. */
export interface StrayBytes {
  readonly offset: number;
  readonly bytes: number;
  /** Sequence after the last record before it in the file. */
  readonly behind: number;
}

export interface Layout {
  /** Ascending by sequence, as are the lostRecords; no frame is in two of either. */
  readonly runs: readonly RecordRun[];
  readonly lostRecords: readonly LostRecord[];
  /** Ascending by offset. Records out of order are among them, although they count. */
  readonly strayBytes: readonly StrayBytes[];
  readonly footers: readonly { readonly offset: number; readonly footer: Footer }[];
  readonly tail: Extract<WalkedItem, { kind: "tail" }> & { readonly behind: number } | undefined;
}

export interface LayoutOptions extends Omit<WalkOptions, "verify"> {
  /** Frames before this sequence do not count: they belong to another segment, or were read before. */
  readonly base: number;
}

/** Reads everything from `from` on and verifies all checksums. The size of the result depends on the damage alone. */
export async function layOutRecords(file: File, options: LayoutOptions): Promise<Layout> {
  const draft = new Draft(options.base);
  for await (const batch of walkBatches(file, { ...options, verify: true })) {
    for (const found of batch) draft.add(found);
  }
  return draft.layout();
}

class Draft {
  readonly #runs: RecordRun[] = [];
  readonly #lostRecords: (LostRecord & StrayBytes)[] = [];
  readonly #strayBytes: StrayBytes[] = [];
  readonly #footers: { offset: number; footer: Footer }[] = [];
  #tail: Layout["tail"];
  /** Index of the run that the next record may continue. */
  #open: number | undefined;
  #behind: number;
  #furthest: number;

  constructor(private readonly base: number) {
    this.#behind = this.#furthest = base;
  }

  add(found: WalkedItem): void {
    if (found.kind === "record") return this.#record(found.offset, found.header);
    this.#open = undefined;
    if (found.kind === "footer") this.#footers.push(found);
    else if (found.kind === "tail") this.#tail = { ...found, behind: this.#behind };
    else {
      const { offset, bytes, header } = found;
      if (header === undefined) return void this.#strayBytes.push({ offset, bytes, behind: this.#behind });
      this.#lostRecords.push({ offset, bytes, header, behind: this.#behind });
      if (header.first >= this.#behind) this.#behind = header.first + header.frames;
    }
  }

  #record(offset: number, header: RecordHeader): void {
    const { first, frames, length, previousEnd } = header;
    const until = first + frames;
    const bytes = RECORD_HEADER_BYTES + length;
    const next = this.#after(first);
    if (!this.#isFree(next, first, until)) {
      this.#open = undefined;
      return void this.#strayBytes.push({ offset, bytes, behind: this.#behind });
    }
    const open = this.#open === next - 1 ? this.#runs[this.#open] : undefined;
    if (open !== undefined && first >= open.until && previousEnd <= open.until) {
      open.end = offset + bytes;
      open.until = until;
      open.frames += frames;
      open.bytes += length;
    } else {
      const isOutOfOrder = first < this.#furthest;
      const run = { offset, end: offset + bytes, first, until, previousEnd, frames, bytes: length, isOutOfOrder };
      this.#runs.splice(next, 0, run);
      this.#open = next;
    }
    this.#behind = until;
    this.#furthest = Math.max(this.#furthest, until);
  }

  /** Index of the first run that begins behind `sequence`. */
  #after(sequence: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle].first <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** True if no run has the frames [first, until). `next`: index of the first run that begins behind `first`. */
  #isFree(next: number, first: number, until: number): boolean {
    const before = next === 0 ? this.base : this.#runs[next - 1].until;
    return first >= before && (next === this.#runs.length || until <= this.#runs[next].first);
  }

  layout(): Layout {
    const lostRecords: LostRecord[] = [];
    const strayBytes = [...this.#strayBytes];
    let lostUntil = 0;
    for (const lost of this.#lostRecords.toSorted((a, b) => a.header.first - b.header.first || a.offset - b.offset)) {
      const { first, frames } = lost.header;
      if (first >= lostUntil && this.#isFree(this.#after(first), first, first + frames)) {
        lostRecords.push(lost);
        lostUntil = first + frames;
      } else {
        strayBytes.push(lost);
      }
    }
    for (const { isOutOfOrder, offset, end, first } of this.#runs) {
      if (isOutOfOrder) strayBytes.push({ offset, bytes: end - offset, behind: first });
    }
    return { runs: this.#runs, lostRecords, strayBytes: joined(strayBytes), footers: this.#footers, tail: this.#tail };
  }
}

/** In ascending order, with adjacent ranges joined. */
function joined(strayBytes: readonly StrayBytes[]): StrayBytes[] {
  const all: { offset: number; bytes: number; behind: number }[] = [];
  for (const { offset, bytes, behind } of strayBytes.toSorted((a, b) => a.offset - b.offset)) {
    const last = all[all.length - 1];
    if (last !== undefined && last.offset + last.bytes === offset) last.bytes += bytes;
    else all.push({ offset, bytes, behind });
  }
  return all;
}
