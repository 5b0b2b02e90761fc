/**
 * Frames between a start and an end string, such as MLLP's 0b … 1c 0d. A frame
 * begins with the start (anything else there is a fault), and ends with the
 * first end after it, both included. As for lines, `max_frame` bytes without a
 * whole end are a fault.
 */
import { hexOf } from "./fault.ts";
import type { FramerOf, FramingKind, Scan } from "./kind.ts";
import { checkWhole, marker, MAX_FRAME } from "./parameter.ts";
import { Pattern, wordsOf } from "./pattern.ts";

export interface DelimitedFraming {
  readonly type: "delimited";
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /** Byte values that are skipped between two frames of a peer, as between.ts says. Absent: none. */
  readonly between?: Uint8Array;
  readonly maxFrame: number;
}

/** Skipped between two frames unless the framing says otherwise: CR, LF, NUL. */
const USUAL_BETWEEN = Uint8Array.of(0x0d, 0x0a, 0x00);

export const DELIMITED: FramingKind<DelimitedFraming> = {
  type: "delimited",
  parameters: {
    start: marker("What a frame begins with, 1 to 16 bytes"),
    end: marker("What a frame ends with, 1 to 16 bytes"),
    between: {
      form: "bytes",
      min: 0,
      max: 16,
      default: USUAL_BETWEEN,
      unstored: true,
      description: "Bytes that are passed over between two frames, dropped and counted; not the first one of start",
    },
    maxFrame: MAX_FRAME,
  },
  frameLimit: "maxFrame",
  example: {
    type: "delimited",
    start: Uint8Array.of(0x0b),
    end: Uint8Array.of(0x1c, 0x0d),
    between: USUAL_BETWEEN,
    maxFrame: 2 ** 20,
  },
  // The byte with which a frame could begin is not skipped.
  derived: ({ start }) => ({ between: USUAL_BETWEEN.filter((byte) => byte !== start[0]) }),
  conflict: ({ start, between }) =>
    !between?.includes(start[0]) ? undefined : {
      property: "between",
      found: "with the first byte of start",
      allowed: "bytes other than the first one of start",
      hint: "where start begins, a frame begins: leave its first byte out of between",
    },
  checkLimit: (framing) => checkWhole("max_frame", framing.maxFrame, markerBytes(framing), ", for start and end"),
  overhead: markerBytes,
  content: ({ start, end }, frame) => frame.subarray(start.length, frame.length - end.length),
  framer: (framing) => new DelimitedFramer(framing),
};

function markerBytes({ start, end }: DelimitedFraming): number {
  return start.length + end.length;
}

class DelimitedFramer implements FramerOf<DelimitedFraming> {
  readonly maxFrame: number;
  readonly #start: Uint8Array;
  readonly #end: Pattern;

  constructor(readonly framing: DelimitedFraming) {
    this.maxFrame = framing.maxFrame;
    this.#start = framing.start;
    this.#end = new Pattern(framing.end);
  }

  scan(bytes: Uint8Array, start: number, scanned: number, end: number): Scan {
    const words = wordsOf(bytes);
    let at = start;
    let frames = 0;
    // All but the last byte of an end may have been there at the last scan.
    let from = scanned - this.#end.length + 1;
    while (at < end) {
      const matching = this.#matchingStartBytes(bytes, at, end);
      if (matching < this.#start.length) {
        const fault = at + matching < end ? this.#startFault(bytes, at, matching) : undefined;
        return { end: at, frames, needed: 0, fault };
      }
      const windowEnd = Math.min(end, at + this.maxFrame);
      const found = this.#end.find(bytes, words, Math.max(from, at + this.#start.length), windowEnd);
      if (found < 0) {
        const fault = windowEnd - at === this.maxFrame ? this.#endFault() : undefined;
        return { end: at, frames, needed: 0, fault };
      }
      at = from = found + this.#end.length;
      frames++;
    }
    return { end: at, frames, needed: 0, fault: undefined };
  }

  #matchingStartBytes(bytes: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#start.length, end - at);
    for (let i = 0; i < length; i++) if (bytes[at + i] !== this.#start[i]) return i;
    return length;
  }

  #startFault(bytes: Uint8Array, at: number, matching: number): string {
    const found = hexOf(bytes.subarray(at, at + matching + 1));
    return `frame begins with ${found}, expected its start ${hexOf(this.#start)}`;
  }

  #endFault(): string {
    return `no end ${hexOf(this.framing.end)} in ${this.maxFrame} bytes, max_frame is ${this.maxFrame}`;
  }
}
