/** What the journal knows about one of its segment files. */
import { basename } from "node:path";
import type { Framer } from "../../../framing/framing.ts";
import type { Marks } from "../format/segment.ts";

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
