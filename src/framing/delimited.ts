/**
 * Frames between a start and an end string, such as MLLP's 0b … 1c 0d. A frame
 * begins with the start (anything else there is a fault), and ends with the
 * first end after it, both included. As for lines, `max_frame` bytes without a
 * whole end are a fault.
 */
import { hexOf } from "./fault.ts";
import type { Framer, Framing, Scan } from "./framing.ts";
import { Pattern, wordsOf } from "./pattern.ts";

export class DelimitedFramer implements Framer {
  readonly maxFrame: number;
  readonly #start: Uint8Array;
  readonly #end: Pattern;

  constructor(readonly framing: Extract<Framing, { type: "delimited" }>) {
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
