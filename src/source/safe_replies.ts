/**
 * `source.reply`: the same bytes back to the producer for each frame once it is
 * safe. Many frames that become safe together are answered in one write.
 */
import { Condition } from "../base/condition.ts";
import { Deque } from "../base/deque.ts";
import type { Connection } from "../runtime/net.ts";
import { type Answers, AnswerWriter } from "./answers.ts";

/** So many bytes of replies go out in one write, or one longer reply. */
const WRITE_BYTES = 16 * 1024;

/** The frames of all connections in the order of their sequences, until they are safe. */
export class SafeReplies {
  readonly #waiting = new Deque<{ readonly to: ConnectionReplies; first: number; until: number }>();
  readonly #many: Uint8Array;

  /** `reply` is what to say for each frame. */
  constructor(private readonly reply: Uint8Array) {
    const count = Math.max(1, Math.floor(WRITE_BYTES / reply.length));
    this.#many = new Uint8Array(count * reply.length);
    for (let i = 0; i < count; i++) this.#many.set(reply, i * reply.length);
  }

  /** For a new connection. */
  for(connection: Connection): ConnectionReplies {
    const replies: ConnectionReplies = new ConnectionReplies(
      connection,
      this.reply.length,
      this.#many,
      (frames, until) => {
        const last = this.#waiting.last();
        if (last?.to === replies && last.until === until - frames) last.until = until;
        else this.#waiting.push({ to: replies, first: until - frames, until });
      },
    );
    return replies;
  }

  /** Frames below `end` are safe. */
  safe(end: number): void {
    for (let next = this.#waiting.first(); next !== undefined && next.first < end; next = this.#waiting.first()) {
      const until = Math.min(next.until, end);
      next.to.safe(until - next.first);
      next.first = until;
      if (until < next.until) return;
      this.#waiting.shift();
    }
  }
}

export class ConnectionReplies implements Answers {
  readonly #writer: AnswerWriter;
  readonly #changed = new Condition();
  /** Frames that are not safe yet. */
  #unsafe = 0;
  /** Frames that are, and have no reply yet. */
  #owed = 0;

  constructor(
    connection: Connection,
    private readonly replyBytes: number,
    /** The reply, several times. */
    private readonly many: Uint8Array,
    private readonly note: (frames: number, until: number) => void,
  ) {
    this.#writer = new AnswerWriter(connection);
  }

  received(frames: number, until: number): void {
    this.#unsafe += frames;
    this.note(frames, until);
  }

  safe(frames: number): void {
    const idle = this.#owed === 0;
    this.#unsafe -= frames;
    this.#owed += frames;
    if (idle) this.#pay();
  }

  async settled(): Promise<void> {
    while (!this.#writer.over && this.#unsafe + this.#owed > 0) await this.#changed.wait();
  }

  end(): void {
    this.#writer.end();
    this.#changed.notify();
  }

  async #pay(): Promise<void> {
    while (this.#owed > 0 && !this.#writer.over) {
      const count = Math.min(this.#owed, this.many.length / this.replyBytes);
      await this.#writer.write(this.many.subarray(0, count * this.replyBytes));
      this.#owed -= count;
    }
    this.#changed.notify();
  }
}
