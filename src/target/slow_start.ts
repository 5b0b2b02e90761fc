/**
 * A slow start for consumers that may have read nothing on their last
 * connections. One that reads a message and closes would otherwise be sent the
 * same messages for ever: its kernel takes as many as fit, and when it closes it
 * is unknown which of them its program has read.
 *
 * Such a connection begins with small pieces, each sent when the last one is
 * acknowledged and a moment has passed: that way little is unread when the
 * consumer closes, and the window that its kernel advertises tells the most.
 */
import type { Clock } from "../base/clock.ts";

/** The size, in bytes, up to which pieces grow from one frame, by level; level 0 has no pieces. */
const PIECE_BYTES = [Number.POSITIVE_INFINITY, 32 * 1024, 4 * 1024, 0] as const;
/** How long everything has to be acknowledged before the next piece is sent. */
export const PIECE_MS = 20;
/**
 * Pieces end with this many bytes on one connection, or after this long: a
 * consumer that reads nothing has closed by then.
 */
const PIECES_BYTES_MAX = 2 * 1024 * 1024;
const PIECES_MS_MAX = 2000;

const LEVEL_MAX = PIECE_BYTES.length - 1;

/** What connections to one consumer have in common: how slowly the next one starts. */
export class SlowStart {
  /** From 0, not at all, to {@link LEVEL_MAX}, one frame at a time. */
  #level = 0;

  /** The pieces of a new connection. */
  begin(clock: Clock): Pieces {
    return new Pieces(clock, this.#level);
  }

  /** A connection has ended on which something was sent, and the consumer has certainly read `readBytes` of it. */
  ended(readBytes: number): void {
    if (readBytes >= PIECES_BYTES_MAX) this.#level = 0;
    else if (readBytes === 0) this.#level = Math.min(LEVEL_MAX, this.#level + 1);
  }
}

/** The pieces of one connection. */
export class Pieces {
  readonly #beganMs: number;
  #isActive: boolean;
  #hasWritten = false;
  /** Frames of the present piece, and how many bytes of it are written. */
  #frames = 1;
  #bytes = 0;

  /** `level` as in {@link SlowStart}. */
  constructor(private readonly clock: Clock, private readonly level: number) {
    this.#beganMs = clock.monotonicMs();
    this.#isActive = level > 0;
  }

  /** Has the connection been sent in pieces until now? `acknowledged`: bytes of it that are acknowledged. */
  isActive(acknowledged: number): boolean {
    return this.#isActive &&= acknowledged < PIECES_BYTES_MAX &&
      this.clock.monotonicMs() - this.#beganMs < PIECES_MS_MAX;
  }

  wrote(bytes: number): void {
    this.#bytes += bytes;
    this.#hasWritten = true;
  }

  /**
   * How many frames may be sent now, when everything that was written has been
   * acknowledged for `quietMs`; 0 while it has to be quiet for longer.
   */
  framesAfter(quietMs: number): number {
    if (!this.#hasWritten) return this.#frames;
    if (quietMs < PIECE_MS) return 0;
    if (this.#bytes * 2 <= PIECE_BYTES[this.level]) this.#frames *= 2;
    this.#bytes = 0;
    return this.#frames;
  }
}
