/**
 * Checks one segment file. `verify` prints and `repair` acts on the same result,
 * so after a repair nothing is left to report; readers get its records here.
 */
import type { Framer } from "../../../framing/framing.ts";
import type { File } from "../../../runtime/files.ts";
import type { FileRange } from "../format/ranges.ts";
import { type Footer, type RecordHeader, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { batchesInOrder } from "./ordered_walk.ts";
import { framesBelow } from "./overlap.ts";
import { isCompressed } from "./segment_files.ts";
import { isMisnamed, type SegmentSurvey } from "./survey.ts";
import type { WalkedItem } from "./walk_records.ts";

export type CheckedItem =
  /** `payload` is valid until the next step. */
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Uint8Array }
  /** Bytes that are not what was written; `header` is set if only the payload behind it is damaged. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly header?: RecordHeader }
  | { readonly kind: "footer"; readonly offset: number; readonly footer: Footer }
  /** The end of a write that was interrupted or is under way: no frame in it has been promised. */
  | { readonly kind: "unfinished"; readonly offset: number; readonly bytes: number };

/** A segment, and whether it is the newest of its journal, the only one that is still written to. */
export type CheckableSegment = Pick<SegmentSurvey, "base" | "path" | "header" | "marks" | "size" | "start"> & {
  readonly newest: boolean;
};

/** Offset of a record in a segment, and the sequence after the records before it. */
export interface RecordPosition {
  readonly offset: number;
  readonly end: number;
}

/**
 * Everything in the file, in the order of the sequences, with checksums verified.
 * `from`: the record to begin at; default: the first one.
 */
export async function* checkSegment(
  file: File,
  segment: CheckableSegment,
  from?: RecordPosition,
): AsyncGenerator<readonly CheckedItem[]> {
  const { path, marks, size, newest } = segment;
  if (marks === undefined) {
    // A segment that was being created may have a part of its header only; a compressed one got its name when it was whole.
    const isCreated = newest && size < SEGMENT_HEADER_BYTES && !isCompressed(path);
    const kind = isCreated ? "unfinished" : "damage";
    if (size > 0 || isMisnamed(segment)) yield [{ kind, offset: 0, bytes: size }];
    return;
  }
  const { offset, end } = from ?? { offset: segment.start, end: segment.base };
  for await (const batch of batchesInOrder(file, { marks, base: end, from: offset, limit: size, verify: true })) {
    yield batch.map((found): CheckedItem => {
      if (found.kind !== "tail") return found;
      const kind = isUnfinished(found, newest) ? "unfinished" : "damage";
      return { kind, offset: found.offset, bytes: found.bytes };
    });
  }
}

/**
 * True if this tail is a write that is under way or was interrupted. In a segment
 * that is not the newest it is damage, for nothing cuts it off at the next start.
 */
export function isUnfinished({ torn }: Extract<WalkedItem, { kind: "tail" }>, newest: boolean): boolean {
  return torn && newest;
}

export type ScannedItem =
  /** `framer` cuts the payload into frames. */
  | Extract<CheckedItem, { kind: "record" }> & { readonly framer: Framer }
  | Extract<CheckedItem, { kind: "damage" | "unfinished" }>;

export interface ScanOptions {
  /** Only frames below this sequence, because a later segment has the others; default: all. */
  readonly endBeforeLater?: number;
  /** The record to begin at; default: the first one. */
  readonly from?: RecordPosition;
}

/**
 * The records of an open segment below `endBeforeLater`, as readers take them, and
 * the damage between them. A damaged segment header costs no frame and is left
 * out, and so is damage in frames that a later segment has.
 */
export async function* scanSegment(
  file: File,
  survey: SegmentSurvey & CheckableSegment,
  { endBeforeLater = Number.POSITIVE_INFINITY, from }: ScanOptions = {},
): AsyncGenerator<ScannedItem> {
  const { framer, marks } = survey;
  const isHeader = ({ offset, bytes }: FileRange) => marks !== undefined && offset + bytes <= SEGMENT_HEADER_BYTES;
  /** Sequence after the last frame so far, whole or not. */
  let end = survey.base;
  for await (const batch of checkSegment(file, survey, from)) {
    for (const found of batch) {
      if (end >= endBeforeLater) return;
      if (found.kind === "footer") continue;
      if (found.kind === "unfinished") {
        yield found;
        continue;
      }
      if (found.kind === "damage" && isHeader(found)) continue;
      const { header } = found;
      if (header !== undefined && header.first >= endBeforeLater) return;
      if (header !== undefined) end = header.first + header.frames;
      if (found.kind === "record") yield { ...found, ...framesBelow(endBeforeLater, found, framer), framer };
      else yield { ...found, header: header && { ...header, frames: Math.min(end, endBeforeLater) - header.first } };
    }
  }
}
