/**
 * Where a reading of a journal stands in the file of its last segment, so that the
 * next one, which wants what was appended since, need not go through that file again.
 */
import { Buffer } from "node:buffer";
import { type Marks, saltOf } from "../format/segment.ts";
import type { RecordPosition } from "../segment/check_segment.ts";
import type { SegmentSurvey } from "../segment/survey.ts";

type Surveyed = Pick<SegmentSurvey, "path" | "marks" | "size">;

export class ReadPlace {
  #path = "";
  #marks: Marks | undefined;
  #size = 0;
  #position: RecordPosition | undefined;

  /** Everything before `position` was read. */
  note({ path, marks, size }: Surveyed, position: RecordPosition): void {
    this.#path = path;
    this.#marks = marks;
    this.#size = size;
    this.#position = position;
  }

  /** Undefined if another segment was read last, or its file is not the same any more: a repair may have written it anew. */
  in({ path, marks, size }: Surveyed): RecordPosition | undefined {
    if (path !== this.#path || marks === undefined || this.#marks === undefined || size < this.#size) return undefined;
    return Buffer.compare(saltOf(marks), saltOf(this.#marks)) === 0 ? this.#position : undefined;
  }
}
