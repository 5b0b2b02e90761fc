/** Where each single frame of a run ends: for the moments in which frames are counted one by one. */
import type { Framer } from "./framing.ts";

/** A first guess at the length of a frame, in bytes. */
const GUESS_BYTES = 512;

/**
 * Offsets, from `start`, after each of the first `frames` frames of
 * `bytes[start, end)`, where `start` is the beginning of a frame and at least
 * `frames` whole ones follow. A few scans a frame, one where frames are of a size.
 */
export function frameEnds(framer: Framer, bytes: Uint8Array, start: number, end: number, frames: number): Uint32Array {
  const ends = new Uint32Array(frames);
  let guess = GUESS_BYTES;
  for (let i = 0, at = start; i < frames; i++) {
    const next = firstEnd(framer, bytes, at, end, guess);
    guess = next - at;
    ends[i] = next - start;
    at = next;
  }
  return ends;
}

/** Offset after the first frame. A scan that finds exactly one frame says where it ends. */
function firstEnd(framer: Framer, bytes: Uint8Array, start: number, end: number, guess: number): number {
  let low = start;
  let high = Number.POSITIVE_INFINITY;
  for (let until = Math.min(end, start + guess);;) {
    const scan = framer.scan(bytes, start, start, until);
    if (scan.frames === 1) return scan.end;
    if (scan.frames === 0 && until >= end) throw new Error(`no whole frame in ${end - start} bytes`);
    if (scan.frames === 0) low = until;
    else high = until;
    until = high === Number.POSITIVE_INFINITY ? Math.min(end, start + (low - start) * 2) : (low + high) >>> 1;
  }
}
