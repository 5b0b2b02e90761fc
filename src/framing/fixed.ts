/** Frames of one size, for example the 188 bytes of an MPEG transport stream packet. Nothing can be at fault. */
import type { Framer, Framing, Scan } from "./framing.ts";

export class FixedFramer implements Framer {
  readonly maxFrame: number;

  constructor(readonly framing: Extract<Framing, { type: "fixed" }>) {
    this.maxFrame = framing.size;
  }

  scan(_bytes: Uint8Array, start: number, _scanned: number, end: number): Scan {
    const rest = (end - start) % this.maxFrame;
    const whole = end - start - rest;
    return {
      end: start + whole,
      frames: whole / this.maxFrame,
      needed: rest > 0 ? this.maxFrame : 0,
      fault: undefined,
    };
  }
}
