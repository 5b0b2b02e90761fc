/** No framing: one byte is one frame. Delivery resumes at a byte; nothing can be at fault. */
import type { FramerOf, FramingKind, Scan } from "./kind.ts";

export interface RawFraming {
  readonly type: "raw";
}

export const RAW: FramingKind<RawFraming> = {
  type: "raw",
  parameters: {},
  nameMeans: "none: bytes in order; one producer at a time",
  overhead: () => 0,
  content: (_, frame) => frame,
  framer: (framing) => new RawFramer(framing),
};

class RawFramer implements FramerOf<RawFraming> {
  readonly maxFrame = 1;

  constructor(readonly framing: RawFraming) {}

  scan(_bytes: Uint8Array, start: number, _scanned: number, end: number): Scan {
    return { end, frames: end - start, needed: 0, fault: undefined };
  }
}
