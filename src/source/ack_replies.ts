/**
 * `source.reply`: the same bytes are written back to the producer for each frame
 * once it is safe. Frames that become safe together are acknowledged in one write.
 */
import { Condition } from "../base/condition.ts";
import { Deque } from "../base/deque.ts";
import type { Connection } from "../runtime/net.ts";
import { type ProducerReplies, ReplyWriter } from "./replies.ts";

/** Bytes of replies in one write at most, one longer reply apart. */
const WRITE_BYTES = 16 * 1024;

/** Knows of the frames of all connections in the order of their sequences, until they are safe. */
export class AckReplies {
  readonly #unsafe = new Deque<{ readonly to: ConnectionAcks; first: number; until: number }>();
  /** The reply many times, as large as one write. */
  readonly #repeated: Uint8Array;

  /** `reply` is written for each frame. */
  constructor(private readonly reply: Uint8Array) {
    const count = Math.max(1, Math.floor(WRITE_BYTES / reply.length));
    this.#repeated = new Uint8Array(count * reply.length);
    for (let i = 0; i < count; i++) this.#repeated.set(reply, i * reply.length);
  }

  /** The replies of a new connection. */
  for(connection: Connection): ConnectionAcks {
    const acks: ConnectionAcks = new ConnectionAcks(
      connection,
      this.reply.length,
      this.#repeated,
      (frames, until) => {
        const last = this.#unsafe.last();
        if (last?.to === acks && last.until === until - frames) last.until = until;
        else this.#unsafe.push({ to: acks, first: until - frames, until });
      },
    );
    return acks;
  }

  /** All frames below `end` are safe. */
  noteSafe(end: number): void {
    for (let next = this.#unsafe.first(); next !== undefined && next.first < end; next = this.#unsafe.first()) {
      const until = Math.min(next.until, end);
      next.to.noteSafe(until - next.first);
      next.first = until;
      if (until < next.until) return;
      this.#unsafe.shift();
    }
  }
}

export class ConnectionAcks implements ProducerReplies {
  readonly #writer: ReplyWriter;
  readonly #changed = new Condition();
  /** Frames that are not safe yet. */
  #unsafe = 0;
  /** Frames that are safe and have no reply yet. */
  #owed = 0;

  constructor(
    connection: Connection,
    private readonly replyBytes: number,
    /** The reply many times. */
    private readonly repeated: Uint8Array,
    /** Called with the frames that arrive. */
    private readonly onReceived: (frames: number, until: number) => void,
  ) {
    this.#writer = new ReplyWriter(connection);
  }

  received(frames: number, until: number): void {
    this.#unsafe += frames;
    this.onReceived(frames, until);
  }

  /** The next `frames` frames of this connection are safe. */
  noteSafe(frames: number): void {
    const isWriting = this.#owed > 0;
    this.#unsafe -= frames;
    this.#owed += frames;
    if (!isWriting) this.#writeOwed();
  }

  async nothingOwed(): Promise<void> {
    while (!this.#writer.ended && this.#unsafe + this.#owed > 0) await this.#changed.wait();
  }

  end(): void {
    this.#writer.end();
    this.#changed.notify();
  }

  async #writeOwed(): Promise<void> {
    while (this.#owed > 0 && !this.#writer.ended) {
      const count = Math.min(this.#owed, this.repeated.length / this.replyBytes);
      await this.#writer.write(this.repeated.subarray(0, count * this.replyBytes));
      this.#owed -= count;
    }
    this.#changed.notify();
  }
}
