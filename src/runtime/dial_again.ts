/** Connects to one of some addresses again and again, with backoff; for both sides of a route. */
import { Backoff } from "../base/backoff.ts";
import type { Clock, Random } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Address, Connection, Net } from "./net.ts";

export interface DialOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly address: Address;
  /** Tried where `address` cannot be reached, in this order; then `address` again. */
  readonly alternatives?: readonly Address[];
  readonly connectTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

interface Round {
  readonly isOver: boolean;
  readonly connection: Connection | undefined;
  readonly errors: readonly unknown[];
}

export class Dialler {
  readonly #backoff: Backoff;
  #first = true;
  #failing = "";

  /** `event` is said of an attempt that fails. Once `signal` is aborted it connects no more. */
  constructor(
    private readonly options: DialOptions,
    private readonly event: "source_unreachable" | "target_unreachable",
    private readonly signal: AbortSignal,
  ) {
    const { retryMinMs: minMs, retryMaxMs: maxMs, random } = options;
    this.#backoff = new Backoff({ minMs, maxMs, random });
  }

  /**
   * The next connection, to the first address that can be reached, however many
   * rounds over all of them it takes, with exponential backoff before each but the
   * very first; undefined once stopped. `failed` is called after each attempt that
   * failed, with what was thrown.
   */
  async next(failed: (error: unknown) => void = () => {}): Promise<Connection | undefined> {
    const { clock } = this.options;
    while (!this.signal.aborted) {
      if (!this.#first) await clock.sleep(this.#backoff.nextMs(), this.signal);
      if (this.signal.aborted) return undefined;
      this.#first = false;
      const round = await this.#dialEach(failed);
      if (round.connection !== undefined) this.#failing = "";
      else if (round.errors.length > 0) this.#report(round.errors.map(messageOf).join("; "));
      if (round.isOver) return round.connection;
    }
    return undefined;
  }

  /** One attempt for each address, until one succeeds or all is stopped: then it is over. */
  async #dialEach(failed: (error: unknown) => void): Promise<Round> {
    const { address, alternatives = [] } = this.options;
    const errors: unknown[] = [];
    for (const each of [address, ...alternatives]) {
      try {
        return { isOver: true, connection: await this.#dial(each), errors };
      } catch (error) {
        errors.push(error);
        failed(error);
      }
    }
    return { isOver: false, connection: undefined, errors };
  }

  /** One attempt; undefined once stopped. A connection that succeeds after that is closed at once. */
  async #dial(address: Address): Promise<Connection | undefined> {
    const { net, connectTimeoutMs } = this.options;
    const stopped = Promise.withResolvers<undefined>();
    const stop = () => stopped.resolve(undefined);
    this.signal.addEventListener("abort", stop);
    const dialled = net.connect(address, connectTimeoutMs);
    try {
      const connection = await Promise.race([dialled, stopped.promise]);
      if (connection !== undefined && !this.signal.aborted) return connection;
      dialled.then((late) => late.close(), () => {});
      return undefined;
    } finally {
      this.signal.removeEventListener("abort", stop);
    }
  }

  /** Why the last attempt failed; undefined if it did not. */
  get failing(): string | undefined {
    return this.#failing || undefined;
  }

  /** The last connection has made progress: the backoff starts over. */
  progressed(): void {
    this.#backoff.reset();
  }

  /** An outage is one line in the log, not one for each attempt. */
  #report(message: string): void {
    if (message === this.#failing) return;
    this.#failing = message;
    const { log, retryMaxMs } = this.options;
    log.say(this.event, { error: message, retry_max_ms: retryMaxMs });
  }
}
