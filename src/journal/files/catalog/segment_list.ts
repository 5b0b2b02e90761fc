/** The segments of a journal in the order of their sequences. */
import type { Segment } from "../segment/segment.ts";

/** The segments in ascending order of their base. */
export class SegmentList {
  /** Never changed in place. */
  #items: readonly Segment[] = [];
  #bytes = 0;
  #removedBelow = 0;

  /** The segments as they are now; the array does not change when segments are added or removed later. */
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

  /** Sequence after the last frame. After a failed sync, a segment before the newest may have that frame. */
  get end(): number {
    return this.#items.reduce((end, segment) => Math.max(end, segment.end), 0);
  }

  /** Frames below this sequence were removed on purpose and are not reported as lost. */
  get removedBelow(): number {
    return this.#removedBelow;
  }

  /** Adds the newest segment; one with the same base, which it has replaced on disk, is removed. */
  add(segment: Segment): void {
    if (this.newest?.base === segment.base) this.remove(this.newest);
    this.#items = [...this.#items, segment];
    this.#bytes += segment.bytes;
  }

  /** Replaces `old` by `segment`, or inserts it by its base if there is no `old`. */
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

  /** Removes a segment whose frames are all delivered or dropped. */
  retire(segment: Segment): void {
    this.remove(segment);
    this.noteRemovedBelow(segment.end);
  }

  noteRemovedBelow(sequence: number): void {
    this.#removedBelow = Math.max(this.#removedBelow, sequence);
  }

  resize(segment: Segment, bytes: number): void {
    if (this.#items.lastIndexOf(segment) !== -1) this.#bytes += bytes - segment.bytes;
    segment.bytes = bytes;
  }

  /**
   * The segment that may have `sequence`: the newest with frames that begins at or before it, else the oldest. A
   * segment in which nothing can be read takes no frame from an earlier one.
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
   * Frames from this sequence on do not count in `segment`, because a later one has
   * them: after a failed sync frames are written again.
   */
  endBeforeLater(segment: Segment): number {
    const next = this.#items.find((other) => other.base > segment.base && other.hasRecords);
    return next?.base ?? Number.POSITIVE_INFINITY;
  }
}
