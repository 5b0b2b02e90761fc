/** No framing: one byte is one frame. Delivery resumes at a byte; nothing can be at fault. */
import type { Framer, Framing, Scan } from "./framing.ts";

export class RawFramer implements Framer {
  readonly maxFrame = 1;

  constructor(readonly framing: Extract<Framing, { type: "raw" }>) {}

  scan(_bytes: Uint8Array, start: number, _scanned: number, end: number): Scan {
    return { end, frames: end - start, needed: 0, fault: undefined };
  }
}
