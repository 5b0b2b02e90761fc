/**
 * Frames that end with a delimiter. A frame ends with the first delimiter that
 * begins at or after the frame's start, and includes it.
 *
 * A line is a fault once `max_frame` bytes of it are there without a whole
 * delimiter among them: then no line within the limit can come of it, and a
 * buffer of `max_frame` bytes is always enough.
 */
import { countByte } from "./count.ts";
import { hexOf } from "./fault.ts";
import type { FramerOf, FramingKind, Scan } from "./kind.ts";
import { checkWhole, marker, MAX_FRAME } from "./parameter.ts";
import { Pattern, wordsOf } from "./pattern.ts";

export interface LineFraming {
  readonly type: "line";
  readonly delimiter: Uint8Array;
  readonly maxFrame: number;
}

export const LINE: FramingKind<LineFraming> = {
  type: "line",
  parameters: {
    delimiter: { ...marker("What a frame ends with, 1 to 16 bytes"), default: Uint8Array.of(0x0a) },
    maxFrame: MAX_FRAME,
  },
  frameLimit: "maxFrame",
  nameMeans: "each ends with a newline",
  example: { type: "line", delimiter: Uint8Array.of(0x0d, 0x0a), maxFrame: 2 ** 20 },
  checkLimit: ({ delimiter, maxFrame }) => checkWhole("max_frame", maxFrame, delimiter.length, ", for its delimiter"),
  overhead: ({ delimiter }) => delimiter.length,
  content: ({ delimiter }, frame) => frame.subarray(0, frame.length - delimiter.length),
  // One byte can be counted, a longer delimiter has to be searched for.
  framer: (framing) => framing.delimiter.length === 1 ? new ByteLineFramer(framing) : new PatternLineFramer(framing),
};

function lineScan(framing: LineFraming, end: number, frames: number, tooLong: boolean): Scan {
  const fault = tooLong
    ? `no delimiter ${hexOf(framing.delimiter)} in ${framing.maxFrame} bytes, max_frame is ${framing.maxFrame}`
    : undefined;
  return { end, frames, needed: 0, fault };
}

/**
 * Goes through the bytes in windows of `maxFrame` that begin at a frame: no
 * line that ends inside one is too long, so how many delimiters there are and
 * where the last one is says everything, and only a full window without any is
 * a fault. Each byte is counted once; what the searches for the last delimiter
 * look at in two windows on end is less than one window.
 */
class ByteLineFramer implements FramerOf<LineFraming> {
  readonly maxFrame: number;
  readonly #delimiter: number;

  constructor(readonly framing: LineFraming) {
    this.maxFrame = framing.maxFrame;
    this.#delimiter = framing.delimiter[0];
  }

  scan(bytes: Uint8Array, start: number, scanned: number, end: number): Scan {
    let at = start;
    let frames = 0;
    for (let unseen = scanned;;) {
      const windowEnd = Math.min(end, at + this.maxFrame);
      const found = countByte(bytes, unseen, windowEnd, this.#delimiter);
      if (found === 0) return lineScan(this.framing, at, frames, windowEnd - at === this.maxFrame);
      at = bytes.lastIndexOf(this.#delimiter, windowEnd - 1) + 1;
      frames += found;
      unseen = windowEnd;
    }
  }
}

/** Searches line by line: a delimiter that overlaps itself can only be told apart in order. */
class PatternLineFramer implements FramerOf<LineFraming> {
  readonly maxFrame: number;
  readonly #delimiter: Pattern;

  constructor(readonly framing: LineFraming) {
    this.maxFrame = framing.maxFrame;
    this.#delimiter = new Pattern(framing.delimiter);
  }

  scan(bytes: Uint8Array, start: number, scanned: number, end: number): Scan {
    const words = wordsOf(bytes);
    let at = start;
    let frames = 0;
    // All but the last byte of a delimiter may have been there at the last scan.
    for (let from = Math.max(start, scanned - this.#delimiter.length + 1);;) {
      const windowEnd = Math.min(end, at + this.maxFrame);
      const found = this.#delimiter.find(bytes, words, from, windowEnd);
      if (found < 0) return lineScan(this.framing, at, frames, windowEnd - at === this.maxFrame);
      at = from = found + this.#delimiter.length;
      frames++;
    }
  }
}
