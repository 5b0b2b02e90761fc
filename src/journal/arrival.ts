/** When a frame of the journal arrived, for somebody who asks again and again while the cursor moves on. */
import type { FileSystem } from "../runtime/files.ts";
import { walkInOrder } from "./ordered_walk.ts";
import type { Segment, SegmentList } from "./segment.ts";
import { openSegmentIfThere } from "./segment_files.ts";

/** The record that was found last. */
interface Seen {
  readonly segment: Segment;
  readonly offset: number;
  readonly first: number;
  /** Sequence after its last frame. */
  readonly end: number;
  readonly arrivedUs: number;
}

export class Arrivals {
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

  async #within(segment: Segment, sequence: number): Promise<Seen | undefined> {
    if (segment.marks === undefined) return undefined;
    const file = await openSegmentIfThere(this.files, segment.path);
    if (file === undefined) return undefined;
    const seen = this.#seen;
    const goesOn = seen?.segment === segment && seen.first <= sequence;
    const [from, base] = goesOn ? [seen.offset, seen.first] : [segment.start, segment.base];
    try {
      const { marks, limit } = segment;
      for await (const found of walkInOrder(file, { marks, base, from, limit, verify: false })) {
        if (found.kind !== "record") continue;
        const { first, frames, timeUs } = found.header;
        if (first + frames <= sequence) continue;
        return { segment, offset: found.offset, first, end: first + frames, arrivedUs: timeUs };
      }
      return undefined;
    } finally {
      file.close();
    }
  }
}
