/** Where a source puts its frames. The spool is one; the source knows nothing more of it. */
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
