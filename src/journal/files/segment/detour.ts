/**
 * The way of a reader through a damaged segment: what it has is taken in the
 * order of the sequences, wherever in the file that is, and each loss told where
 * it comes in that order.
 */
import type { File } from "../../../runtime/files.ts";
import { RECORD_HEADER_BYTES, type RecordHeader, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { type Layout, layOut } from "./layout.ts";
import { type Gap, gapsOf, snapshotOf } from "./losses.ts";
import { bytesBetween } from "./frame_bytes.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "../../journal.ts";

/** What a damaged segment has, in the order of its sequences, up to where it was looked at. */
export interface Detour {
  readonly steps: readonly Step[];
  /** Index of the step that comes next. */
  next: number;
  /** The whole records of the step before it end at this offset of the file. */
  end: number;
  /** Behind the steps records are taken as they come again, from this offset on. */
  readonly limit: number;
}

export type Step =
  /** Whole records in [offset, end) of the file, up to the sequence `until`. */
  | { readonly kind: "run"; readonly offset: number; readonly end: number; readonly until: number }
  /** A record of which only the header can be read. */
  | { readonly kind: "claim"; readonly offset: number; readonly bytes: number; readonly header: RecordHeader }
  /** Bytes that are none, frames that are missing, or the one in the place of the other. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly gap: Gap | undefined };

/** The steps through a layout below `bound`; `tail`: is what stands at the end of it damage? */
export function stepsThrough(layout: Layout, gaps: readonly Gap[], bound: number, tail: boolean): Step[] {
  const steps: { at: number; rank: number; step: Step }[] = [];
  const note = (at: number, rank: number, step: Step) => at < bound && steps.push({ at, rank, step });
  const stretches = tail && layout.tail !== undefined ? [...layout.debris, layout.tail] : layout.debris;
  for (const debris of stretches) {
    const gap = gaps.find((each) => each.debris === debris);
    note(debris.behind, 0, { kind: "damage", offset: debris.offset, bytes: debris.bytes, gap });
  }
  for (const gap of gaps) {
    if (gap.debris !== undefined && stretches.includes(gap.debris)) continue;
    note(gap.from, 1, { kind: "damage", offset: offsetBehind(layout, gap.from), bytes: 0, gap });
  }
  for (const { offset, bytes, header } of layout.claims) {
    note(header.first, 2, { kind: "claim", offset, bytes, header });
  }
  for (const { offset, end, first, until } of layout.runs) note(first, 3, { kind: "run", offset, end, until });
  return steps.sort((a, b) => a.at - b.at || a.rank - b.rank).map(({ step }) => step);
}

/** Where the records before `sequence` end in the file: what should follow them is not there. */
function offsetBehind({ runs }: Layout, sequence: number): number {
  return runs.findLast(({ until }) => until <= sequence)?.end ?? 0;
}

/** Looks at a whole segment, of which frames below `bound` count, to go through it from its beginning. */
export async function detourThrough(file: File, segment: Segment, bound: number): Promise<Detour> {
  const { base, marks, start, limit } = segment;
  const snapshot = snapshotOf(segment);
  const layout = await layOut(file, { base, marks: marks!, from: start, limit });
  // Whose frames are all counted was whole once.
  const isDamagedTail = layout.tail?.torn === false || snapshot.counted === "all";
  const steps = stepsThrough(layout, gapsOf(layout, snapshot, bound), bound, isDamagedTail);
  return { steps, next: 0, end: 0, limit };
}

/** What a reader at `position` of an open segment, of which frames below `bound` count, tells of a loss. */
export interface LossPlace {
  readonly file: File;
  readonly segment: Segment;
  readonly position: number;
  readonly bound: number;
}

/** Damage with its place: which bytes of which segment. */
export interface SegmentDamage extends Omit<Damage, "where"> {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
}

type Loss = Omit<SegmentDamage, "segment" | "from">;

/** A record of which only the header is left. */
export async function lossOfRecord(
  { file, segment, position, bound }: LossPlace,
  { offset, bytes, header: { first, frames, length } }: Omit<Extract<Step, { kind: "claim" }>, "kind">,
): Promise<Loss> {
  const until = Math.max(position, Math.min(first + frames, bound));
  const from = Math.min(until, Math.max(position, first));
  const record = { offset, length, frames };
  const payloadBytes = from === until ? 0 : await bytesBetween(file, segment, record, from - first, until - first);
  return { offset, bytes, until, frames: until - from, payloadBytes, counted: true };
}

/** Bytes that are no record, or a place where records are missing; undefined if that costs nothing. */
export function lossOfBytes(
  { position }: LossPlace,
  { offset, bytes, gap }: Extract<Step, { kind: "damage" }>,
): Loss | undefined {
  // The segment's own header, damaged, costs no frame.
  if (gap === undefined && offset + bytes <= SEGMENT_HEADER_BYTES) return undefined;
  const until = Math.max(position, gap?.until ?? 0);
  const sequences = until - position;
  if (bytes === 0 && sequences === 0) return undefined;
  // Of a gap that was given up in part nobody has counted that part: it is told as a whole.
  const counted = sequences === 0 ? { frames: 0, bytes: 0 } : gap?.counted;
  const frames = counted?.frames ?? sequences;
  return { offset, bytes, until, frames, payloadBytes: counted?.bytes ?? payloadIn(bytes), counted: !!counted };
}

/** Records from `offset` on that were whole when the segment was looked at, and now are not. */
export function lossOfRun({ position, bound }: LossPlace, offset: number, { steps, next, end }: Detour): Loss {
  const step = steps[next - 1] as Extract<Step, { kind: "run" }>;
  const until = Math.max(position, Math.min(step.until, bound));
  const bytes = end - offset;
  return { offset, bytes, until, frames: until - position, payloadBytes: payloadIn(bytes), counted: true };
}

/** All of a segment from `offset` on, in which nothing can be read. */
export function lossOfAll({ segment, position, bound }: LossPlace, offset: number): Loss {
  const until = Math.max(position, Math.min(segment.end, bound));
  const bytes = segment.limit - offset;
  return { offset, bytes, until, frames: until - position, payloadBytes: payloadIn(bytes), counted: false };
}

/** About as much of a damaged stretch is payload. */
function payloadIn(bytes: number): number {
  return Math.max(0, bytes - RECORD_HEADER_BYTES);
}
