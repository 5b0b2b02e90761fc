/**
 * How a reader goes through a damaged segment: records are taken in the order of
 * their sequences, wherever they are in the file, and each loss is reported at its
 * place in that order.
 */
import type { File } from "../../../runtime/files.ts";
import { RECORD_HEADER_BYTES, type RecordHeader, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { type Layout, layOutRecords } from "./layout.ts";
import { type Gap, gapsOf, snapshotOf } from "./losses.ts";
import { bytesBetween } from "./frame_bytes.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "../../journal.ts";

/** The contents of a damaged segment in the order of the sequences, up to the size that it had when it was read. */
export interface Salvage {
  readonly steps: readonly Step[];
  /** Index of the next step. */
  next: number;
  /** Offset at which the whole records of the current step end. */
  end: number;
  /** After the last step records are read in the order of the file again, from this offset on. */
  readonly limit: number;
}

export type Step =
  /** Whole records in [offset, end) of the file, up to the sequence `until`. */
  | { readonly kind: "run"; readonly offset: number; readonly end: number; readonly until: number }
  /** A record with a readable header and a damaged payload. */
  | { readonly kind: "lost record"; readonly offset: number; readonly bytes: number; readonly header: RecordHeader }
  /** Bytes that are no record, frames that are missing, or both: bytes in the place of frames. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly gap: Gap | undefined };

/** The steps through the frames of a layout below `endBeforeLater`; `tail`: true if the tail of the file is damage. */
export function stepsThrough(layout: Layout, gaps: readonly Gap[], endBeforeLater: number, tail: boolean): Step[] {
  const steps: { at: number; rank: number; step: Step }[] = [];
  const note = (at: number, rank: number, step: Step) => at < endBeforeLater && steps.push({ at, rank, step });
  const damages = tail && layout.tail !== undefined ? [...layout.strayBytes, layout.tail] : layout.strayBytes;
  for (const strayBytes of damages) {
    const gap = gaps.find((each) => each.strayBytes === strayBytes);
    note(strayBytes.behind, 0, { kind: "damage", offset: strayBytes.offset, bytes: strayBytes.bytes, gap });
  }
  for (const gap of gaps) {
    if (gap.strayBytes !== undefined && damages.includes(gap.strayBytes)) continue;
    note(gap.from, 1, { kind: "damage", offset: offsetBehind(layout, gap.from), bytes: 0, gap });
  }
  for (const { offset, bytes, header } of layout.lostRecords) {
    note(header.first, 2, { kind: "lost record", offset, bytes, header });
  }
  for (const { offset, end, first, until } of layout.runs) note(first, 3, { kind: "run", offset, end, until });
  return steps.sort((a, b) => a.at - b.at || a.rank - b.rank).map(({ step }) => step);
}

/** Offset in the file at which the records before `sequence` end, where the missing ones should begin. */
function offsetBehind({ runs }: Layout, sequence: number): number {
  return runs.findLast(({ until }) => until <= sequence)?.end ?? 0;
}

/** Reads a whole segment, of which frames below `endBeforeLater` count, and plans the steps through it. */
export async function salvageSegment(file: File, segment: Segment, endBeforeLater: number): Promise<Salvage> {
  const { base, marks, start, limit } = segment;
  const snapshot = snapshotOf(segment);
  const layout = await layOutRecords(file, { base, marks: marks!, from: start, limit });
  // A segment whose frames were all counted was whole before.
  const isDamagedTail = layout.tail?.torn === false || snapshot.counted === "all";
  const steps = stepsThrough(layout, gapsOf(layout, snapshot, endBeforeLater), endBeforeLater, isDamagedTail);
  return { steps, next: 0, end: 0, limit };
}

/** A reader at `position` in an open segment, of which frames below `endBeforeLater` count. */
export interface LossPlace {
  readonly file: File;
  readonly segment: Segment;
  readonly position: number;
  readonly endBeforeLater: number;
}

/** Damage with its place: which bytes of which segment. */
export interface SegmentDamage extends Omit<Damage, "where"> {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
}

type Loss = Omit<SegmentDamage, "segment" | "from">;

/** The loss of a record of which only the header can be read. */
export async function lossOfRecord(
  { file, segment, position, endBeforeLater }: LossPlace,
  { offset, bytes, header: { first, frames, length } }: Omit<Extract<Step, { kind: "lost record" }>, "kind">,
): Promise<Loss> {
  const until = Math.max(position, Math.min(first + frames, endBeforeLater));
  const from = Math.min(until, Math.max(position, first));
  const record = { offset, length, frames };
  const payloadBytes = from === until ? 0 : await bytesBetween(file, segment, record, from - first, until - first);
  return { offset, bytes, until, frames: until - from, payloadBytes, counted: true };
}

/** The loss through bytes that are no record, or through missing records; undefined if nothing is lost. */
export function lossOfBytes(
  { position }: LossPlace,
  { offset, bytes, gap }: Extract<Step, { kind: "damage" }>,
): Loss | undefined {
  // A damaged segment header costs no frame.
  if (gap === undefined && offset + bytes <= SEGMENT_HEADER_BYTES) return undefined;
  const until = Math.max(position, gap?.until ?? 0);
  const sequences = until - position;
  if (bytes === 0 && sequences === 0) return undefined;
  // If a part of a gap was given up before, that part was not counted: the gap is reported as a whole.
  const counted = sequences === 0 ? { frames: 0, bytes: 0 } : gap?.counted;
  const frames = counted?.frames ?? sequences;
  return { offset, bytes, until, frames, payloadBytes: counted?.bytes ?? payloadIn(bytes), counted: !!counted };
}

/** The loss of records from `offset` on that were whole when the steps were planned, and are not any more. */
export function lossOfRun(
  { position, endBeforeLater }: LossPlace,
  offset: number,
  { steps, next, end }: Salvage,
): Loss {
  const step = steps[next - 1] as Extract<Step, { kind: "run" }>;
  const until = Math.max(position, Math.min(step.until, endBeforeLater));
  const bytes = end - offset;
  return { offset, bytes, until, frames: until - position, payloadBytes: payloadIn(bytes), counted: true };
}

/** The loss of a segment from `offset` on if nothing in it can be read. */
export function lossOfAll({ segment, position, endBeforeLater }: LossPlace, offset: number): Loss {
  const until = Math.max(position, Math.min(segment.end, endBeforeLater));
  const bytes = segment.limit - offset;
  return { offset, bytes, until, frames: until - position, payloadBytes: payloadIn(bytes), counted: false };
}

/** An estimate of the payload in a damaged range of `bytes` bytes. */
function payloadIn(bytes: number): number {
  return Math.max(0, bytes - RECORD_HEADER_BYTES);
}
