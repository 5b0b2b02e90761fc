/** How one connection to the consumer comes to know what has been delivered. One implementation for each way. */

/** Where the bytes go that the consumer sends: to the producer, with `replies = "forward"`. */
export interface ReplySink {
  /** An answer to the frame `sequence`; undefined: bytes that belong to no frame in particular. Never rejects. */
  forward(bytes: Uint8Array, sequence: number | undefined): Promise<void>;
}

export interface Confirmer {
  /** Has something been sent that is not confirmed? */
  readonly inFlight: boolean;
  /** When something was last confirmed, or the first of what is in flight was sent; on the monotonic clock. */
  readonly progressMs: number;
  /** Was anything confirmed on this connection? */
  readonly progressed: boolean;
  /** Waits until frames may be sent; how many. 0 when the connection is at its end. */
  room(): Promise<number>;
  /** Frames are about to be written. */
  handedOut(): void;
  /** So many bytes more have been handed to the kernel. */
  wrote(bytes: number): void;
  /** The consumer has sent these bytes, which are good until this resolves. */
  received(bytes: Uint8Array): Promise<void>;
  /** Finds out what is confirmed by now; called every few ms while something is in flight. Says why if that is the end. */
  follow(): string | undefined;
  /** The connection is being closed: whoever waits here returns. */
  stop(): void;
  /**
   * After the end, when nothing is being written any more: tells the outlet.
   * Returns how many frames may have arrived besides.
   */
  settle(): Promise<number>;
}
