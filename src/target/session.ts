/**
 * One connection to the consumer: sends what its stream has, follows what is
 * confirmed, and notices when the peer goes away. It has four loops, and `close`
 * waits for all of them: none can act on a later connection.
 */
import type { Clock } from "../base/clock.ts";
import { formatDuration } from "../base/quantity.ts";
import { messageOf } from "../base/error.ts";
import { RESERVE_MS, type StopDeadline } from "../base/stop_deadline.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import { CONFIRM_MS_MAX, ConfirmationLoop } from "./confirmation_loop.ts";
import type { Confirmer } from "./confirmer.ts";
import type { Rate } from "./rate.ts";
import { watchStall } from "./stall.ts";

/** How long a stop waits for the consumer's FIN after ours, in ms, while the consumer neither reads nor sends. */
const CLOSE_WAIT_MS = 500;

/** The reason of a connection that ends because the route stops. */
const STOPPING = "stopping";

/** What the consumer sends is read in pieces of at most this size. */
const RECEIVE_BYTES = 16 * 1024;

export interface SessionOptions {
  readonly connection: Connection;
  readonly stream: DeliveryStream;
  readonly confirmer: Confirmer;
  readonly clock: Clock;
  /** Undefined: as fast as it goes. */
  readonly rate: Rate | undefined;
  /** 0 = never. */
  readonly stallTimeoutMs: number;
  /** Does the connection go on when the consumer closes its sending side? */
  readonly halfClose: boolean;
}

export class Session {
  /** Aborted at the end. */
  readonly #over = new AbortController();
  /** Aborted when nothing more is to wait for the rate. */
  readonly #pausing = new AbortController();
  /** Nothing more is to be sent. */
  #finishing = false;
  /** Have we sent FIN? */
  #closedWrite = false;
  /** Has the consumer sent FIN? */
  #isPeerDone = false;
  /** Is the piece that was handed out last not wholly written yet? */
  #isWriting = false;
  /** When the consumer last sent something, in ms on the monotonic clock. */
  #receivedMs = 0;
  /** Has anything been sent? */
  hasSent = false;
  readonly #confirmations: ConfirmationLoop;
  #end!: (reason: string) => void;
  /** Resolves with the reason when the connection is at its end; `close` comes next. */
  readonly ended: Promise<string>;
  readonly #loops: readonly Promise<void>[];

  constructor(private readonly options: SessionOptions) {
    this.ended = new Promise((resolve) => this.#end = resolve);
    const { confirmer, clock } = options;
    this.#confirmations = new ConfirmationLoop({ confirmer, clock, signal: this.#over.signal });
    this.#loops = [
      this.#receive(),
      this.#followConfirmations(),
      options.stallTimeoutMs > 0 ? this.#watchStall() : Promise.resolve(),
      this.#send(),
    ];
  }

  get peer(): string {
    return this.options.connection.peer;
  }

  /** Our end of the connection. */
  get local(): string {
    return this.options.connection.local;
  }

  /** The largest window that the consumer's kernel has advertised, in bytes; 0 where that is unknown. */
  get largestWindow(): number {
    return this.options.confirmer.largestWindow;
  }

  /** How long, in ms, the consumer's window has kept us from sending; 0 where that is unknown. */
  get windowLimitedMs(): number {
    return this.options.connection.peerWindow()?.limitedMs ?? 0;
  }

  /** Bytes, or frames where each has its reply, that the consumer has taken for good on this connection. */
  get progress(): number {
    return this.options.confirmer.progress;
  }

  /**
   * How long nothing of what is in flight has been confirmed, in ms; 0 if nothing
   * is in flight, or if delivery waits for the producer.
   */
  get stalledMs(): number {
    const { confirmer, clock } = this.options;
    return confirmer.inFlight && !confirmer.waitsForProducer ? clock.monotonicMs() - confirmer.progressMs : 0;
  }

  /** Ends the connection. */
  end(reason: string): void {
    this.#over.abort();
    this.#pausing.abort();
    this.#confirmations.noteInFlight();
    this.options.confirmer.stop();
    this.options.stream.interrupt();
    this.#end(reason);
  }

