/** A connection whose incoming bytes a test supplies, piece by piece. */
import { Condition } from "../../src/base/condition.ts";
import { SystemError } from "../../src/base/error.ts";
import type { Connection, PeerWindow } from "../../src/runtime/net.ts";

export class ScriptedConnection implements Connection {
  readonly local = "127.0.0.1:1";
  readonly acknowledgesReading = false;
  /** How often the reader said that it would not read for a while. */
  pauses = 0;
  closed = false;
  /** Has FIN been sent? */
  writeClosed = false;
  /** What it says of its peer's kernel. */
  silent: boolean | undefined = false;
  /** Bytes that were written to it. */
  readonly written: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  #ended = false;
  readonly #changed = new Condition();

  constructor(readonly peer = "127.0.0.1:2") {}

  /** Bytes arrive; a read returns at most one such piece. */
  feed(...pieces: Uint8Array[]): void {
    this.#pieces.push(...pieces.filter((piece) => piece.length > 0));
    this.#changed.notify();
  }

  /** FIN arrives. */
  end(): void {
    this.#ended = true;
    this.#changed.notify();
  }

  get readAheadBytes(): number {
    return 0;
  }

  /** Bytes fed and not read. */
  get unread(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) throw new Error("a read into nothing");
    for (;;) {
      if (this.closed) throw new SystemError("EBADF", "read", this.peer);
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        const count = Math.min(piece.length, into.length);
        into.set(piece.subarray(0, count));
        if (count < piece.length) this.#pieces.unshift(piece.subarray(count));
        return count;
      }
      if (this.#ended) return null;
      await this.#changed.wait();
    }
  }

  arrivedBytes(): number | undefined {
    return this.unread;
  }

  pause(): void {
    this.pauses++;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    if (this.closed) return Promise.reject(new SystemError("EBADF", "shutdown", this.peer));
    this.writeClosed = true;
    return Promise.resolve();
  }

  unacknowledgedBytes(): number | undefined {
    return 0;
  }

  peerWindow(): PeerWindow | undefined {
    return undefined;
  }

  unanswered(): boolean | undefined {
    return this.silent;
  }

  holdForReset(): (() => void) | undefined {
    return undefined;
  }

  close(): void {
    this.closed = true;
    this.#changed.notify();
  }
}
