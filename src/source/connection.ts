/** One producer's connection from its first byte to its last: drain it, count what was no frame, close it. */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import { spacedHexOf } from "../framing/fault.ts";
import type { Connection } from "../runtime/net.ts";
import type { Answers } from "./answers.ts";
import { type DrainContext, type DrainEnd, DrainReader } from "./drain.ts";

/** Of bytes that are no frame, so many are shown in the log. */
const SHOWN_BYTES = 64;

/** A stop waits this long for what is owed to a producer, before it says that there will be no more. */
const OWED_STOP_MS = 500;

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
  #closedBecause: string | undefined;

  readonly connection: Connection;
  /** The producer has sent everything and waits for what is owed to it. */
  lingering = false;

  constructor(private readonly options: SourceConnectionOptions) {
    const { connection, context, small } = options;
    this.connection = connection;
    this.#reader = new DrainReader(connection, this.#noting(context), small);
    this.ended = this.#run();
  }

  /** When bytes last arrived, on the monotonic clock. */
  get lastReadMs(): number {
    return this.#reader.lastReadMs;
  }

  get answers(): Answers | undefined {
    return this.options.answers;
  }

  /** Tells the producer that no more will be said, after what is owed to it; what it still sends is read. */
  async finish(deadline: StopDeadline): Promise<void> {
    const { answers } = this.options;
    this.#closedBecause ??= "stopping";
    if (answers !== undefined) await deadline.waitFor(answers.settled(), OWED_STOP_MS);
    await this.connection.closeWrite().catch(() => {});
  }

  close(because: string): void {
    this.#closedBecause ??= because;
    this.options.answers?.end();
    this.#reader.close();
  }

  async #run(): Promise<void> {
    const { answers, log } = this.options;
    const end = await this.#reader.run();
    if (end.reason === "eof") await this.#linger();
    answers?.end();
    this.connection.close();
    this.#count(end);
    const because = end.reason === "lost" && this.#closedBecause !== undefined ? this.#closedBecause : end.reason;
    log.info("source disconnected", { peer: this.connection.peer, reason: because, error: this.#errorOf(end) });
  }

  /** What is still owed is said after the producer's end of stream. */
  async #linger(): Promise<void> {
    this.lingering = true;
    await this.options.answers?.settled();
  }

  /** Frames are noted where they have to be answered. */
  #noting(context: DrainContext): DrainContext {
    const { answers } = this.options;
    if (answers === undefined) return context;
    const { sink } = context;
    const push: DrainContext["sink"]["push"] = (buffer, start, end, frames, arrivedUs) => {
      const until = sink.push(buffer, start, end, frames, arrivedUs);
      answers.received(frames, until);
      return until;
    };
    return { ...context, sink: { push } };
  }

  #errorOf(end: DrainEnd): string | undefined {
    return end.reason === "lost" && this.#closedBecause === undefined ? end.detail : undefined;
  }

  #count(end: DrainEnd): void {
    const { ledger, log } = this.options;
    const bytes = end.leftover.length;
    const peer = this.connection.peer;
    if (end.reason === "fault") {
      ledger.refuse("fault", bytes);
      log.warn("bytes that are no frame, connection closed", {
        peer,
        found: end.detail,
        bytes_dropped: bytes,
        first_bytes: spacedHexOf(end.leftover.subarray(0, SHOWN_BYTES)),
      });
    } else if (bytes > 0) {
      ledger.refuse(end.reason === "stuck" ? "stuck" : "unfinished", bytes);
      log.warn("the connection ended within a frame, its beginning is dropped", { peer, bytes_dropped: bytes });
    }
  }
}
