/** Standard output as a connection, for `--to -`: what the system has taken is confirmed. There is no second connection. */
import { Condition } from "../base/condition.ts";
import { SystemError } from "../base/error.ts";
import type { Connection } from "../runtime/net.ts";
import type { Stdout } from "../runtime/output.ts";
import type { Connections } from "./replay.ts";

export class StdoutConnection implements Connection {
  readonly local = "standard output";
  readonly peer = "standard output";
  readonly readAheadBytes = 0;
  readonly acknowledgesReading = false;
  /** Why nothing more can be written. */
  failure: unknown;
  #ended = false;
  #closed = false;
  readonly #changed = new Condition();
  readonly #closing = Promise.withResolvers<never>();

  constructor(private readonly stdout: Stdout) {
    this.#closing.promise.catch(() => {}); // a failure for a write that waits; without one it must not count as unhandled
  }

  /** Never returns bytes; null once our side has ended. */
  async read(): Promise<number | null> {
    while (!this.#ended && !this.#closed) await this.#changed.wait();
    if (this.#closed) throw new SystemError("EBADF", "read", this.peer);
    return null;
  }

  arrivedBytes(): undefined {}

  pause(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    try {
      // The reader of a pipe may never read again: closing must not wait for it.
      await Promise.race([this.stdout.write(bytes), this.#closing.promise]);
      return bytes.length;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  closeWrite(): Promise<void> {
    this.#ended = true;
    this.#changed.notify();
    return Promise.resolve();
  }

  unacknowledgedBytes(): undefined {}

  peerWindow(): undefined {}

  unanswered(): undefined {}

  holdForReset(): undefined {}

  close(): void {
    this.#closed = true;
    this.#closing.reject(new SystemError("EBADF", "write", this.peer));
    this.#changed.notify();
  }
}

/** The only connection; the second call of `next` rejects with the reason why the first one ended. */
export function onlyStdout(stdout: Stdout): Connections {
  let first: StdoutConnection | undefined;
  return {
    next() {
      if (first !== undefined) return Promise.reject(first.failure);
      return Promise.resolve(first = new StdoutConnection(stdout));
    },
    progressed() {},
  };
}
