/** What is written back to one producer: the contract, the writer, and whether anything is still owed. */
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../runtime/net.ts";

export interface ProducerReplies {
  /** `frames` frames arrived on this connection; `until` is the sequence after the last of them. */
  received(frames: number, until: number): void;
  /** Resolves when no reply is owed any more for what arrived, or none can be written any more. */
  nothingOwed(): Promise<void>;
  /** The connection is closed or about to be: nothing more is written. */
  end(): void;
}

/** Writes to a producer, one write after the other. A lost connection ends it without an error: the reader reports it. */
export class ReplyWriter {
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(private readonly connection: Connection) {}

  /** Nothing more is written. */
  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
  }

  /** Resolves when the kernel has the bytes, or they cannot be written any more. They must not change until then. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#last = this.#last.then(() => this.#writeAll(bytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.length && !this.#ended;) {
        from += await this.connection.write(bytes.subarray(from));
      }
    } catch {
      this.#ended = true;
    }
  }
}

/** Tells at any time whether replies are owed, by waiting for {@link ProducerReplies.nothingOwed} all the time. */
export class OwedReplies {
  /** Is a reply owed now? */
  areOwed = false;
  /** Has one ever been? The last of them may still be on its way. */
  haveBeenOwed = false;
  /** When one was last owed, on the monotonic clock. */
  lastOwedMs: number;
  #hasGrown = false;

  constructor(private readonly replies: ProducerReplies, private readonly clock: Clock) {
    this.lastOwedMs = clock.monotonicMs();
  }

  /** Frames arrived, and the replies have been told of them. */
  received(): void {
    this.#hasGrown = this.haveBeenOwed = true;
    if (this.areOwed) return;
    this.areOwed = true;
    this.#follow();
  }

  async #follow(): Promise<void> {
    while (this.#hasGrown) {
      this.#hasGrown = false;
      await this.replies.nothingOwed();
    }
    this.areOwed = false;
    this.lastOwedMs = this.clock.monotonicMs();
  }
}
