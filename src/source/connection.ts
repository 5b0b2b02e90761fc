/**
 * One producer's connection from its first byte to its last: drain it, say what
 * is owed to it, count what was no frame, close it.
 *
 * Whoever ends the reading, what is owed for what came in is said before the
 * connection is closed, or the producer would send it all again. Where that is
 * not the producer itself (a fault, an unfinished frame in the way of others, a
 * full disk), nothing more is read into memory meanwhile.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { type StopDeadline, within } from "../base/stop_deadline.ts";
import { spacedHexOf } from "../framing/fault.ts";
import type { Connection } from "../runtime/net.ts";
import type { Answers } from "./answers.ts";
import { Debt } from "./debt.ts";
import { discardIncoming } from "./discard.ts";
import { type DrainContext, type DrainEnd, DrainReader, HEAD_BYTES } from "./drain.ts";

/** A stop waits this long for what is owed to a producer, before it says that there will be no more. */
const OWED_STOP_MS = 500;

/**
 * A connection that stands in the way of others is given this long, in ms, for
 * what is owed to it: until its last read ends, some of its memory is not free.
 */
const OWED_STUCK_MS = 10_000;

export interface SourceConnectionOptions {
  readonly connection: Connection;
  /** The connection's own buffer; the reader releases it at the end. */
  readonly small: PooledBuffer;
  readonly context: DrainContext;
  readonly ledger: Ledger;
  readonly log: Log;
  /** What is said back; undefined: nothing. */
  readonly answers: Answers | undefined;
}

export class SourceConnection {
  /** Resolves when the connection has ended and everything is counted. Never rejects. */
  readonly ended: Promise<void>;
  readonly #reader: DrainReader;
  readonly #debt: Debt | undefined;
  #closedBecause: string | undefined;
  #passedOver = 0;
  #discarded = 0;

  readonly connection: Connection;
  /** Nothing more is read from the producer; it waits for what is owed to it. */
  lingering = false;

  constructor(private readonly options: SourceConnectionOptions) {
    const { connection, context, small, answers } = options;
    this.connection = connection;
    this.#debt = answers && new Debt(answers, context.clock);
    this.#reader = new DrainReader(connection, this.#noting(context), small);
    this.ended = this.#run();
  }

  /** When bytes last arrived, on the monotonic clock. */
  get lastReadMs(): number {
    return this.#reader.lastReadMs;
  }

  /**
   * For how long the producer has been silent, in ms: 0 while something is owed
   * to it, and while we are the ones who do not read.
   */
  idleMs(nowMs: number): number {
    if (this.#debt?.owed || this.#reader.waitsForMemory) return 0;
    return nowMs - Math.max(this.lastReadMs, this.#debt?.settledMs ?? 0);
  }

  /** Tells the producer that no more will be said, after what is owed to it; what it still sends is read. */
  async finish(deadline: StopDeadline): Promise<void> {
    const { answers } = this.options;
    this.#closedBecause ??= "stopping";
    if (answers !== undefined) await deadline.waitFor(answers.settled(), OWED_STOP_MS);
    await this.connection.closeWrite().catch(() => {});
  }

  /** Reads no more; closes the connection once what is owed to the producer has been said. */
  dismiss(because: string): void {
    this.#closedBecause ??= because;
    this.#reader.dismiss();
  }

  /** Closes the connection at once. */
  close(because: string): void {
    this.#closedBecause ??= because;
    this.options.answers?.end();
    this.#reader.close();
  }

  async #run(): Promise<void> {
    const { answers, log } = this.options;
    const end = await this.#reader.run();
    if (end.reason === "eof") await this.#linger();
    else if (end.reason !== "lost" && this.#debt?.incurred) await this.#part(end);
    answers?.end();
    this.#count(end);
    this.connection.close();
    await this.#reader.quiet;
    this.#discarded += this.#reader.lateBytes;
    const isOurs = end.reason === "lost" || end.reason === "dismissed";
    log.info("source disconnected", {
      peer: this.connection.peer,
      reason: isOurs && this.#closedBecause !== undefined ? this.#closedBecause : end.reason,
      error: this.#errorOf(end),
      ...(this.#passedOver > 0 ? { between_bytes: this.#passedOver } : {}),
      ...(this.#discarded > 0 ? { unread_bytes: this.#discarded } : {}),
    });
  }

  /** What is still owed is said after the producer's end of stream. */
  async #linger(): Promise<void> {
    this.lingering = true;
    await this.options.answers?.settled();
  }

  /** What is still owed is said to a producer whose connection we end. */
  async #part(end: DrainEnd): Promise<void> {
    const { connection, options: { context: { clock } } } = this;
    // The last read may still be under way. After it the kernel keeps what comes, and its window closes.
    const lastRead = this.#reader.quiet.then(() => connection.pause());
    if (end.reason === "stuck") await within(clock, this.#linger(), OWED_STUCK_MS);
    else await this.#linger();
    try {
      await connection.closeWrite();
      this.#discarded = await discardIncoming(connection, clock, lastRead);
    } catch { // it is gone
    }
  }

  /** Frames are noted where they have to be answered, and what is passed over is counted. */
  #noting(context: DrainContext): DrainContext {
    const passedOver = (bytes: Uint8Array) => this.#notePassedOver(bytes);
    const { answers } = this.options;
    if (answers === undefined) return { ...context, passedOver };
    const { sink } = context;
    const push: DrainContext["sink"]["push"] = (buffer, start, end, frames, arrivedUs) => {
      const until = sink.push(buffer, start, end, frames, arrivedUs);
      answers.received(frames, until);
      this.#debt!.received();
      return until;
    };
    return { ...context, passedOver, sink: { push } };
  }

  #notePassedOver(bytes: Uint8Array): void {
    const { ledger, log } = this.options;
    ledger.refuse("between", bytes.length);
    if (this.#passedOver === 0) {
      const first = spacedHexOf(bytes.subarray(0, HEAD_BYTES));
      log.info("bytes between frames are passed over", { peer: this.connection.peer, first_bytes: first });
    }
    this.#passedOver += bytes.length;
  }

  #errorOf(end: DrainEnd): string | undefined {
    return end.reason === "lost" && this.#closedBecause === undefined ? end.detail : undefined;
  }

  #count(end: DrainEnd): void {
    const { ledger, log } = this.options;
    const { bytes, head } = end.leftover;
    const peer = this.connection.peer;
    if (end.reason === "fault") {
      ledger.refuse("fault", bytes);
      log.warn("bytes that are no frame, connection closed", {
        peer,
        found: end.detail,
        bytes_dropped: bytes,
        first_bytes: spacedHexOf(head),
      });
    } else if (end.stuck !== undefined) {
      ledger.refuse("stuck", bytes);
      log.warn("others waited for the memory of an unfinished frame, connection closed", {
        peer,
        bytes_held: end.stuck.bytesHeld,
        without_a_frame_ms: Math.round(end.stuck.stalledMs),
        waiting: end.stuck.waiting,
        bytes_dropped: bytes,
      });
    } else if (bytes > 0) {
      ledger.refuse("unfinished", bytes);
      log.warn("the connection ended within a frame, its beginning is dropped", { peer, bytes_dropped: bytes });
    }
  }
}
