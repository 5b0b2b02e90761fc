/** Finding the byte at which the n-th frame begins: the inverse of a scan, for the rare moments that need it. */
import type { Framer } from "./framing.ts";

/**
 * The offset after the first `count` frames of `bytes[start, end)`, where
 * `start` is the beginning of a frame and at least `count` whole frames follow.
 * A framer counts frames up to a byte, so this looks for the smallest such byte
 * by bisection: a few scans, no work per frame.
 */
export function skipFrames(framer: Framer, bytes: Uint8Array, start: number, end: number, count: number): number {
  if (count === 0) return start;
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (framer.scan(bytes, start, start, middle).frames >= count) high = middle;
    else low = middle + 1;
  }
  return low;
}