  async #closeWrite(): Promise<void> {
    this.#closedWrite = true;
    this.#confirmations.followClosely();
    // If the connection is lost meanwhile, the loop that reads notices that.
    await this.options.connection.closeWrite().catch(() => {});
  }

  /**
   * For a clean stop: takes nothing new, waits as long as the deadline allows until
   * all that was taken is confirmed and the consumer has closed its side, and ends.
   */
  async finish(deadline: StopDeadline): Promise<void> {
    const { stream, confirmer } = this.options;
    this.#finishing = true;
    this.#pausing.abort();
    confirmer.finish();
    stream.interrupt();
    const isConfirmed = () => !this.#isWriting && !confirmer.inFlight;
    const mayWait = () => !deadline.hurried.aborted && deadline.leftMs(RESERVE_MS.inFlight) > 0;
    while (!this.#isOver && !isConfirmed() && mayWait()) await deadline.waitFor(this.ended, CONFIRM_MS_MAX);
    // A consumer that has read everything closes its side when we have closed ours: then nothing is sent again.
    if (!this.#isOver && !confirmer.inFlight && confirmer.mayBeUnread) {
      await this.closeAndWait(CLOSE_WAIT_MS, deadline, RESERVE_MS.target);
    }
    this.end(STOPPING);
  }

  /**
   * Everything is sent: sends FIN and waits until the connection ends, or the consumer has neither read nor sent
   * anything for `quietMs`, or until `reserveMs` before the deadline.
   */
  async closeAndWait(quietMs: number, deadline: StopDeadline, reserveMs: number): Promise<void> {
    const { confirmer, clock } = this.options;
    const beganMs = clock.monotonicMs();
    // After both FINs the kernel does not tell any more whether a reset has followed the consumer's.
    if (!this.#isPeerDone) await this.#closeWrite();
    while (!this.#isOver && !deadline.hurried.aborted) {
      const activeMs = Math.max(beganMs, this.#receivedMs, confirmer.readingMs);
      const leftMs = Math.min(activeMs + quietMs - clock.monotonicMs(), deadline.leftMs(reserveMs));
      if (leftMs <= 0) return;
      await deadline.waitFor(this.ended, leftMs);
    }
  }

  /** After the end: closes the connection, waits until nothing acts on it any more, and ends its stream. */
  async close(): Promise<StreamOutcome> {
    const { connection, confirmer } = this.options;
    // Once more while the kernel still tells.
    confirmer.follow();
    connection.close();
    await Promise.all(this.#loops);
    return await confirmer.end();
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #send(): Promise<void> {
    const { stream, confirmer } = this.options;
    try {
      for (;;) {
        const room = await confirmer.room();
        if (room === 0) return;
        const outgoing = await stream.next(room);
        if (this.#isOver) return outgoing?.release();
        if (outgoing === undefined) {
          if (this.#finishing) return;
          // Interrupted to go back: the confirmer knows when.
          continue;
        }
        confirmer.handedOut();
        this.#isWriting = true;
        this.#confirmations.noteInFlight();
        try {
          await this.#writeAll(outgoing.bytes);
        } finally {
          this.#isWriting = false;
          outgoing.release();
        }
      }
    } catch (error) {
      this.end(messageOf(error));
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const { connection, confirmer, rate } = this.options;
    for (let from = 0; from < bytes.length;) {
      const granted = rate === undefined
        ? bytes.length
        : from + await rate.take(bytes.length - from, this.#pausing.signal);
      // What still waits for the rate is not written any more: it would arrive, and be sent again.
      if (rate !== undefined && (this.#isOver || this.#finishing)) {
        return rate.giveBack(granted - from);
      }
      const count = await connection.write(
        from === 0 && granted === bytes.length ? bytes : bytes.subarray(from, granted),
      );
      from += count;
      this.hasSent = true;
      if (from < granted) rate?.giveBack(granted - from);
      confirmer.wrote(count);
      this.#confirmations.noteInFlight();
    }
  }

  async #followConfirmations(): Promise<void> {
    const reason = await this.#confirmations.run();
    if (reason !== undefined) this.end(reason);
  }

  /** Keeps a read outstanding, so that a peer that goes away is noticed even while we write, or are idle. */
  async #receive(): Promise<void> {
    const { connection, confirmer, halfClose } = this.options;
    const bytes = new Uint8Array(RECEIVE_BYTES);
    try {
      for (;;) {
        const count = await connection.read(bytes);
        if (count === null || this.#isOver) break;
        this.#receivedMs = this.options.clock.monotonicMs();
        confirmer.received(bytes.subarray(0, count));
        const readable = confirmer.readable();
        if (confirmer.waitsForProducer) connection.pause("long");
        await readable;
        if (this.#isOver) return;
      }
      if (this.#isOver || (halfClose && !this.#closedWrite)) return;
      this.#isPeerDone = true;
      const reason = this.#finishing ? STOPPING : "the consumer closed the connection";
      this.#finishing = true;
      this.options.stream.interrupt();
      await confirmer.finished(this.#closedWrite);
      this.end(reason);
    } catch (error) {
      if (!this.#isOver) this.end(messageOf(error));
    }
  }

  async #watchStall(): Promise<void> {
    const { connection, clock, stallTimeoutMs, confirmer } = this.options;
    const { signal } = this.#over;
    const inFlight = () => confirmer.inFlight;
    if (!await watchStall({ connection, clock, timeoutMs: stallTimeoutMs, signal, inFlight })) return;
    this.end(`no answer from the consumer's kernel for ${formatDuration(stallTimeoutMs)} (stall_timeout)`);
  }
}
