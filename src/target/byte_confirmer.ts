/**
 * `written` and `acked`: what is delivered is known as a position in the
 * connection's byte stream.
 *
 * `acked` asks the kernel how many of the written bytes the peer's TCP has not
 * acknowledged: SIOCOUTQ, the same figure as `tx_queue` in /proc/net/tcp, for
 * one socket, about a microsecond, still right after a reset. So it can be
 * asked after every write and no /proc file has to be read.
 *
 * What is acknowledged is in the consumer's kernel, and need not be read by its
 * program. How much of it that may be shows in the window that the kernel
 * advertises, see receive_window.ts.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import { ReceiveWindow } from "./receive_window.ts";

export interface ByteConfirmerOptions {
  readonly connection: Connection;
  readonly stream: DeliveryStream;
  readonly clock: Clock;
  readonly mode: "written" | "acked";
  /** Does nothing count as progress that the consumer's program may not have read? */
  readonly mustRead: boolean;
  /** How carefully the connection begins, 0 (not at all) to {@link CARE_MAX}. */
  readonly care: number;
  /** Where the consumer's bytes go; undefined: nowhere. */
  readonly replies: ReplySink | undefined;
}

/**
 * A consumer that may have read nothing on its last connections is sent small
 * pieces, each when the last one is acknowledged and a moment has passed, in ms:
 * that way the least is unread when it closes, and the window tells the most.
 * The first piece is one frame; the next ones grow to this, in bytes.
 */
const PIECE_BYTES = [Number.POSITIVE_INFINITY, 32 * 1024, 4 * 1024, 0] as const;
const PIECE_MS = 20;
/** That ends with so many bytes on one connection, or after so long: a consumer that reads nothing has closed by then. */
export const CAREFUL_BYTES = 2 * 1024 * 1024;
const CAREFUL_MS = 2000;

/** The care to begin a connection with, from 0 to this, each step with smaller pieces. */
export const CARE_MAX = PIECE_BYTES.length - 1;

/** After a FIN that means the end of the peer's socket, an RST would follow within this, in ms. */
const FIN_MS = 20;

export class ByteConfirmer implements Confirmer {
  progressMs: number;
  readonly #beganMs: number;
  #written = 0;
  /** The consumer's kernel has acknowledged all before this; where the system cannot tell, ours has taken it. */
  #acknowledged = 0;
  #confirmed = 0;
  /** The consumer's program has read all before this. */
  #read = 0;
  #isHeldUp = false;
  readonly #window = new ReceiveWindow();
  /** Has it been sent in pieces from the beginning? How large they are by now, and how much of the last one is written. */
  #inPieces = true;
  #pieceFrames = 1;
  #pieceBytes = 0;
  readonly #canTell: boolean;
  /** Aborted at the end. */
  readonly #over = new AbortController();
  /** Notified when the producer may have read what was forwarded, and at the end. */
  readonly #changed = new Condition();

  constructor(private readonly options: ByteConfirmerOptions) {
    // Asked before the first write: later "cannot tell" must mean "no news", never "all of it".
    this.#canTell = options.connection.unacknowledgedBytes() !== undefined;
    this.progressMs = this.#beganMs = options.clock.monotonicMs();
  }

  get inFlight(): boolean {
    return this.#written > this.#confirmed;
  }

  get mayBeUnread(): boolean {
    return this.#read < this.#confirmed;
  }

  get isHeldUp(): boolean {
    return this.#isHeldUp;
  }

  get progress(): number {
    return this.options.mustRead ? this.#read : this.#confirmed;
  }

  get largestWindow(): number {
    return this.#window.largest;
  }

