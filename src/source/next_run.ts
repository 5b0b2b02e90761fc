/** Finds the next run in a buffer: as many whole frames as fit in a record. */
import type { Framer, Scan } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";

/** How much further to scan at a time, in bytes, while not even one frame ends within a record's size. */
const STEP_BYTES = 4096;

/**
 * Like `framer.scan`, but stops at `recordBytes`: the run found holds at most
 * that many bytes, or one larger frame. Where `frames` is 0 everything up to
 * `fill` has been scanned.
 */
export function nextRun(
  framer: Framer,
  bytes: Uint8Array,
  start: number,
  scanned: number,
  fill: number,
  recordBytes: number,
): Scan {
  let end = Math.min(fill, Math.max(start + recordBytes, scanned));
  let scan = framer.scan(bytes, start, Math.min(scanned, end), end);
  if (scan.frames > 0 || scan.fault !== undefined || end === fill) return scan;
  // The first frame is larger than a record: it makes a run of its own.
  while (scan.frames === 0 && scan.fault === undefined && end < fill) {
    const scannedUntil = end;
    end = Math.min(fill, Math.max(end + STEP_BYTES, start + scan.needed));
    scan = framer.scan(bytes, start, scannedUntil, end);
  }
  if (scan.frames <= 1) return scan;
  return { ...scan, end: skipFrames(framer, bytes, start, scan.end, 1), frames: 1, fault: undefined };
}
