/**
 * One producer's connection from its first byte to its last: it is drained, the
 * replies owed to it are written, bytes that were no frame are counted, and it is
 * closed.
 *
 * However the reading ends, the owed replies are written before the connection
 * is closed, or the producer would send everything again. If it is not the
 * producer that ends it (but a fault, an unfinished frame whose memory others
 * wait for, or a full disk), nothing more is read into memory meanwhile.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { add, type Ledger, tally } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { STOP_WAIT_MS, type StopDeadline, within } from "../base/stop_deadline.ts";
import { spacedHexOf } from "../framing/fault.ts";
import type { Connection } from "../runtime/net.ts";
import { type DrainContext, DrainReader } from "./drain.ts";
import { type DrainEnd, HEAD_BYTES } from "./drain_end.ts";
import { OwedReplies, type ProducerReplies } from "./replies.ts";

/**
 * How long the replies owed to a connection are waited for, in ms, if others wait
 * for its memory: some of it is not free until the last read ends.
 */
const OWED_STUCK_MS = 10_000;

/** How long a producer whose connection we close has to read its replies and to close its side, in ms. */
const DISCARD_MS = 1000;

/** What is read into this is dropped, so one buffer serves all connections. */
const discarded = new Uint8Array(64 * 1024);

export interface SourceConnectionOptions {
  readonly connection: Connection;
  /** The connection's own buffer; the reader releases it at the end. */
  readonly small: PooledBuffer;
  readonly context: DrainContext;
  readonly ledger: Ledger;
  readonly log: Log;
  /** What is written back; undefined: nothing. */
  readonly replies: ProducerReplies | undefined;
}

export class SourceConnection {
  /** Resolves when the connection has ended and everything is counted. Never rejects. */
  readonly ended: Promise<void>;
  readonly #reader: DrainReader;
  readonly #owed: OwedReplies | undefined;
  #closedBecause: string | undefined;
  /** Frames and bytes of them that were handed on. */
  readonly #received = tally();
  readonly #beganMs: number;
  #passedOverBytes = 0;
  #discardedBytes = 0;

  readonly connection: Connection;
  /** Everything is read from the producer, which waits for the replies that are owed to it. */
  isOnlyOwed = false;

  constructor(private readonly options: SourceConnectionOptions) {
    const { connection, context, small, replies } = options;
    this.connection = connection;
    this.#beganMs = context.clock.monotonicMs();
    this.#owed = replies && new OwedReplies(replies, context.clock);
    this.#reader = new DrainReader(connection, this.#noting(context), small);
    this.ended = this.#run();
  }

  /** When bytes last arrived, on the monotonic clock. */
  get lastReadMs(): number {
    return this.#reader.lastReadMs;
  }

  /** Bytes that have arrived and are not read yet; 0 also where that cannot be told. */
  get arrivedBytes(): number {
    return this.connection.arrivedBytes() ?? 0;
  }

