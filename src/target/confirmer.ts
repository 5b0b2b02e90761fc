/**
 * How one connection to the consumer learns what has been delivered: by bytes
 * (byte_confirmer.ts) or by replies (reply_confirmer.ts).
 */
import type { StreamOutcome } from "../spool/frame_feed.ts";

/** Where the bytes go that the consumer sends: to the producer, with `replies = "forward"`. */
export interface ReplySink {
  /** May `forward` be called? False while the producer does not read what was forwarded before. */
  readonly isReady: boolean;
  /** Resolves when `isReady` may have changed. */
  changed(): Promise<void>;
  /** A reply to the frame `sequence`; undefined: bytes that belong to no frame in particular. Takes a copy. */
  forward(bytes: Uint8Array, sequence: number | undefined): void;
}

export interface Confirmer {
  /** Has something been sent that is not confirmed? */
  readonly inFlight: boolean;
  /** Is something confirmed that the consumer's program may not have read? */
  readonly mayBeUnread: boolean;
  /** When something was last confirmed, or the first of what is in flight was sent; in ms on the monotonic clock. */
  readonly progressMs: number;
  /** When the consumer was last seen to read, in ms on the monotonic clock; 0 if it never was. */
  readonly readingMs: number;
  /**
   * Does delivery wait because the producer does not read the consumer's replies?
   * Then no time-out of the consumer runs.
   */
  readonly waitsForProducer: boolean;
  /** Bytes, or frames, that the consumer has taken for good on this connection. */
  readonly progress: number;
  /** The largest window that the consumer's kernel has advertised, in bytes; 0 where that is unknown. */
  readonly largestWindow: number;
  /** Waits until frames may be sent; how many. 0 when the connection is at its end. */
  room(): Promise<number>;
  /** Frames are about to be written. */
  handedOut(): void;
  /** The kernel has taken `bytes` more bytes. */
  wrote(bytes: number): void;
  /**
   * The consumer has sent these bytes. They are copied where they are kept.
   * `readable` is called before the next ones.
   */
  received(bytes: Uint8Array): void;
  /** Resolves when the consumer's next bytes may be read. Rejects if what it sent last is wrong. */
  readable(): Promise<void>;
  /**
   * The consumer has closed its sending side; `second`: after we had closed
   * ours. Resolves when it is clear what that tells of what it has read.
   */
  finished(second: boolean): Promise<void>;
  /**
   * Finds out what is confirmed by now; called every few ms while something is in
   * flight. Returns why the connection has to end, if it has to.
   */
  follow(): string | undefined;
  /** Nothing more is to be sent, not even what was refused; what is in flight is still followed. */
  finish(): void;
  /** The connection is being closed: every call that waits returns. */
  stop(): void;
  /** After the end, when nothing is being read or written any more: ends the stream. */
  end(): Promise<StreamOutcome>;
}
