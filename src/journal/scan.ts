/** The records of a segment as readers take them: checksums verified, past any damage. */
import type { Framer } from "../framing/framing.ts";
import type { File } from "../runtime/files.ts";
import { type CheckableSegment, type Checked, checkSegment } from "./check_segment.ts";
import { SEGMENT_HEADER_BYTES } from "./format.ts";
import { framesBelow } from "./overlap.ts";
import type { SegmentSurvey } from "./survey.ts";

export type Scanned =
  | Extract<Checked, { kind: "record" }> & {
    readonly segment: string;
    /** What cuts the frames. */
    readonly framer: Framer;
  }
  | Extract<Checked, { kind: "damage" | "unfinished" }> & { readonly segment: string };

export interface ScanOptions {
  /** Only frames below this sequence; default: all. */
  readonly bound?: number;
  /** Offset of a record to begin at; default: the first one. */
  readonly from?: number;
}

/** Its own header, damaged, costs no frame: whoever only reads does not hear of it. */
export async function* scanSegment(
  file: File,
  survey: SegmentSurvey & CheckableSegment,
  { bound = Number.POSITIVE_INFINITY, from }: ScanOptions = {},
): AsyncGenerator<Scanned> {
  const { path, framer, marks } = survey;
  const segment = path.slice(path.lastIndexOf("/") + 1);
  for await (const batch of checkSegment(file, survey, from)) {
    for (const found of batch) {
      if (found.kind === "footer" || found.offset < SEGMENT_HEADER_BYTES && marks !== undefined) continue;
      if (found.kind !== "record") {
        yield { ...found, segment };
        continue;
      }
      if (found.header.first >= bound) return;
      yield { ...found, ...framesBelow(bound, found, framer), segment, framer };
    }
  }
}
