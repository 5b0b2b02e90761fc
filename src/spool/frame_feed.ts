/**
 * Where the frames of a connection to the consumer come from: the spool of a
 * route, or the files of a replay. What a connection does with them is the same
 * for both, see delivery_stream.ts.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Framer } from "../framing/framing.ts";
import type { ConfirmedPart } from "./in_flight.ts";

/** Consecutive frames that lie side by side in one buffer. */
export interface FrameRun {
  /** Sequence of the first one. */
  readonly first: number;
  readonly frames: number;
  /** Offsets in the buffer. */
  readonly start: number;
  readonly end: number;
  /** When they arrived, in µs since 1970: the first of them, or of the record that they were read from. */
  readonly arrivedUs: number;
}

/** Runs that lie side by side in one buffer, in ascending order; at least one. Sequences may be missing between two. */
export interface FramePiece {
  readonly buffer: PooledBuffer;
  readonly framer: Framer;
  readonly runs: readonly FrameRun[];
  /** To be called once, when the bytes are no longer needed. */
  release(): void;
}

/** What a connection has learned about its frames, in sequences. */
export interface Confirmation {
  /** Frames below this one are confirmed. */
  readonly until: number;
  /** Those of them that had not been confirmed before, ascending. */
  readonly news: readonly ConfirmedPart[];
  /** The consumer's program has read all frames below this one, of those that were sent on this connection. */
  readonly unreadFrom: number;
}

/** Where a connection has ended, in sequences. */
export interface EndOfStream {
  /** The first frame that the consumer's program may not have read, as far as the connection could tell. */
  readonly unreadFrom: number;
  /** Bytes of the frames from there on that were confirmed on this connection. */
  readonly unreadBytes: number;
  /** Sequence after the last frame that was confirmed on this connection. */
  readonly confirmedUntil: number;
  /** Sequence after the last frame that was written whole. */
  readonly writtenUntil: number;
  /** Frames that `resending` was called for and that were not written whole. */
  readonly notResent: readonly FrameRange[];
}

/** Frames without a gap. */
export interface FrameRange {
  readonly first: number;
  readonly frames: number;
}

export interface FrameFeed {
  /** Sequence of the first frame that is not confirmed. */
  readonly confirmed: number;

  /**
   * Takes the next frames, at most `maxFrames` (at least one), if there are some
   * that may be sent now and are in memory.
   */
  take(maxFrames: number): FramePiece | undefined;

  /** Resolves when `take` may give something that it did not give before, and after `wake`. */
  ready(): Promise<void>;

  /** Ends a `ready` that waits. */
  wake(): void;

  /** More is confirmed, or known to be read. */
  confirm(confirmation: Confirmation): void;

  /** These of the frames that were just taken have been sent before, on an earlier connection or before a `goBack`. */
  resending(range: FrameRange): void;

  /** On the same connection: what was taken and is not confirmed is taken once more. */
  goBack(): void;

  /**
   * The run that was taken with `first` as its first frame, once more. Undefined
   * if it cannot be had; never rejects.
   */
  reread(first: number): Promise<FramePiece | undefined>;

  /** The connection is over; nothing is taken before the next one begins. */
  ended(end: EndOfStream): Promise<StreamOutcome>;
}

export interface StreamOutcome {
  /** Frames that were written whole and will be sent once more. */
  readonly mayRepeat: number;
  /** Bytes that may not have been read, and cannot be sent again. */
  readonly mayBeLostBytes: number;
  /** Bytes that may not have been read, whether or not they can. */
  readonly unreadBytes: number;
}
