/**
 * `replies = "forward"`: the consumer's bytes are written to every connected
 * producer, of which there is one as a rule. With `confirm = "reply"` they are
 * replies to frames, and each producer gets those to its own frames alone.
 *
 * What a producer does not read waits in memory up to a limit. Beyond the limit
 * the consumer's replies are not taken, see `isReady`, and after a while the log
 * names the producer that delivery waits for.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../runtime/net.ts";
import { type ProducerReplies, ReplyWriter } from "./replies.ts";

/** After the producer's end of stream, with its frames confirmed: this long without a reply, in ms, ends the waiting. */
const QUIET_MS = 1000;

/** Bytes that wait for a producer that does not read, one reply more apart; with little memory, this share of it. */
const WAITING_BYTES_MAX = 64 * 1024;
const WAITING_SHARE = 1 / 32;

/** The least that is taken from the pool at a time. */
const BUFFER_BYTES_MIN = 4096;

/** A producer that has not read its replies for this long, in ms, is logged. */
const HELD_UP_MS = 1000;

/** All producers that the consumer's bytes go to. */
export class Forwarding {
  readonly #producers = new Set<ForwardedReplies>();
  /** Notified when a producer has read what was forwarded, or is gone. */
  readonly #roomAgain = new Condition();

  constructor(private readonly clock: Clock) {}

  /** For a new producer's connection, until its `end`. */
  join(options: Omit<ForwardedRepliesOptions, "onRoom" | "onEnd">): ForwardedReplies {
    const replies: ForwardedReplies = new ForwardedReplies({
      ...options,
      onRoom: () => this.#roomAgain.notify(),
      onEnd: () => this.#producers.delete(replies),
    });
    this.#producers.add(replies);
    return replies;
  }

