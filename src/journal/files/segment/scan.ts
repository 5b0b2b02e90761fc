/** The records of a segment as readers take them: checksums verified, past any damage. */
import type { Framer } from "../../../framing/framing.ts";
import type { File } from "../../../runtime/files.ts";
import { type CheckableSegment, type Checked, checkSegment, type RecordPosition } from "./check_segment.ts";
import type { FileRange } from "./compressed_blocks.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { framesBelow } from "./overlap.ts";
import type { SegmentSurvey } from "./survey.ts";

export type Scanned =
  /** `framer` cuts the frames. */
  | Extract<Checked, { kind: "record" }> & { readonly framer: Framer }
  | Extract<Checked, { kind: "damage" | "unfinished" }>;

export interface ScanOptions {
  /** Only frames below this sequence; default: all. */
  readonly bound?: number;
  /** Where to begin; default: at the first record. */
  readonly from?: RecordPosition;
}

/**
 * What an open segment has below `bound`, in the order of the file. Its own
 * header, damaged, costs no frame: whoever only reads does not hear of it, nor of
 * what is damaged where a later segment has the frames.
 */
export async function* scanSegment(
  file: File,
  survey: SegmentSurvey & CheckableSegment,
  { bound = Number.POSITIVE_INFINITY, from }: ScanOptions = {},
): AsyncGenerator<Scanned> {
  const { framer, marks } = survey;
  const isHeader = ({ offset, bytes }: FileRange) => marks !== undefined && offset + bytes <= SEGMENT_HEADER_BYTES;
  /** Sequence after the last frame that was here, whole or not. */
  let end = survey.base;
  for await (const batch of checkSegment(file, survey, from)) {
    for (const found of batch) {
      if (end >= bound) return;
      if (found.kind === "footer") continue;
      if (found.kind === "unfinished") {
        yield found;
        continue;
      }
      if (found.kind === "damage" && isHeader(found)) continue;
      const { header } = found;
      if (header !== undefined && header.first >= bound) return;
      if (header !== undefined) end = header.first + header.frames;
      if (found.kind === "record") yield { ...found, ...framesBelow(bound, found, framer), framer };
      else yield { ...found, header: header && { ...header, frames: Math.min(end, bound) - header.first } };
    }
  }
}
