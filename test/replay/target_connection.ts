/** A connection to a target whose kernel acknowledges what a test says, and that a test can reset. */
import { Condition } from "../../src/base/condition.ts";
import { SystemError } from "../../src/base/error.ts";
import type { Connection, PeerWindow } from "../../src/runtime/net.ts";
import type { VirtualClock } from "../support/virtual_clock.ts";

export class TargetConnection implements Connection {
  readonly local = "here:1";
  readonly peer = "there:2";
  readonly readAheadBytes = 0;
  readonly acknowledgesReading = false;
  text = "";
  /** The writes: when, and how many bytes. */
  readonly writes: { readonly atMs: number; readonly bytes: number }[] = [];
  closed = false;
  finished = false;
  #lost = false;
  #answers: Uint8Array[] = [];
  readonly #changed = new Condition();

  /**
   * `acknowledges`: its kernel acknowledges at most this many bytes. `lasts`: it is
   * reset when this many bytes are written. `stays`: it does not close its side
   * when we close ours. `unread`: its program reads nothing.
   */
  constructor(
    private readonly clock: VirtualClock,
    private readonly limits: {
      readonly acknowledges?: number;
      readonly lasts?: number;
      readonly stays?: boolean;
      readonly unread?: boolean;
    } = {},
  ) {}

  get bytes(): number {
    return this.text.length;
  }

  /** The consumer sends `text`. */
  answer(text: string): void {
    this.#answers.push(new TextEncoder().encode(text));
    this.#changed.notify();
  }

  cut(): void {
    this.#lost = true;
    this.#changed.notify();
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.closed) throw new SystemError("EBADF", "read", this.peer);
      const answer = this.#answers.shift();
      if (answer !== undefined) {
        into.set(answer);
        return answer.length;
      }
      if (this.#lost) throw new SystemError("ECONNRESET", "read", this.peer);
      if (this.finished && !this.limits.stays) return null;
      await this.#changed.wait();
    }
  }

  arrivedBytes(): undefined {}

  pause(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    const { lasts = Number.POSITIVE_INFINITY } = this.limits;
    const taken = Math.min(bytes.length, lasts - this.bytes);
    if (taken <= 0 || this.#lost) {
      this.cut();
      throw new SystemError("ECONNRESET", "write", this.peer);
    }
    this.text += new TextDecoder("latin1").decode(bytes.subarray(0, taken));
    this.writes.push({ atMs: this.clock.nowMs, bytes: taken });
    return taken;
  }

  closeWrite(): Promise<void> {
    this.finished = true;
    this.#changed.notify();
    return Promise.resolve();
  }

  unacknowledgedBytes(): number | undefined {
    if (this.closed) return undefined;
    return Math.max(0, this.bytes - (this.limits.acknowledges ?? Number.POSITIVE_INFINITY));
  }

  peerWindow(): PeerWindow | undefined {
    if (this.limits.unread !== true) return undefined;
    return {
      bytes: 65_535 - this.bytes,
      scale: 0,
      notSentBytes: 0,
      segmentsSent: 1,
      limitedMs: 0,
      isReset: this.#lost,
    };
  }

  unanswered(): boolean | undefined {
    return false;
  }

  holdForReset(): undefined {}

  close(): void {
    this.closed = true;
    this.#changed.notify();
  }
}