  /** May `forward` be called? True where there is no producer: the bytes are dropped then. */
  get isReady(): boolean {
    for (const each of this.#producers) if (!each.isReady) return false;
    return true;
  }

  /** Resolves when `isReady` may have changed. */
  changed(): Promise<void> {
    return this.#roomAgain.wait();
  }

  /** Bytes of the consumer, a reply to frame `sequence` if that is known. Takes a copy. */
  forward(bytes: Uint8Array, sequence: number | undefined): void {
    for (const each of this.#producers) each.forward(bytes, sequence);
  }

  /** How long delivery has been waiting for a producer that does not read its replies, in ms; undefined if it does not. */
  get heldUpMs(): number | undefined {
    for (const { heldUpSinceMs } of this.#producers) {
      if (heldUpSinceMs !== undefined) return this.clock.monotonicMs() - heldUpSinceMs;
    }
    return undefined;
  }

  /** Called about once a second; `confirmed` is the route's first unconfirmed frame. */
  check(confirmed: number, nowMs: number): void {
    for (const each of this.#producers) each.check(confirmed, nowMs);
  }
}

export interface ForwardedRepliesOptions {
  readonly connection: Connection;
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
  /** Called when nothing more is forwarded. */
  readonly onEnd: () => void;
}

/** What is forwarded to one producer. One buffer is being written while another is filled. */
export class ForwardedReplies implements ProducerReplies {
  readonly #writer: ReplyWriter;
  readonly #changed = new Condition();
  /** Sequences of the frames that arrived on this connection: [first, until). */
  #first = Number.POSITIVE_INFINITY;
  #until = 0;
  /** Frames before this one have their reply. */
  #repliedUntil = 0;
  /** When a frame or a reply last arrived or a frame was unconfirmed; undefined until the next `check`. */
  #lastMs: number | undefined;
  #isQuiet = false;
  /** What is to be written next: the buffer and how far it is filled. */
  #waiting: PooledBuffer | undefined;
  #fill = 0;
  /** Bytes of the buffer that is being written. */
  #writingBytes = 0;
  /** A buffer that has been written, for what comes next. */
  #spare: PooledBuffer | undefined;
  /** Since when there has been no room, on the monotonic clock. */
  #heldUpMs: number | undefined;
  #isHeldUpLogged = false;
  readonly #waitingBytesMax: number;

  constructor(private readonly options: ForwardedRepliesOptions) {
    this.#writer = new ReplyWriter(options.connection);
    this.#waitingBytesMax = Math.min(WAITING_BYTES_MAX, options.pool.maxBytes * WAITING_SHARE);
  }

  /** Is there room for more? */
  get isReady(): boolean {
    return this.#writer.ended || this.#waitingBytes < this.#waitingBytesMax;
  }

  /** Since when delivery has been waiting for this producer, on the monotonic clock; undefined if it does not. */
  get heldUpSinceMs(): number | undefined {
    return this.#heldUpMs;
  }

  received(frames: number, until: number): void {
    this.#first = Math.min(this.#first, until - frames);
    this.#until = until;
    this.#lastMs = undefined;
    this.#isQuiet = false;
  }

  /** As {@link Forwarding.forward}; takes the bytes even where there is no room. */
  forward(bytes: Uint8Array, sequence: number | undefined): void {
    if (this.#writer.ended || (sequence !== undefined && sequence < this.#first)) return;
    this.#lastMs = this.options.clock.monotonicMs();
    this.#keep(bytes);
    if (sequence !== undefined) this.#repliedUntil = sequence + 1;
    if (!this.isReady) this.#heldUpMs ??= this.#lastMs;
    if (this.#writingBytes === 0) this.#writeAll();
  }

  /** As {@link Forwarding.check}. */
  check(confirmed: number, nowMs: number): void {
    if (confirmed < this.#until || this.#lastMs === undefined) this.#lastMs = nowMs;
    this.#isQuiet = nowMs - this.#lastMs >= QUIET_MS;
    if (this.#isQuiet) this.#changed.notify();
    if (this.#heldUpMs !== undefined && nowMs - this.#heldUpMs >= HELD_UP_MS) this.#logHeldUp();
  }

  async nothingOwed(): Promise<void> {
    const isOwed = () => this.#waitingBytes > 0 || (this.#repliedUntil < this.#until && !this.#isQuiet);
    while (!this.#writer.ended && isOwed()) await this.#changed.wait();
  }

  end(): void {
    this.#writer.end();
    this.#releaseBuffers();
    this.#noteRoom();
    this.#changed.notify();
    this.options.onEnd();
  }

  get #waitingBytes(): number {
    return this.#fill + this.#writingBytes;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#fill + bytes.length;
    const from = this.#waiting ??= this.#takeSpare();
    if (from === undefined || needed > from.bytes.length) {
      const capacity = Math.max(BUFFER_BYTES_MIN, 2 ** Math.ceil(Math.log2(needed)));
      // Bounded by `isReady`; waiting for memory here would hold up the consumer.
      this.#waiting = this.options.pool.takeReserved(capacity, true)!;
      if (from !== undefined) this.#waiting.bytes.set(from.bytes.subarray(0, this.#fill));
      from?.release();
    }
    this.#waiting!.bytes.set(bytes, this.#fill);
    this.#fill = needed;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== undefined) {
      const buffer = this.#waiting;
      this.#waiting = undefined;
      this.#writingBytes = this.#fill;
      this.#fill = 0;
      await this.#writer.write(buffer.bytes.subarray(0, this.#writingBytes));
      this.#writingBytes = 0;
      if (this.#spare === undefined) this.#spare = buffer;
      else buffer.release();
      if (this.#writer.ended) this.#releaseBuffers();
      this.#noteRoom();
    }
    this.#changed.notify();
  }

  #takeSpare(): PooledBuffer | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #releaseBuffers(): void {
    this.#waiting?.release();
    this.#takeSpare()?.release();
    this.#waiting = undefined;
    this.#fill = 0;
  }

  #logHeldUp(): void {
    if (this.#isHeldUpLogged) return;
    this.#isHeldUpLogged = true;
    this.options.log.say("replies_held_up", {
      peer: this.options.connection.peer,
      waiting_bytes: this.#waitingBytes,
    });
  }

  #noteRoom(): void {
    const { clock, log, connection, onRoom } = this.options;
    if (this.#heldUpMs !== undefined && this.isReady) {
      const forMs = Math.round(clock.monotonicMs() - this.#heldUpMs);
      if (this.#isHeldUpLogged) {
        log.say("replies_held_up_ended", { peer: connection.peer, for_ms: forMs });
      }
      this.#heldUpMs = undefined;
      this.#isHeldUpLogged = false;
    }
    onRoom();
  }
}
