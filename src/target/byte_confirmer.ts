/**
 * `written` and `acked`: what is delivered is known as a position in the
 * connection's byte stream.
 *
 * `acked` asks the kernel how many of the written bytes the peer's TCP has not
 * acknowledged: SIOCOUTQ, the same figure as `tx_queue` in /proc/net/tcp. For
 * one socket that takes about a microsecond, and it is still right after a
 * reset. So it can be asked after every write, and no /proc file has to be read.
 *
 * What is acknowledged is in the consumer's kernel, and its program need not
 * have read it. How much may be unread shows in the window that the kernel
 * advertises, see receive_window.ts.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { PIECE_MS, type Pieces } from "./slow_start.ts";

export interface ByteConfirmerOptions {
  readonly connection: Connection;
  readonly stream: DeliveryStream;
  readonly clock: Clock;
  readonly mode: "written" | "acked";
  /** Does only what the consumer's program has read count as progress? */
  readonly mustRead: boolean;
  readonly pieces: Pieces;
  /** Where the bytes go that the consumer sends; undefined: they are discarded. */
  readonly replies: ReplySink | undefined;
}

/** After a FIN that means the end of the peer's socket, an RST would follow within this, in ms. */
const FIN_MS = 20;

export class ByteConfirmer implements Confirmer {
  progressMs: number;
  readingMs = 0;
  #written = 0;
  /**
   * The consumer's kernel has acknowledged all before this; where the system does
   * not tell, our kernel has taken it.
   */
  #acknowledged = 0;
  #confirmed = 0;
  /** The consumer's program has read all before this. */
  #read = 0;
  #waitsForProducer = false;
  readonly #window = new ReceiveWindow();
  readonly #canTell: boolean;
  /** Aborted at the end. */
  readonly #over = new AbortController();
  /** Notified when the producer may have read what was forwarded, and at the end. */
  readonly #changed = new Condition();

  constructor(private readonly options: ByteConfirmerOptions) {
    // Asked before the first write: later, "undefined" must mean that nothing new is known, never that all
    // is acknowledged.
    this.#canTell = options.connection.unacknowledgedBytes() !== undefined;
    this.progressMs = options.clock.monotonicMs();
  }

  get inFlight(): boolean {
    return this.#written > this.#confirmed;
  }

  get mayBeUnread(): boolean {
    return this.#read < this.#confirmed;
  }

  get waitsForProducer(): boolean {
    return this.#waitsForProducer;
  }

  get progress(): number {
    return this.options.mustRead ? this.#read : this.#confirmed;
  }

  get largestWindow(): number {
    return this.#window.largest;
  }

  async room(): Promise<number> {
    const { clock, pieces } = this.options;
    const { signal } = this.#over;
    while (!signal.aborted && pieces.isActive(this.#acknowledged)) {
      const quietMs = this.inFlight ? 0 : clock.monotonicMs() - this.progressMs;
      const frames = pieces.framesAfter(quietMs);
      if (frames > 0) return frames;
      await clock.sleep(PIECE_MS - quietMs, signal);
    }
    return signal.aborted ? 0 : Number.POSITIVE_INFINITY;
  }

  handedOut(): void {}

  wrote(bytes: number): void {
    if (!this.inFlight) this.progressMs = this.options.clock.monotonicMs();
    this.#written += bytes;
    this.options.pieces.wrote(bytes);
    this.follow();
  }

  received(bytes: Uint8Array): void {
    this.options.replies?.forward(bytes, undefined);
  }

  async readable(): Promise<void> {
    const { replies } = this.options;
    while (replies?.isReady === false && !this.#over.signal.aborted) {
      this.#waitsForProducer = true;
      replies.changed().then(() => this.#changed.notify());
      await this.#changed.wait();
    }
    this.#waitsForProducer = false;
  }

  /**
   * A program that closes its socket, or ends, with everything read makes its
   * kernel send FIN; with something unread, RST (RFC 2525, 2.17; so does Linux).
   * So if a FIN comes, nothing is in flight and no RST follows, everything is
   * read, unless the consumer's system sends FIN all the same. A program that
   * only shuts down its sending side and reads on sends a FIN too: it has what
   * was acknowledged, and is alive.
   */
  async finished(second: boolean): Promise<void> {
    const { connection, clock } = this.options;
    this.follow();
    // A unix socket acknowledges what the program has read.
    if (connection.acknowledgesReading) return;
    if (this.inFlight) return;
    // With the second FIN the connection is over for the kernel, whatever came after it.
    if (!second) await clock.sleep(FIN_MS);
    if (second || connection.peerWindow()?.isReset === false) this.#read = this.#acknowledged;
  }

  follow(): undefined {
    if (!this.inFlight && !this.mayBeUnread) return;
    this.#sample();
    const confirmed = this.options.mode === "written" ? this.#written : this.#acknowledged;
    if (confirmed > this.#confirmed) this.progressMs = this.options.clock.monotonicMs();
    this.#confirmed = Math.max(this.#confirmed, confirmed);
    this.options.stream.confirmBytes(this.#confirmed, this.#read);
  }

  finish(): void {}

  stop(): void {
    this.#over.abort();
    this.#changed.notify();
  }

  end(): Promise<StreamOutcome> {
    return this.options.stream.end({ read: this.#read, confirmed: this.#confirmed, written: this.#written });
  }

  /** Asks the kernel. What it no longer tells, as of a connection that is closed, stays as last known. */
  #sample(): void {
    const { connection, clock, pieces } = this.options;
    if (!this.#canTell) {
      this.#acknowledged = this.#read = this.#written;
      return;
    }
    const unacknowledged = connection.unacknowledgedBytes();
    if (unacknowledged === undefined) return;
    const { edge } = this.#window;
    this.#acknowledged = Math.max(this.#acknowledged, this.#written - unacknowledged);
    const peer = connection.acknowledgesReading ? undefined : connection.peerWindow();
    if (peer !== undefined) {
      const inFlight = Math.max(0, this.#written - this.#acknowledged - peer.notSentBytes);
      const { bytes, scale, segmentsSent } = peer;
      const nowMs = clock.monotonicMs();
      const inPieces = pieces.isActive(this.#acknowledged);
      this.#window.sample(this.#acknowledged, inFlight, bytes, scale, segmentsSent, nowMs, inPieces);
    }
    const unread = peer === undefined ? 0 : this.#window.unread();
    const read = Math.max(this.#read, this.#acknowledged - unread);
    if (read > this.#read || this.#window.edge > edge) this.readingMs = clock.monotonicMs();
    this.#read = read;
  }
}
