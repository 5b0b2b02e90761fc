/**
 * What the sending side needs of whatever has frames to send: the narrow side
 * of the spool's outlet, so that a replay of files can be sent by the same code.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Outgoing } from "../spool/outlet.ts";

/** What a connection is fed from. */
export interface SessionOutlet {
  /** Frames handed out on this connection and not confirmed on it. */
  readonly framesInFlight: number;
  /**
   * The next bytes to send, of at most `maxFrames` frames (at least one); waits
   * for some. Undefined once `interrupt` was called.
   */
  next(maxFrames?: number): Promise<Outgoing | undefined>;
  /** Ends a `next` that waits. */
  interrupt(): void;
}

/** For `written` and `acked`. */
export interface ByteOutlet extends SessionOutlet {
  /** The first `position` bytes of this connection's stream are confirmed. */
  confirm(position: number): void;
  /**
   * The connection has ended with `position` bytes confirmed, of `written` that
   * the kernel took. Returns how many frames may have arrived besides.
   */
  settle(position: number, written: number): Promise<number>;
}

/** For `reply`. */
export interface AnsweredOutlet extends SessionOutlet {
  /** Sequence of the oldest frame in flight; undefined if none is. */
  readonly oldestInFlight: number | undefined;
  /** The next `frames` frames are confirmed. */
  answer(frames: number): void;
  /** On the same connection: once more from the first unconfirmed frame. */
  goBack(): void;
  /** The connection has ended and everything that is confirmed was said. Returns how many frames more may have arrived. */
  finish(): number;
}

/** What becomes of frames that the consumer refuses, and the memory for its answers; the spool is one. */
export interface RefusalSink {
  /** Sequence of the first frame that is not confirmed. */
  readonly confirmed: number;
  /** The first unconfirmed frame, of so many bytes, is given up. */
  refuse(bytes: number): void;
  readonly options: {
    readonly pool: BufferPool;
    readonly journal: { quarantine(sequence: number, frame: Uint8Array): Promise<string> };
  };
}
