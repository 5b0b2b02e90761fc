/**
 * What is wrong with one segment file: the one judgement that `verify` prints
 * and `repair` acts on, so that nothing is left to name after a repair.
 */
import type { File } from "../runtime/files.ts";
import { type Footer, type RecordHeader, SEGMENT_HEADER_BYTES } from "./format.ts";
import { isCompressed } from "./segment_files.ts";
import type { SegmentSurvey } from "./survey.ts";
import { type Found, walkBatches } from "./walk.ts";

export type Checked =
  /** `payload` is valid until the next step. */
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Uint8Array }
  /** Bytes that are not what was written; `header` is there if only the payload behind it is damaged. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly header?: RecordHeader }
  | { readonly kind: "footer"; readonly offset: number; readonly footer: Footer }
  /** The end of a write that was interrupted, or is under way: nothing in it was ever promised. */
  | { readonly kind: "unfinished"; readonly offset: number; readonly bytes: number };

/** A segment, and whether it is the newest of its journal: nothing more is written to any other. */
export type CheckableSegment = Pick<SegmentSurvey, "path" | "header" | "marks" | "size"> & {
  readonly newest: boolean;
};

/** Everything in the file, in order, checksums verified; without the segment's header from the record at `from` on. */
export async function* checkSegment(
  file: File,
  segment: CheckableSegment,
  from?: number,
): AsyncGenerator<readonly Checked[]> {
  const { path, header, marks, size, newest } = segment;
  if (marks === undefined) {
    // A header cut short is all that there is of a segment that was being created; a compressed one had its name when it was whole.
    const isCreated = newest && size < SEGMENT_HEADER_BYTES && !isCompressed(path);
    const kind = isCreated ? "unfinished" : "damage";
    if (size > 0) yield [{ kind, offset: 0, bytes: size }];
    return;
  }
  if (header === undefined && from === undefined) yield [{ kind: "damage", offset: 0, bytes: SEGMENT_HEADER_BYTES }];
  for await (const batch of walkBatches(file, { marks, limit: size, verify: true, from })) {
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
