/** Records and segments of a journal in memory, and how runs become records. */
import { bytesOf, type Run, runBytes, runEnd } from "../../src/base/run.ts";
import { frameEnds } from "../../src/framing/frame_ends.ts";
import type { Framer } from "../../src/framing/framing.ts";
import type { JournalOptions } from "../../src/journal/journal.ts";
import { join } from "./bytes.ts";

/** Runs that follow each other within this time become one record. */
const RECORD_US = 10_000;
/** What a record takes up besides its payload. */
const OVERHEAD_BYTES = 64;

export class StoredRecord {
  readonly ends: Uint32Array;

  constructor(
    readonly first: number,
    readonly bytes: Uint8Array,
    readonly frames: number,
    readonly arrivedUs: number,
    /** Where the log ended before it: frames between that and `first` were delivered from memory. */
    readonly previousEnd: number,
    readonly framer: Framer,
  ) {
    this.ends = frameEnds(framer, bytes, 0, bytes.length, frames);
  }

  get end(): number {
    return this.first + this.frames;
  }

  get size(): number {
    return OVERHEAD_BYTES + this.bytes.length;
  }

  /** Bytes before frame `sequence`, which may be the one after the last. */
  offsetOf(sequence: number): number {
    const index = Math.min(Math.max(sequence, this.first), this.end) - this.first;
    return index === 0 ? 0 : this.ends[index - 1];
  }

  /** Its bytes in frames of [from, until). */
  bytesBetween(from: number, until: number): number {
    return Math.max(0, this.offsetOf(until) - this.offsetOf(from));
  }
}

export class StoredSegment {
  /** When everything in it was found delivered, on the clock of the process that found it. */
  deliveredMs: number | undefined;

  constructor(readonly base: number, readonly records: StoredRecord[] = []) {}

  get end(): number {
    return this.records.at(-1)?.end ?? this.base;
  }

  get size(): number {
    return this.records.reduce((sum, { size }) => sum + size, 0);
  }

  get frameBytes(): number {
    return this.records.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}

/** The records that `runs` become; the log ends at `end` before them. */
export function* recordsOf(
  runs: readonly Run[],
  end: number,
  { recordBytes, framer }: Pick<JournalOptions, "recordBytes" | "framer">,
): Generator<StoredRecord> {
  let previousEnd = end;
  for (let next = 0; next < runs.length;) {
    const group = [runs[next++]];
    const [{ first, arrivedUs }] = group;
    for (let bytes = runBytes(group[0]); next < runs.length; group.push(runs[next++])) {
      const follows = runEnd(group.at(-1)!) === runs[next].first && runs[next].arrivedUs - arrivedUs < RECORD_US;
      if (!follows || (bytes += runBytes(runs[next])) > recordBytes) break;
    }
    const frames = group.reduce((sum, run) => sum + run.frames, 0);
    const record = new StoredRecord(first, join(group.map(bytesOf)), frames, arrivedUs, previousEnd, framer);
    yield record;
    previousEnd = record.end;
  }
}
