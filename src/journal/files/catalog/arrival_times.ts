/** When a frame of the journal arrived, for somebody who asks again and again while the cursor moves on. */
import type { FileSystem } from "../../../runtime/files.ts";
import { recordsFrom } from "../segment/ordered_walk.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "./segment_list.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";

/** The record that was found last. */
interface Seen {
  readonly segment: Segment;
  readonly offset: number;
  readonly first: number;
  /** Sequence after its last frame. */
  readonly end: number;
  readonly arrivedUs: number;
}

export class ArrivalTimes {
  #seen: Seen | undefined;

  constructor(private readonly files: FileSystem, private readonly segments: SegmentList) {}

  /** See `Journal.arrivalOf`. Rejects with a `SystemError` if a segment cannot be read. */
  async of(sequence: number): Promise<number | undefined> {
    const seen = this.#seen;
    if (seen !== undefined && seen.first <= sequence && sequence < seen.end) return seen.arrivedUs;
    let segment = this.segments.holding(sequence);
    while (segment !== undefined) {
      const found = segment.end > sequence ? await this.#within(segment, sequence) : undefined;
      if (found !== undefined) {
        this.#seen = found;
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
  async #within(segment: Segment, sequence: number, sinceUs = 0): Promise<Seen | undefined> {
    const file = await openSegmentIfThere(this.files, segment.path);
    if (file === undefined) return undefined;
    const seen = this.#seen;
    const goesOn = seen?.segment === segment && seen.first <= sequence;
    const from = goesOn ? { offset: seen.offset, end: seen.first } : undefined;
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
