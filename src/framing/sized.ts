/**
 * The walk over frames that say their own size in a header. It costs a step per
 * frame, whatever the frame's size, and allocates nothing but its result.
 */
import type { Scan } from "./kind.ts";

/** Reads the header of a frame. */
export interface FrameHeader {
  /**
   * The whole size, header included, of the frame at `at`; {@link UNKNOWN} if
   * `bytes` ends (at `end`) before the header says so; {@link IMPOSSIBLE} if no
   * frame within the limits begins like this.
   */
  sizeAt(bytes: Uint8Array, at: number, end: number): number;
  /** Why it is {@link IMPOSSIBLE}. */
  faultAt(bytes: Uint8Array, at: number): string;
}

export const UNKNOWN = 0;
export const IMPOSSIBLE = -1;

/** As `Framer.scan`. */
export function scanSized(header: FrameHeader, bytes: Uint8Array, start: number, end: number): Scan {
  let at = start;
  let frames = 0;
  while (at < end) {
    const size = header.sizeAt(bytes, at, end);
    if (size === IMPOSSIBLE) return { end: at, frames, needed: 0, fault: header.faultAt(bytes, at) };
    if (size === UNKNOWN || size > end - at) return { end: at, frames, needed: size, fault: undefined };
    at += size;
    frames++;
  }
  return { end: at, frames, needed: 0, fault: undefined };
}
