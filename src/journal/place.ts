/** Where a reader stands: at a record, or at what should be one; and where it goes from there in a damaged segment. */
import type { File } from "../runtime/files.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "./format.ts";
import type { Layout } from "./layout.ts";
import type { Gap } from "./losses.ts";
import type { Segment } from "./segment.ts";

export interface Place {
  readonly segment: Segment;
  readonly file: File;
  offset: number;
  /** The header at `offset`, if the last read had it already. */
  header: RecordHeader | undefined;
  /** Records are not taken as they come: the segment was found to be damaged. */
  detour: Detour | undefined;
}

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

/** Is the record with this header whole, as far as the file's size says? */
export function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  return offset + RECORD_HEADER_BYTES + header.length <= segment.limit;
}

/** Goes on behind the record with this header. */
export function advance(place: Place, header: RecordHeader): void {
  place.offset += RECORD_HEADER_BYTES + header.length;
  place.header = undefined;
}
