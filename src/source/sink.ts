/** What a source needs of the spool: where it puts its frames, and a leave for each read. */
import type { PooledBuffer } from "../base/buffer.ts";

export interface Sink {
  /**
   * Takes whole frames in `buffer.bytes[start, end)`. Retains the buffer as
   * long as it needs the bytes; returns at once, whatever disk and target do.
   * The sequence after the last of the frames.
   */
  push(buffer: PooledBuffer, start: number, end: number, frames: number, arrivedUs: number): number;
  /** Sequence of the first frame that the consumer has not confirmed. */
  readonly confirmed: number;
}

/** What a reader asks before each read: the next start after a crash must not say that less was in memory. */
export interface IntakeBound {
  /** What `reader` holds or may fill from now on, and what is read ahead for it, in bytes. May it read? */
  hold(reader: object, bytes: number, aheadBytes: number): boolean;
  /** `reader` holds nothing any more. */
  release(reader: object): void;
  /** Resolves when it may; shortly. */
  covered(): Promise<void>;
}
