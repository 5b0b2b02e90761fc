/**
 * The unit that moves through the program: whole frames, one after the other,
 * in one buffer. Its cost does not depend on how many frames are in it.
 */
import type { PooledBuffer } from "./buffer.ts";

export interface Run {
  /** The run holds it; when the run is dropped it has to be released. */
  readonly buffer: PooledBuffer;
  /** The frames are `buffer.bytes[start, end)`. */
  readonly start: number;
  end: number;
  /** Sequence of the first frame. */
  readonly first: number;
  /** How many frames; at least 1. */
  frames: number;
  /** Bytes of frames that the route had received before this run, in this process. */
  readonly offset: number;
  /** When the first frame was complete, µs since 1970. */
  readonly arrivedUs: number;
}

/** Sequence after the run's last frame. */
export function runEnd(run: Run): number {
  return run.first + run.frames;
}

/** Bytes of frames in the run. */
export function runBytes(run: Run): number {
  return run.end - run.start;
}

/** The run's frames, no copy. */
export function bytesOf(run: Run): Uint8Array {
  return run.buffer.bytes.subarray(run.start, run.end);
}
