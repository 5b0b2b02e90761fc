/** What a source needs of the spool: where its frames go, and two permissions for each read. */
import type { PooledBuffer } from "../base/buffer.ts";

export interface Sink {
  /**
   * Takes whole frames in `buffer.bytes[start, end)` and returns the sequence
   * after the last of them. Retains the buffer for as long as it needs the bytes;
   * returns at once, whatever disk and target do.
   */
  push(buffer: PooledBuffer, start: number, end: number, frames: number, arrivedUs: number): number;
  /** A reader waits for memory, and until there is some nothing may be pushed: what gives way to frames that come in is to. */
  wantMemory(): void;
  /** Sequence of the first frame that the consumer has not confirmed. */
  readonly confirmed: number;
}

/** Whether the readers wait for a moment, because the target is about to make room. */
export interface Patience {
  readonly isWaiting: boolean;
  /** Resolves when the wait that is under way has ended: after 20 ms at most. */
  ended(): Promise<void>;
}

/**
 * Keeps what readers hold within the figure that the cursor file has, so that the
 * next start after a crash never reports less than was in memory.
 */
export interface RiskLimit {
  /** What `reader` holds or may fill from now on, and what is read ahead for it, in bytes. May it read? */
  hold(reader: object, bytes: number, aheadBytes: number): boolean;
  /** `reader` holds nothing any more. */
  release(reader: object): void;
  /** Resolves when reading is allowed again; that takes no longer than a small write to the disk. */
  covered(): Promise<void>;
}
