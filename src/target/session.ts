/**
 * One connection to the consumer: sends what the outlet has, follows what is
 * confirmed, notices when the peer goes away.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { messageOf } from "../base/error.ts";
import type { Connection } from "../runtime/net.ts";
import type { Outlet } from "../spool/outlet.ts";
import { confirmedPosition, type ConfirmMode } from "./confirmation.ts";

/** How often unconfirmed bytes are asked for while nothing is being written. */
const CONFIRM_MS = 10;

/** Replies of the consumer are read into this much and discarded. */
const REPLY_BYTES = 4096;

export interface SessionOptions {
  readonly connection: Connection;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly confirm: ConfirmMode;
  /** Does the connection go on when the consumer closes its sending side? */
  readonly halfClose: boolean;
}

export class Session {
  #written = 0;
  #confirmed = 0;
  #confirmedMs: number;
  readonly #mode: ConfirmMode;
  #over = false;
  /** Notified when bytes are in flight again. */
  readonly #flying = new Condition();
  #end!: (reason: string) => void;
  /** Resolves with the reason when the connection is at its end; `settle` comes next. */
  readonly ended: Promise<string>;
  readonly #pumped: Promise<void>;

  constructor(private readonly options: SessionOptions) {
    this.#mode = usableMode(options);
    this.#confirmedMs = options.clock.monotonicMs();
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#watchPeer();
    this.#followConfirmations();
    this.#pumped = this.#pump();
  }

  get peer(): string {
    return this.options.connection.peer;
  }

  /** Bytes written and not confirmed. */
  get inFlightBytes(): number {
    return this.#written - this.#confirmed;
  }

  /** Was anything confirmed on this connection? */
  get progressed(): boolean {
    return this.#confirmed > 0;
  }

  /** How long bytes in flight have been waiting without any being confirmed, in ms; 0 if none are in flight. */
  get stalledMs(): number {
    return this.inFlightBytes === 0 ? 0 : this.options.clock.monotonicMs() - this.#confirmedMs;
  }

  /** Ends the connection. */
  end(reason: string): void {
    this.#over = true;
    this.#flying.notify();
    this.options.outlet.interrupt();
    this.#end(reason);
  }

  /** For a clean stop: takes nothing new, waits at most `ms` until all that was taken is confirmed, ends. */
  async finish(ms: number): Promise<void> {
    const { clock, outlet } = this.options;
    const deadline = clock.monotonicMs() + ms;
    outlet.interrupt();
    while (!this.#over && this.#confirmed < outlet.position && clock.monotonicMs() < deadline) {
      await clock.sleep(CONFIRM_MS);
      this.#follow();
    }
    this.end("stopping");
  }

  /** After the end: closes the connection and tells the outlet exactly how far it got. */
  async settle(): Promise<void> {
    const { connection, outlet } = this.options;
    this.#follow();
    connection.close();
    await this.#pumped;
    await outlet.settle(this.#confirmed);
  }

  async #pump(): Promise<void> {
    const { outlet, connection } = this.options;
    try {
      for (;;) {
        const outgoing = await outlet.next();
        if (outgoing === undefined) return;
        try {
          await this.#writeAll(connection, outgoing.bytes);
        } finally {
          outgoing.release();
        }
      }
    } catch (error) {
      this.end(messageOf(error));
    }
  }

  async #writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const count = await connection.write(from === 0 ? bytes : bytes.subarray(from));
      if (this.inFlightBytes === 0) {
        this.#confirmedMs = this.options.clock.monotonicMs();
        this.#flying.notify();
      }
      this.#written += count;
      from += count;
      this.#follow();
    }
  }

  /** Moves the confirmed position to where it is now. */
  #follow(): void {
    if (this.inFlightBytes === 0) return;
    const { connection, clock, outlet } = this.options;
    const position = confirmedPosition(connection, this.#mode, this.#written);
    // Closed meanwhile: the last known value counts.
    if (position === undefined) return;
    if (position <= this.#confirmed) return;
    this.#confirmed = position;
    this.#confirmedMs = clock.monotonicMs();
    if (!this.#over) outlet.confirm(position);
  }

  async #followConfirmations(): Promise<void> {
    while (!this.#over) {
      if (this.inFlightBytes === 0) await this.#flying.wait();
      else await this.options.clock.sleep(CONFIRM_MS);
      if (!this.#over) this.#follow();
    }
  }

  /** Keeps a read outstanding: only so a peer that goes away is noticed while we write, or are idle. */
  async #watchPeer(): Promise<void> {
    const { connection, halfClose } = this.options;
    const replies = new Uint8Array(REPLY_BYTES);
    try {
      while (await connection.read(replies) !== null);
      if (!halfClose && !this.#over) this.end("the consumer closed the connection");
    } catch (error) {
      if (!this.#over) this.end(messageOf(error));
    }
  }
}

/** Asked before the first write: later "cannot tell" must mean "no news", never "all of it". */
function usableMode({ connection, confirm }: SessionOptions): ConfirmMode {
  return confirm === "acked" && connection.unacknowledgedBytes() === undefined ? "written" : confirm;
}
