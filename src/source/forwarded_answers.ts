/**
 * `replies = "forward"`: the consumer's own bytes go to the producer. With
 * `confirm = "reply"` they are answers to frames, and a producer gets those to
 * its own frames alone: what an earlier connection sent is not its business.
 */
import { Condition } from "../base/condition.ts";
import type { Connection } from "../runtime/net.ts";
import { type Answers, AnswerWriter } from "./answers.ts";

/** After the producer's end of stream: nothing is waited for once its frames are confirmed and nothing came for so long. */
const QUIET_MS = 1000;

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

  constructor(connection: Connection) {
    this.#writer = new AnswerWriter(connection);
  }

  received(frames: number, until: number): void {
    this.#first = Math.min(this.#first, until - frames);
    this.#until = until;
    this.#lastMs = undefined;
    this.#quiet = false;
  }

  /** Bytes of the consumer, an answer to frame `sequence` if that is known. Resolves when the kernel has them. */
  async forward(bytes: Uint8Array, sequence: number | undefined, nowMs: number): Promise<void> {
    if (sequence !== undefined && sequence < this.#first) return;
    this.#lastMs = nowMs;
    await this.#writer.write(bytes);
    if (sequence !== undefined) this.#answered = sequence + 1;
    this.#changed.notify();
  }

  /** Called about once a second; `confirmed` is the route's first unconfirmed frame. */
  check(confirmed: number, nowMs: number): void {
    if (confirmed < this.#until || this.#lastMs === undefined) this.#lastMs = nowMs;
    this.#quiet = nowMs - this.#lastMs >= QUIET_MS;
    if (this.#quiet) this.#changed.notify();
  }

  async settled(): Promise<void> {
    while (!this.#writer.over && this.#answered < this.#until && !this.#quiet) await this.#changed.wait();
  }

  end(): void {
    this.#writer.end();
    this.#changed.notify();
  }
}