  /** For how long the producer has been silent, in ms; 0 while a reply is owed to it, or reading waits for memory. */
  idleMs(nowMs: number): number {
    if (this.#owed?.areOwed || this.#reader.waitsForMemory) return 0;
    return nowMs - Math.max(this.lastReadMs, this.#owed?.lastOwedMs ?? 0);
  }

  /** Ends our sending side once the owed replies are written; what the producer still sends is read. */
  async finish(deadline: StopDeadline): Promise<void> {
    const { replies } = this.options;
    this.#closedBecause ??= "stopping";
    if (replies !== undefined) await deadline.waitFor(replies.nothingOwed(), STOP_WAIT_MS.replies);
    await this.connection.closeWrite().catch(() => {});
  }

  /** Stops reading; closes the connection once the owed replies are written. */
  dismiss(because: string): void {
    this.#closedBecause ??= because;
    this.#reader.dismiss();
  }

  /** Closes the connection at once. */
  close(because: string): void {
    this.#closedBecause ??= because;
    this.options.replies?.end();
    this.#reader.close();
  }

  async #run(): Promise<void> {
    const { replies, log, context } = this.options;
    const end = await this.#reader.run();
    if (end.reason === "eof") await this.#writeOwed();
    else if (end.reason !== "lost" && this.#owed?.haveBeenOwed) await this.#writeOwedAndDiscard(end);
    replies?.end();
    this.#count(end);
    this.connection.close();
    await this.#reader.released;
    this.#discardedBytes += this.#reader.lateBytes;
    const isOurs = end.reason === "lost" || end.reason === "dismissed";
    log.say("source_disconnected", {
      peer: this.connection.peer,
      reason: isOurs && this.#closedBecause !== undefined ? this.#closedBecause : end.reason,
      error: this.#errorOf(end),
      duration_s: Math.round(context.clock.monotonicMs() - this.#beganMs) / 1000,
      frames: this.#received.frames,
      bytes: this.#received.bytes,
      ...(this.#passedOverBytes > 0 ? { between_bytes: this.#passedOverBytes } : {}),
      ...(this.#discardedBytes > 0 ? { unread_bytes: this.#discardedBytes } : {}),
    });
  }

  /** Waits for the owed replies. */
  async #writeOwed(): Promise<void> {
    this.isOnlyOwed = true;
    await this.options.replies?.nothingOwed();
  }

  /** For a connection that we end: waits for the owed replies and for the producer to take them. */
  async #writeOwedAndDiscard(end: DrainEnd): Promise<void> {
    const { connection, options: { context: { clock } } } = this;
    // The last read may still be under way. After it the kernel keeps what arrives, and its window closes.
    const lastRead = this.#reader.released.then(() => connection.pause("long"));
    if (end.reason === "stuck") await within(clock, this.#writeOwed(), OWED_STUCK_MS);
    else await this.#writeOwed();
    try {
      await connection.closeWrite();
      this.#discardedBytes = await discardIncoming(connection, clock, lastRead);
    } catch { // the producer is gone
    }
  }

  /** The context with frames counted, and those noted that a reply is owed for, and the bytes between frames. */
  #noting(context: DrainContext): DrainContext {
    const { sink } = context;
    const { replies } = this.options;
    const push: DrainContext["sink"]["push"] = (buffer, start, end, frames, arrivedUs) => {
      const until = sink.push(buffer, start, end, frames, arrivedUs);
      add(this.#received, frames, end - start);
      replies?.received(frames, until);
      this.#owed?.received();
      return until;
    };
    const passedOver = (bytes: Uint8Array) => this.#notePassedOver(bytes);
    return { ...context, passedOver, sink: { push, wantMemory: () => sink.wantMemory() } };
  }

  #notePassedOver(bytes: Uint8Array): void {
    const { ledger, log } = this.options;
    ledger.refuse("between", bytes.length);
    if (this.#passedOverBytes === 0) {
      const first = spacedHexOf(bytes.subarray(0, HEAD_BYTES));
      log.say("source_bytes_between", { peer: this.connection.peer, first_bytes: first });
    }
    this.#passedOverBytes += bytes.length;
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
      log.say("source_fault", {
        peer,
        found: end.detail,
        bytes_dropped: bytes,
        first_bytes: spacedHexOf(head),
      });
    } else if (end.stuck !== undefined) {
      ledger.refuse("stuck", bytes);
      log.say("source_stuck", {
        peer,
        bytes_held: end.stuck.bytesHeld,
        without_a_frame_ms: Math.round(end.stuck.stalledMs),
        waiting: end.stuck.waiting,
        bytes_dropped: bytes,
      });
    } else if (bytes > 0) {
      ledger.refuse("unfinished", bytes);
      log.say("source_unfinished", { peer, bytes_dropped: bytes });
    }
  }
}

/**
 * Reads what still arrives and drops it, until the peer's end of stream, at most
 * {@link DISCARD_MS}: to close with unread bytes would reset the connection, and
 * the peer would lose the replies. `lastRead` resolves when no other read is
 * under way. Resolves with the number of bytes that were dropped.
 */
async function discardIncoming(connection: Connection, clock: Clock, lastRead: Promise<void>): Promise<number> {
  const over = new AbortController();
  const timeout = clock.sleep(DISCARD_MS, over.signal).then(() => null);
  let bytes = 0;
  try {
    for (let count: number | null = await Promise.race([lastRead.then(() => 0), timeout]); count !== null;) {
      bytes += count;
      count = await Promise.race([connection.read(discarded), timeout]);
    }
    return bytes;
  } catch { // the peer is gone: it has read what it wanted to
    return bytes;
  } finally {
    over.abort();
  }
}
