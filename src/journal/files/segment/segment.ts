/** One segment file of a journal, as the daemon and the counting commands know it. */
import { basename } from "node:path";
import type { Framer } from "../../../framing/framing.ts";
import type { Marks } from "../format/segment.ts";

export interface SegmentOrigin {
  readonly base: number;
  readonly path: string;
  /** Undefined if neither header, footer nor a record has a readable salt: then nothing in it can be read. */
  readonly marks: Marks | undefined;
  /** Offset from which records are searched. */
  readonly start: number;
  /** Cuts records into frames as when the segment was written. */
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
  /** How many frames are in it, and their bytes; 0 if they were not counted. */
  frames = 0;
  frameBytes = 0;
  /** Readers go no further than this offset. */
  limit = 0;
  /** Sequence after its last frame; `base` while it has none. */
  end: number;
  /** Which of its frames are counted as pending: all, or those whose record header can be read. */
  counted: "all" | "headers" = "all";
  /** Frames before this sequence are not counted: they were delivered when the journal was opened. */
  countedSince = 0;
  /** When the cursor was first seen past it, on the monotonic clock. */
  deliveredMs: number | undefined;

  constructor(origin: SegmentOrigin) {
    this.base = this.end = origin.base;
    this.path = origin.path;
    this.marks = origin.marks;
    this.start = origin.start;
    this.framer = origin.framer;
  }

  /** Takes over the sizes of a file that an earlier process wrote; frames with a readable header are counted. */
  measure({ size, fileBytes }: { readonly size: number; readonly fileBytes: number }): void {
    this.bytes = fileBytes;
    this.limit = size;
    this.counted = "headers";
  }

  setContents({ frames, bytes }: Contents): void {
    this.frames = frames;
    this.frameBytes = bytes;
  }

  /** Everything behind `to` is in another segment now. */
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
