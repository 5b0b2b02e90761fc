/** Decides which runs of frames become which records. */
import { SystemError } from "../../../base/error.ts";
import { bytesOf, type Run, runBytes, runEnd } from "../../../base/run.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";

/** Frames that arrive further apart than this go to different records, so that a record's time is exact to 10 ms. */
const ARRIVAL_SPAN_US = 10_000;

/** A record to be written; its payload is in the buffers of the runs, in one or more parts. */
export interface PlannedRecord {
  readonly first: number;
  frames: number;
  /** Bytes of payload. */
  length: number;
  readonly timeUs: number;
  readonly payload: Uint8Array[];
}

/** Bytes of the record in the file. */
export function sizeOf(record: PlannedRecord): number {
  return RECORD_HEADER_BYTES + record.length;
}

/**
 * Throws a `SystemError` for runs that go beyond sequence 2^53: from there on numbers
 * are not exact, and a frame would read back as an earlier one.
 */
export function assertCountable(runs: readonly Run[], directory: string): void {
  const last = runs[runs.length - 1];
  if (last === undefined || runEnd(last) <= Number.MAX_SAFE_INTEGER) return;
  throw new SystemError("EOVERFLOW", "append to", directory);
}

/**
 * Small runs that follow each other within 10 ms become one record of at most
 * `recordBytes` payload bytes; a run is never divided. Throws an Error unless the
 * runs are consecutive and begin at `from` or later.
 */
export function planRecords(runs: readonly Run[], from: number, recordBytes: number): PlannedRecord[] {
  const records: PlannedRecord[] = [];
  let open: PlannedRecord | undefined;
  let expected = runs[0]?.first ?? from;
  if (expected < from) throw new Error(`append of sequence ${expected}, the journal ends at ${from}`);
  for (const run of runs) {
    if (run.first !== expected || run.frames < 1) throw new Error(`append of sequence ${run.first} after ${expected}`);
    expected = runEnd(run);
    if (open !== undefined && fits(open, run, recordBytes)) {
      open.frames += run.frames;
      open.length += runBytes(run);
      addPart(open.payload, run);
      continue;
    }
    open = {
      first: run.first,
      frames: run.frames,
      length: runBytes(run),
      timeUs: Math.max(0, run.arrivedUs),
      payload: [bytesOf(run)],
    };
    records.push(open);
  }
  return records;
}

/** A run that arrived after a step of the clock, in either direction, goes to another record. */
function fits(record: PlannedRecord, run: Run, recordBytes: number): boolean {
  return record.length + runBytes(run) <= recordBytes && Math.abs(run.arrivedUs - record.timeUs) <= ARRIVAL_SPAN_US;
}

/** Adds a run to the payload; adjacent runs in one buffer are one part. */
function addPart(payload: Uint8Array[], run: Run): void {
  const last = payload[payload.length - 1];
  const { bytes } = run.buffer;
  if (last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset + run.start) {
    payload[payload.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + runBytes(run));
  } else {
    payload.push(bytesOf(run));
  }
}

/** Takes records from `next` on, at least one, until they have `space` bytes. */
export function takeUpTo(records: readonly PlannedRecord[], next: number, space: number) {
  let size = sizeOf(records[next]);
  let until = next + 1;
  while (until < records.length && size < space) size += sizeOf(records[until++]);
  return { records: next === 0 && until === records.length ? records : records.slice(next, until), size };
}
