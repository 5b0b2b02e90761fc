/** Frames of one size, for example the 188 bytes of an MPEG transport stream packet. Nothing can be at fault. */
import type { FramerOf, FramingKind, Scan } from "./kind.ts";

export interface FixedFraming {
  readonly type: "fixed";
  readonly size: number;
}

export const FIXED: FramingKind<FixedFraming> = {
  type: "fixed",
  parameters: { size: { form: "whole", min: 1, max: 2 ** 30, description: "Bytes of every frame" } },
  frameLimit: "size",
  example: { type: "fixed", size: 188 },
  overhead: () => 0,
  content: (_, frame) => frame,
  framer: (framing) => new FixedFramer(framing),
};

class FixedFramer implements FramerOf<FixedFraming> {
  readonly maxFrame: number;

  constructor(readonly framing: FixedFraming) {
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
