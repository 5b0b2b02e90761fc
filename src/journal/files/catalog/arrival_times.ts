/** Finds when frames of the journal arrived, cheaply for callers that ask repeatedly while the cursor moves on. */
import type { FileSystem } from "../../../runtime/files.ts";
import { recordsFrom } from "../segment/ordered_walk.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "./segment_list.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";

/** The record that was found last. */
interface FoundRecord {
  readonly segment: Segment;
  readonly offset: number;
  readonly first: number;
  /** Sequence after its last frame. */
  readonly end: number;
  readonly arrivedUs: number;
}

export class ArrivalTimes {
  #last: FoundRecord | undefined;

  constructor(private readonly files: FileSystem, private readonly segments: SegmentList) {}

  /** See `Journal.arrivalOf`. Rejects with a `SystemError` if a segment cannot be read. */
  async of(sequence: number): Promise<number | undefined> {
    const last = this.#last;
    if (last !== undefined && last.first <= sequence && sequence < last.end) return last.arrivedUs;
    let segment = this.segments.holding(sequence);
    while (segment !== undefined) {
      const found = segment.end > sequence ? await this.#within(segment, sequence) : undefined;
      if (found !== undefined) {
        this.#last = found;
        return found.arrivedUs;
      }
      segment = this.segments.after(segment);
    }
    return undefined;
  }

  /** See `Journal.firstSince`. Rejects with a `SystemError` if a segment cannot be read. */
  async firstSince(sequence: number, us: number): Promise<number | undefined> {
    for (let segment = this.segments.holding(sequence); segment !== undefined; segment = this.segments.after(segment)) {
      const found = segment.end > sequence ? await this.#within(segment, sequence, us) : undefined;
      if (found !== undefined) return Math.max(sequence, found.first);
    }
    return undefined;
  }

  /** The first record with frames at or after `sequence` that arrived at `sinceUs` or later. */
  async #within(segment: Segment, sequence: number, sinceUs = 0): Promise<FoundRecord | undefined> {
    const file = await openSegmentIfThere(this.files, segment.path);
    if (file === undefined) return undefined;
    const last = this.#last;
    const goesOn = last?.segment === segment && last.first <= sequence;
    const from = goesOn ? { offset: last.offset, end: last.first } : undefined;
    try {
      for await (
        const { offset, header, isWhole } of recordsFrom(file, segment, sequence, Number.POSITIVE_INFINITY, from)
      ) {
        const { first, frames, timeUs } = header;
        if (isWhole && timeUs >= sinceUs) return { segment, offset, first, end: first + frames, arrivedUs: timeUs };
      }
      return undefined;
    } finally {
      file.close();
    }
  }
}
