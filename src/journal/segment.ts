/** What the journal knows about each of its segment files, and the list of them. */
import { basename } from "node:path";
import type { Framer } from "../framing/framing.ts";
import type { Marks } from "./format.ts";

export interface SegmentOrigin {
  readonly base: number;
  readonly path: string;
  /** Undefined if the header is damaged and no record gives the salt away: nothing in it can be read. */
  readonly marks: Marks | undefined;
  /** Its records are looked for from this offset on. */
  readonly start: number;
  /** For the framing it was written with. */
  readonly framer: Framer;
}

/** How many frames, and how many bytes of frames. */
export interface Contents {
  readonly frames: number;
  readonly bytes: number;
}

export class Segment {
  readonly base: number;
  readonly path: string;
  readonly marks: Marks | undefined;
  readonly start: number;
  readonly framer: Framer;
  /** Size of the file, in bytes. */
  bytes = 0;
  /** Its frames and their bytes; 0 where nobody has counted them. */
  frames = 0;
  frameBytes = 0;
  /** Readers go no further than this offset. */
  limit = 0;
  /** Sequence after its last frame; `base` while it has none. */
  end: number;
  /** Which of its frames are in the counts of what is pending: all; those whose record header could be read. */
  counted: "all" | "headers" = "all";
  /** Those before this sequence are not: they were delivered when it was opened. */
  countedFrom = 0;
  /** When the cursor was first seen past it, on the monotonic clock. */
  deliveredMs: number | undefined;

  constructor(origin: SegmentOrigin) {
    this.base = this.end = origin.base;
    this.path = origin.path;
    this.marks = origin.marks;
    this.start = origin.start;
    this.framer = origin.framer;
  }

  /** Takes over how large a file of the past is; of its frames, those are counted whose headers can be read. */
  measure({ size, fileBytes }: { readonly size: number; readonly fileBytes: number }): void {
    this.bytes = fileBytes;
    this.limit = size;
    this.counted = "headers";
  }

  setContents({ frames, bytes }: Contents): void {
    this.frames = frames;
    this.frameBytes = bytes;
  }

  /** What follows `to` is in another segment now. */
  cutTo(to: { readonly offset: number; readonly end: number }, moved: Contents): void {
    this.limit = to.offset;
    this.end = to.end;
    this.frames -= moved.frames;
    this.frameBytes -= moved.bytes;
  }

  get empty(): boolean {
    return this.end === this.base;
  }

  /** Does an earlier segment have no frame from its base on? Where nothing can be read from it, that one's copies count. */
  get hasRecords(): boolean {
    return !this.empty && this.marks !== undefined;
  }

  get name(): string {
    return basename(this.path);
  }
}

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
