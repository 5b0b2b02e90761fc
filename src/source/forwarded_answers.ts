/**
 * `replies = "forward"`: the consumer's own bytes go to the producer. With
 * `confirm = "reply"` they are answers to frames, and a producer gets those to
 * its own frames alone: what an earlier connection sent is not its business.
 *
 * What the producer does not read waits here, up to a limit. Beyond that the
 * consumer's answers are not taken, see `isReady`, and after a while the log
 * says whose fault that is.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../runtime/net.ts";
import { type Answers, AnswerWriter } from "./answers.ts";

/** After the producer's end of stream: nothing is waited for once its frames are confirmed and nothing came for so long. */
const QUIET_MS = 1000;

/** So many bytes, and one answer more, wait for a producer that does not read; of a small memory that share. */
const WAITING_BYTES_MAX = 64 * 1024;
const WAITING_SHARE = 1 / 32;

/** The least that is taken from the pool at a time. */
const BUFFER_BYTES_MIN = 4096;

/** The log says that a producer does not read its answers when this has lasted so long. */
const HELD_UP_MS = 1000;

export interface ForwardedAnswersOptions {
  readonly connection: Connection;
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
}

export class ForwardedAnswers implements Answers {
  readonly #writer: AnswerWriter;
  readonly #changed = new Condition();
  /** Sequences of the frames that came on this connection: [first, until). */
  #first = Number.POSITIVE_INFINITY;
  #until = 0;
  /** Frames before this one have been answered. */
  #answered = 0;
  /** When something last happened, as far as `check` knows. */
  #lastMs: number | undefined;
  #quiet = false;
  /** What is to be written next: the buffer and how far it is filled. */
  #waiting: PooledBuffer | undefined;
  #fill = 0;
  /** Bytes of the buffer that is being written. */
  #writingBytes = 0;
  /** Since when there has been no room. */
  #heldUpMs: number | undefined;
  #isHeldUpLogged = false;
  /** What was written last, for what comes next. */
  #spare: PooledBuffer | undefined;
  readonly #waitingBytesMax: number;

  constructor(private readonly options: ForwardedAnswersOptions) {
    this.#writer = new AnswerWriter(options.connection);
    this.#waitingBytesMax = Math.min(WAITING_BYTES_MAX, options.pool.maxBytes * WAITING_SHARE);
  }

  /** Is there room for more? */
  get isReady(): boolean {
    return this.#writer.over || this.#waitingBytes < this.#waitingBytesMax;
  }

  /** Since when the producer has not read what is there for it, on the monotonic clock, so that delivery waits; undefined if it does not. */
  get heldUpSinceMs(): number | undefined {
    return this.#heldUpMs;
  }

  received(frames: number, until: number): void {
    this.#first = Math.min(this.#first, until - frames);
    this.#until = until;
    this.#lastMs = undefined;
    this.#quiet = false;
  }

  /** Bytes of the consumer, an answer to frame `sequence` if that is known. Takes a copy; also where there is no room. */
  forward(bytes: Uint8Array, sequence: number | undefined): void {
    if (this.#writer.over || (sequence !== undefined && sequence < this.#first)) return;
    this.#lastMs = this.options.clock.monotonicMs();
    this.#keep(bytes);
    if (sequence !== undefined) this.#answered = sequence + 1;
    if (!this.isReady) this.#heldUpMs ??= this.#lastMs;
    if (this.#writingBytes === 0) this.#writeAll();
  }

  /** Called about once a second; `confirmed` is the route's first unconfirmed frame. */
  check(confirmed: number, nowMs: number): void {
    if (confirmed < this.#until || this.#lastMs === undefined) this.#lastMs = nowMs;
    this.#quiet = nowMs - this.#lastMs >= QUIET_MS;
    if (this.#quiet) this.#changed.notify();
    if (this.#heldUpMs !== undefined && nowMs - this.#heldUpMs >= HELD_UP_MS) this.#logHeldUp();
  }

  async settled(): Promise<void> {
    while (!this.#writer.over && (this.#waitingBytes > 0 || (this.#answered < this.#until && !this.#quiet))) {
      await this.#changed.wait();
    }
  }

  end(): void {
    this.#writer.end();
    this.#drop();
    this.#roomAgain();
    this.#changed.notify();
  }

  get #waitingBytes(): number {
    return this.#fill + this.#writingBytes;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#fill + bytes.length;
    const from = this.#waiting ??= this.#takeSpare();
    if (from === undefined || needed > from.bytes.length) {
      const capacity = Math.max(BUFFER_BYTES_MIN, 2 ** Math.ceil(Math.log2(needed)));
      // Bounded by `isReady`, and never to be waited for.
      this.#waiting = this.options.pool.takeReserved(capacity, true)!;
      if (from !== undefined) this.#waiting.bytes.set(from.bytes.subarray(0, this.#fill));
      from?.release();
    }
    this.#waiting!.bytes.set(bytes, this.#fill);
    this.#fill = needed;
  }

  /** One buffer is being written while the next one fills: nobody moves the bytes of a write. */
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
      if (this.#writer.over) this.#drop();
      this.#roomAgain();
    }
    this.#changed.notify();
  }

  #takeSpare(): PooledBuffer | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #drop(): void {
    this.#waiting?.release();
    this.#takeSpare()?.release();
    this.#waiting = undefined;
    this.#fill = 0;
  }

  #logHeldUp(): void {
    if (this.#isHeldUpLogged) return;
    this.#isHeldUpLogged = true;
    this.options.log.warn("a producer does not read its answers, delivery waits for it", {
      peer: this.options.connection.peer,
      waiting_bytes: this.#waitingBytes,
    });
  }

  #roomAgain(): void {
    const { clock, log, connection, onRoom } = this.options;
    if (this.#heldUpMs !== undefined && this.isReady) {
      const forMs = Math.round(clock.monotonicMs() - this.#heldUpMs);
      if (this.#isHeldUpLogged) {
        log.info("delivery waits for the producer no more", { peer: connection.peer, for_ms: forMs });
      }
      this.#heldUpMs = undefined;
      this.#isHeldUpLogged = false;
    }
    onRoom();
  }
}
