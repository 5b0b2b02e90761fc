/**
 * What is wrong with one segment file: the one judgement that `verify` prints
 * and `repair` acts on, so that nothing is left to name after a repair.
 */
import type { File } from "../../../runtime/files.ts";
import { type Footer, type RecordHeader, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { batchesInOrder } from "./ordered_walk.ts";
import { isCompressed } from "./segment_files.ts";
import { isMisnamed, type SegmentSurvey } from "./survey.ts";
import type { Found } from "./walk_records.ts";

export type Checked =
  /** `payload` is valid until the next step. */
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Uint8Array }
  /** Bytes that are not what was written; `header` is there if only the payload behind it is damaged. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly header?: RecordHeader }
  | { readonly kind: "footer"; readonly offset: number; readonly footer: Footer }
  /** The end of a write that was interrupted, or is under way: nothing in it was ever promised. */
  | { readonly kind: "unfinished"; readonly offset: number; readonly bytes: number };

/** A segment, and whether it is the newest of its journal: nothing more is written to any other. */
export type CheckableSegment = Pick<SegmentSurvey, "base" | "path" | "header" | "marks" | "size" | "start"> & {
  readonly newest: boolean;
};

/** A record of a segment, and the sequence after those before it. */
export interface RecordPosition {
  readonly offset: number;
  readonly end: number;
}

/** Everything in the file, in the order of the sequences, checksums verified; from the record at `from` on. */
export async function* checkSegment(
  file: File,
  segment: CheckableSegment,
  from?: RecordPosition,
): AsyncGenerator<readonly Checked[]> {
  const { path, marks, size, newest } = segment;
  if (marks === undefined) {
    // A header cut short is all that there is of a segment that was being created; a compressed one had its name when it was whole.
    const isCreated = newest && size < SEGMENT_HEADER_BYTES && !isCompressed(path);
    const kind = isCreated ? "unfinished" : "damage";
    if (size > 0 || isMisnamed(segment)) yield [{ kind, offset: 0, bytes: size }];
    return;
  }
  const { offset, end } = from ?? { offset: segment.start, end: segment.base };
  for await (const batch of batchesInOrder(file, { marks, base: end, from: offset, limit: size, verify: true })) {
    yield batch.map((found): Checked => {
      if (found.kind !== "tail") return found;
      const kind = isUnfinished(found, newest) ? "unfinished" : "damage";
      return { kind, offset: found.offset, bytes: found.bytes };
    });
  }
}

/** Is this tail a write that is under way, or was interrupted? In a segment that is not the newest nobody comes to cut it off. */
export function isUnfinished({ torn }: Extract<Found, { kind: "tail" }>, newest: boolean): boolean {
  return torn && newest;
}