  async room(): Promise<number> {
    const { clock, care } = this.options;
    const { signal } = this.#over;
    while (!signal.aborted && this.#isCareful) {
      const quietMs = this.inFlight ? 0 : clock.monotonicMs() - this.progressMs;
      if (this.#written === 0) return this.#pieceFrames;
      if (quietMs >= PIECE_MS) {
        if (this.#pieceBytes * 2 <= PIECE_BYTES[care]) this.#pieceFrames *= 2;
        this.#pieceBytes = 0;
        return this.#pieceFrames;
      }
      await clock.sleep(PIECE_MS - quietMs, signal);
    }
    return signal.aborted ? 0 : Number.POSITIVE_INFINITY;
  }

  handedOut(): void {}

  wrote(bytes: number): void {
    if (!this.inFlight) this.progressMs = this.options.clock.monotonicMs();
    this.#written += bytes;
    this.#pieceBytes += bytes;
    this.follow();
  }

  received(bytes: Uint8Array): void {
    this.options.replies?.forward(bytes, undefined);
  }

  async readable(): Promise<void> {
    const { replies } = this.options;
    while (replies?.isReady === false && !this.#over.signal.aborted) {
      this.#isHeldUp = true;
      replies.changed().then(() => this.#changed.notify());
      await this.#changed.wait();
    }
    this.#isHeldUp = false;
  }

  /**
   * A program that closes its socket, or ends, with everything read makes its
   * kernel send FIN; with something unread, RST (RFC 2525, 2.17; so does Linux).
   * So where a FIN comes, nothing is in flight, and no RST follows, everything is
   * read, unless the consumer's system sends FIN all the same. A program that only shuts down its sending side
   * and reads on sends a FIN too: it has what was acknowledged, and is not dead.
   */
  async finished(second: boolean): Promise<void> {
    const { connection, clock } = this.options;
    this.follow();
    // A unix socket has told what is read already, and exactly.
    if (connection.acknowledgesReading) return;
    if (this.inFlight) return;
    // With the second FIN the connection is over for the kernel, whatever came after it.
    if (!second) await clock.sleep(FIN_MS);
    if (second || connection.peerWindow()?.isReset === false) this.#read = this.#acknowledged;
  }

  follow(): undefined {
    if (!this.inFlight && !this.mayBeUnread) return;
    this.#look();
    const confirmed = this.options.mode === "written" ? this.#written : this.#acknowledged;
    if (confirmed > this.#confirmed) this.progressMs = this.options.clock.monotonicMs();
    this.#confirmed = Math.max(this.#confirmed, confirmed);
    this.options.stream.confirm(this.#confirmed, this.#read);
  }

  finish(): void {}

  stop(): void {
    this.#over.abort();
    this.#changed.notify();
  }

  end(): Promise<StreamOutcome> {
    return this.options.stream.end({ read: this.#read, confirmed: this.#confirmed, written: this.#written });
  }

  get #isCareful(): boolean {
    const { care, clock } = this.options;
    const isOver = this.#acknowledged >= CAREFUL_BYTES || clock.monotonicMs() - this.#beganMs >= CAREFUL_MS;
    return this.#inPieces &&= care > 0 && !isOver;
  }

  /** Asks the kernel. What it does not know any more, as of a connection that is closed, stays as last known. */
  #look(): void {
    const { connection, clock } = this.options;
    if (!this.#canTell) {
      this.#acknowledged = this.#read = this.#written;
      return;
    }
    const unacknowledged = connection.unacknowledgedBytes();
    if (unacknowledged === undefined) return;
    this.#acknowledged = Math.max(this.#acknowledged, this.#written - unacknowledged);
    const peer = connection.acknowledgesReading ? undefined : connection.peerWindow();
    if (peer !== undefined) {
      const inFlight = Math.max(0, this.#written - this.#acknowledged - peer.notSentBytes);
      const { bytes, scale, segmentsSent } = peer;
      const nowMs = clock.monotonicMs();
      this.#window.sample(this.#acknowledged, inFlight, bytes, scale, segmentsSent, nowMs, this.#isCareful);
    }
    const unread = peer === undefined ? 0 : this.#window.unread();
    this.#read = Math.max(this.#read, this.#acknowledged - unread);
  }
}
