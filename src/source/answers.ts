/** What is said back to one producer, and how long it has to be waited for. */
import type { Connection } from "../runtime/net.ts";

export interface Answers {
  /** `frames` frames came in on this connection, up to sequence `until`. */
  received(frames: number, until: number): void;
  /** Resolves when nothing more is to be said for what came in, or nobody is there to hear it. */
  settled(): Promise<void>;
  /** The connection is closed or about to be: nothing more is said. */
  end(): void;
}

/** Writes to a producer, one after the other. One that is gone ends them quietly: its reader says what happened. */
export class AnswerWriter {
  #last: Promise<void> = Promise.resolve();
  #over = false;

  constructor(private readonly connection: Connection) {}

  get over(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
  }

  /** Resolves when the kernel has the bytes, or there is nobody to send them to. The caller leaves them alone until then. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#last = this.#last.then(() => this.#writeAll(bytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.length && !this.#over;) from += await this.connection.write(bytes.subarray(from));
    } catch {
      this.#over = true;
    }
  }
}
