/** The segments of a journal in the order of their sequences. */
import type { Segment } from "../segment/segment.ts";

/** The segments in ascending order of their base. */
export class SegmentList {
  /** Never changed in place. */
  #items: readonly Segment[] = [];
  #bytes = 0;
  #floor = 0;

  /** As it is now: what is added and removed later does not disturb whoever goes over it. */
  get all(): readonly Segment[] {
    return this.#items;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  get newest(): Segment | undefined {
    return this.#items[this.#items.length - 1];
  }

  /** Sequence after the last frame; one before the newest may have it, where that was to have some of its frames again. */
  get end(): number {
    return this.#items.reduce((end, segment) => Math.max(end, segment.end), 0);
  }

  /** Everything below was unlinked on purpose: it is missing from no count. */
  get floor(): number {
    return this.#floor;
  }

  /** Adds the newest segment; one with the same base, which it has replaced on disk, goes. */
  add(segment: Segment): void {
    if (this.newest?.base === segment.base) this.remove(this.newest);
    this.#items = [...this.#items, segment];
    this.#bytes += segment.bytes;
  }

  /** Puts `segment` in the place of `old`, or where its base belongs if there is none. */
  replace(old: Segment | undefined, segment: Segment): void {
    if (old !== undefined) this.remove(old);
    const index = this.#items.findIndex((other) => other.base > segment.base);
    this.#items = this.#items.toSpliced(index === -1 ? this.#items.length : index, 0, segment);
    this.#bytes += segment.bytes;
  }

  remove(segment: Segment): void {
    const index = this.#items.indexOf(segment);
    if (index === -1) return;
    this.#items = this.#items.toSpliced(index, 1);
    this.#bytes -= segment.bytes;
  }

  /** Removes a segment whose frames are all delivered. */
  retire(segment: Segment): void {
    this.remove(segment);
    this.raiseFloor(segment.end);
  }

  raiseFloor(sequence: number): void {
    this.#floor = Math.max(this.#floor, sequence);
  }

  resize(segment: Segment, bytes: number): void {
    if (this.#items.lastIndexOf(segment) !== -1) this.#bytes += bytes - segment.bytes;
    segment.bytes = bytes;
  }

  /**
   * The segment to look for `sequence` in: the newest with frames that begins at or before it, else the oldest. One of
   * which nothing can be read takes no frame from one before it.
   */
  holding(sequence: number): Segment | undefined {
    let found: Segment | undefined;
    for (const segment of this.#items) {
      if (segment.empty) continue;
      if (segment.base > sequence && found !== undefined) break;
      if (segment.hasRecords || found === undefined || found.end <= sequence) found = segment;
    }
    return found;
  }

  /** The next segment with frames. */
  after(segment: Segment): Segment | undefined {
    return this.#items.find((other) => other.base > segment.base && !other.empty);
  }

  /** The segment with frames before this one. */
  before(segment: Segment): Segment | undefined {
    return this.#items.findLast((other) => other.base < segment.base && !other.empty);
  }

  /**
   * Frames from this sequence on are not taken from `segment`: a later one has
   * them. It happens where a sync failed and the frames were written again.
   */
  boundOf(segment: Segment): number {
    const next = this.#items.find((other) => other.base > segment.base && other.hasRecords);
    return next?.base ?? Number.POSITIVE_INFINITY;
  }
}
