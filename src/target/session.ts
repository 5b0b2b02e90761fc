/**
 * One connection to the consumer: sends what the outlet has, follows what is
 * confirmed, notices when the peer goes away.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { formatDuration } from "../base/duration.ts";
import { messageOf } from "../base/error.ts";
import { RESERVE_MS, type StopDeadline } from "../base/stop_deadline.ts";
import type { Connection } from "../runtime/net.ts";
import type { Confirmer } from "./confirmer.ts";
import type { SessionOutlet } from "./outlet.ts";
import type { Rate } from "./rate.ts";
import { watchStall } from "./stall.ts";

/** How often unconfirmed bytes are asked for while nothing is being written. */
const CONFIRM_MS = 10;

/** What the consumer sends is read in pieces of at most this much. */
const RECEIVE_BYTES = 16 * 1024;

export interface SessionOptions {
  readonly connection: Connection;
  readonly outlet: SessionOutlet;
  readonly confirmer: Confirmer;
  readonly clock: Clock;
  /** Undefined: as fast as it goes. */
  readonly rate: Rate | undefined;
  /** 0 = never. */
  readonly stallTimeoutMs: number;
  /** Does the connection go on when the consumer closes its sending side? */
  readonly halfClose: boolean;
}

export class Session {
  /** Aborted at the end. */
  readonly #over = new AbortController();
  /** Nothing more is to be sent. */
  #finishing = false;
  /** Notified when something is in flight. */
  readonly #flying = new Condition();
  #end!: (reason: string) => void;
  /** Resolves with the reason when the connection is at its end; `settle` comes next. */
  readonly ended: Promise<string>;
  readonly #pumped: Promise<void>;

  constructor(private readonly options: SessionOptions) {
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#receive();
    this.#followConfirmations();
    if (options.stallTimeoutMs > 0) this.#watchStall();
    this.#pumped = this.#pump();
  }

  get peer(): string {
    return this.options.connection.peer;
  }

  /** Was anything confirmed on this connection? */
  get progressed(): boolean {
    return this.options.confirmer.progressed;
  }

  /** How long what is in flight has been waiting without any of it being confirmed, in ms; 0 if nothing is in flight. */
  get stalledMs(): number {
    const { confirmer, clock } = this.options;
    return confirmer.inFlight ? clock.monotonicMs() - confirmer.progressMs : 0;
  }

  /** Ends the connection. */
  end(reason: string): void {
    this.#over.abort();
    this.#flying.notify();
    this.options.confirmer.stop();
    this.options.outlet.interrupt();
    this.#end(reason);
  }

  /** For a clean stop: takes nothing new, waits as long as the deadline lets it until all that was taken is confirmed, ends. */
  async finish(deadline: StopDeadline): Promise<void> {
    const { clock, confirmer, outlet } = this.options;
    this.#finishing = true;
    outlet.interrupt();
    const mayWait = () => !deadline.hurried.aborted && deadline.leftMs(RESERVE_MS.inFlight) > 0;
    while (!this.#isOver && outlet.framesInFlight > 0 && mayWait()) {
      await clock.sleep(CONFIRM_MS, deadline.hurried);
      confirmer.follow();
    }
    this.end("stopping");
  }

  /**
   * After the end: closes the connection and tells the outlet how far it got.
   * Returns how many frames may have arrived besides.
   */
  async settle(): Promise<number> {
    const { connection, confirmer } = this.options;
    confirmer.follow();
    connection.close();
    await this.#pumped;
    return await confirmer.settle();
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #pump(): Promise<void> {
    const { outlet, confirmer } = this.options;
    try {
      for (;;) {
        const room = await confirmer.room();
        if (room === 0) return;
        const outgoing = await outlet.next(room);
        if (this.#isOver) return outgoing?.release();
        if (outgoing === undefined) {
          if (this.#finishing) return;
          // Interrupted to go back: the confirmer knows when.
          continue;
        }
        confirmer.handedOut();
        this.#flying.notify();
        try {
          await this.#writeAll(outgoing.bytes);
        } finally {
          outgoing.release();
        }
      }
    } catch (error) {
      this.end(messageOf(error));
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const { connection, confirmer, rate } = this.options;
    for (let from = 0; from < bytes.length;) {
      const granted = rate === undefined
        ? bytes.length
        : from + await rate.take(bytes.length - from, this.#over.signal);
      // What waits for the rate when the connection ends would arrive, and be sent again.
      if (rate !== undefined && this.#isOver) return rate.giveBack(granted - from);
      const count = await connection.write(
        from === 0 && granted === bytes.length ? bytes : bytes.subarray(from, granted),
      );
      from += count;
      if (from < granted) rate?.giveBack(granted - from);
      confirmer.wrote(count);
      this.#flying.notify();
    }
  }

  async #followConfirmations(): Promise<void> {
    const { confirmer, clock } = this.options;
    while (!this.#isOver) {
      if (confirmer.inFlight) await clock.sleep(CONFIRM_MS);
      else await this.#flying.wait();
      const reason = this.#isOver ? undefined : confirmer.follow();
      if (reason !== undefined) this.end(reason);
    }
  }

  /** Keeps a read outstanding: also so that a peer that goes away is noticed while we write, or are idle. */
  async #receive(): Promise<void> {
    const { connection, confirmer, halfClose } = this.options;
    const bytes = new Uint8Array(RECEIVE_BYTES);
    try {
      for (let count = await connection.read(bytes); count !== null; count = await connection.read(bytes)) {
        await confirmer.received(bytes.subarray(0, count));
      }
      if (!halfClose && !this.#isOver) this.end("the consumer closed the connection");
    } catch (error) {
      if (!this.#isOver) this.end(messageOf(error));
    }
  }

  async #watchStall(): Promise<void> {
    const { connection, clock, stallTimeoutMs, confirmer } = this.options;
    const { signal } = this.#over;
    const inFlight = () => confirmer.inFlight;
    if (!await watchStall({ connection, clock, timeoutMs: stallTimeoutMs, signal, inFlight })) return;
    this.end(`no answer from the consumer's kernel for ${formatDuration(stallTimeoutMs)} (stall_timeout)`);
  }
}
