/** Dials the consumer, again and again, with exponential backoff between attempts. */
import { Backoff } from "../base/backoff.ts";
import type { Clock, Random } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Address, Connection, Net } from "../runtime/net.ts";
import type { Supply } from "./supply.ts";

export interface DialOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly address: Address;
  readonly connectTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export class DialSupply implements Supply {
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #first = true;
  #failing = "";

  constructor(private readonly options: DialOptions) {
    const { retryMinMs: minMs, retryMaxMs: maxMs, random } = options;
    this.#backoff = new Backoff({ minMs, maxMs, random });
  }

  async next(lost: () => void): Promise<Connection | undefined> {
    const { clock, net, address, connectTimeoutMs } = this.options;
    while (!this.#stopping.signal.aborted) {
      if (!this.#first) await clock.sleep(this.#backoff.nextMs(), this.#stopping.signal);
      if (this.#stopping.signal.aborted) return undefined;
      this.#first = false;
      try {
        const connection = await net.connect(address, connectTimeoutMs);
        this.#failing = "";
        if (!this.#stopping.signal.aborted) return connection;
        connection.close();
      } catch (error) {
        this.#report(messageOf(error));
        lost();
      }
    }
    return undefined;
  }

  serving(): void {}

  ended(progressed: boolean): void {
    if (progressed) this.#backoff.reset();
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return Promise.resolve();
  }

  /** An outage is one line in the log, not one for each attempt. */
  #report(message: string): void {
    if (message === this.#failing) return;
    this.#failing = message;
    this.options.log.warn("cannot connect to the target, trying again", {
      error: message,
      retry_max_ms: this.options.retryMaxMs,
    });
  }
}
