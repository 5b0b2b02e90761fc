/**
 * Lets consumers connect and serves one at a time.
 *
 * A further one waits and is sent nothing. It takes over when the connection
 * being served ends, or when what is in flight on that one has gone unconfirmed
 * for {@link TAKE_OVER_MS}: a consumer that reconnects before its old connection
 * was seen to die must not wait for a timeout of minutes.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import type { Address, Connection, Listener, Net } from "../runtime/net.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Networks } from "../runtime/networks.ts";
import type { ConsumerConnections } from "./consumer_connections.ts";
import type { Session } from "./session.ts";

export const TAKE_OVER_MS = 5000;

/** How often the session being served is checked while another consumer waits. */
const CHECK_MS = 100;

export interface AcceptOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Log;
  readonly address: Address;
  /** Which consumers may connect. */
  readonly allow: Networks;
  readonly connectionLimit: ConnectionLimit;
}

export class AcceptedConnections implements ConsumerConnections {
  readonly #arrived = new Condition();
  readonly #stopping = new AbortController();
  #listener: Listener | undefined;
  #waiting: Connection | undefined;
  #session: Session | undefined;
  #accepting: Promise<void> | undefined;

  constructor(private readonly options: AcceptOptions) {}

  get address(): Address | undefined {
    return this.#listener?.address;
  }

  get lastError(): string | undefined {
    return this.#session === undefined && this.#waiting === undefined ? "no consumer has connected" : undefined;
  }

  /** Binds; rejects if that fails. */
  async bind(): Promise<void> {
    const { net, address, connectionLimit, clock, log } = this.options;
    this.#listener = await net.listen(address, { filter: connectionLimit.filterForOthers() });
    const { signal } = this.#stopping;
    this.#accepting = acceptEach(
      this.#listener,
      { clock, log, signal, peerKind: "a consumer" },
      (each) => this.#admit(each),
    );
  }

  async next(lost: () => void): Promise<Connection | undefined> {
    while (!this.#stopping.signal.aborted) {
      const connection = this.#waiting;
      this.#waiting = undefined;
      if (connection !== undefined) return connection;
      lost();
      await this.#arrived.wait();
    }
    return undefined;
  }

  serving(session: Session): void {
    this.#session = session;
    if (this.#waiting !== undefined) this.#watchWhileWaiting();
  }

  ended(): void {
    this.#session = undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#arrived.notify();
    await this.#listener?.close();
    await this.#accepting;
    this.#waiting?.close();
    this.#waiting = undefined;
  }

  #admit(connection: Connection): void {
    const { allow, log } = this.options;
    if (allow.admits(connection.peer)) return this.#keepWaiting(connection);
    log.say("target_refused", { peer: connection.peer });
    connection.close();
  }

  /** The newest connection waits, in place of an older one that does. */
  #keepWaiting(connection: Connection): void {
    const { log } = this.options;
    if (this.#waiting !== undefined) {
      log.say("target_replaced", { peer: this.#waiting.peer, newer: connection.peer });
      this.#waiting.close();
    }
    const isWatched = this.#waiting !== undefined;
    this.#waiting = connection;
    if (this.#session !== undefined) {
      log.say("target_waits", { peer: connection.peer, served: this.#session.peer });
      if (!isWatched) this.#watchWhileWaiting();
    }
    this.#arrived.notify();
  }

  async #watchWhileWaiting(): Promise<void> {
    const session = this.#session;
    while (session !== undefined && this.#session === session && this.#waiting !== undefined) {
      if (session.stalledMs >= TAKE_OVER_MS) return session.end("a waiting consumer takes over from a silent one");
      await this.options.clock.sleep(CHECK_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }
}
