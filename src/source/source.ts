/**
 * The source side of a route: accepts producers, or dials one again and again,
 * and keeps a drain reader on each connection.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Framer } from "../framing/framing.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Address, Connection, Listener } from "../runtime/net.ts";
import { SourceConnection } from "./connection.ts";
import type { DrainContext } from "./drain.ts";
import { OpenBuffer } from "./open_buffer.ts";
import type { Sink } from "./sink.ts";
import { UnfinishedFrames } from "./unfinished.ts";

/** The dial options stand for the address whichever role it has. */
export interface SourceOptions extends DialOptions {
  readonly ledger: Ledger;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly sink: Sink;
  readonly recordBytes: number;
  readonly role: "listen" | "connect";
  readonly maxConnections: number;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
}

/** A connection's own buffer: this much while connections are few. */
const SMALL_BYTES_MAX = 16 * 1024;

/** How often timeouts are looked at, and refused memory is asked for again. */
const TICK_MS = 1000;

/** How long a clean stop waits for the producers' end of stream. */
export const SOURCE_STOP_MS = 1000;

export class Source {
  /** Time that reading was stopped for want of memory, all connections together, in ms. */
  pausedMs = 0;
  /** Connections turned away because there were `max_connections`. */
  refused = 0;
  #refusedLogged = 0;
  readonly #options: SourceOptions;
  readonly #connections = new Set<SourceConnection>();
  readonly #context: DrainContext;
  readonly #open: OpenBuffer;
  readonly #unfinished: UnfinishedFrames;
  readonly #stopping = new AbortController();
  #listener: Listener | undefined;
  #running: Promise<unknown> | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    const { pool, framer, sink, clock, recordBytes } = options;
    this.#open = new OpenBuffer(pool);
    this.#unfinished = new UnfinishedFrames(pool.maxBytes / 2);
    this.#context = {
      pool,
      framer,
      sink,
      clock,
      recordBytes,
      open: this.#open,
      unfinished: this.#unfinished,
      paused: (ms) => this.pausedMs += ms,
    };
  }

  /** Where it listens, as bound; undefined where it dials. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Binds, where it listens; rejects if that fails. Serves from {@link start} on. */
  async bind(): Promise<void> {
    if (this.#options.role === "listen") this.#listener = await this.#options.net.listen(this.#options.address);
  }

  start(): void {
    const serving = this.#listener === undefined ? this.#dialLoop() : this.#acceptLoop(this.#listener);
    this.#running = Promise.all([serving, this.#watch()]);
  }

  /** Stops accepting, lets every producer finish for at most {@link SOURCE_STOP_MS}, closes what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#options.pool.nudge();
    await this.#listener?.close();
    const connections = [...this.#connections];
    await Promise.all(connections.map((each) => each.finish()));
    const ended = Promise.all(connections.map((each) => each.ended));
    await Promise.race([ended, this.#options.clock.sleep(SOURCE_STOP_MS)]);
    for (const each of this.#connections) each.close("stopping");
    await ended;
    await this.#running;
    this.#open.close();
  }

  async #acceptLoop(listener: Listener): Promise<void> {
    const { clock, log, maxConnections } = this.#options;
    const { signal } = this.#stopping;
    await acceptEach(listener, { clock, log, signal, who: "a producer" }, async (connection) => {
      if (this.#connections.size >= maxConnections) this.#refuse(connection);
      else await this.#admit(connection);
    });
  }

  async #dialLoop(): Promise<void> {
    const { received } = this.#options.ledger;
    const dialler = new Dialler(this.#options, "the source", this.#stopping.signal);
    for (let next = await dialler.next(); next !== undefined; next = await dialler.next()) {
      const before = received.bytes;
      await (await this.#admit(next))?.ended;
      if (received.bytes > before) dialler.progressed();
    }
  }

  /** Undefined if there is no memory for it before the stop. */
  async #admit(connection: Connection): Promise<SourceConnection | undefined> {
    const { pool, ledger, log } = this.#options;
    let small = pool.take(this.#smallBytes());
    while (small === undefined && !this.#stopping.signal.aborted) {
      await pool.freed();
      small = pool.take(this.#smallBytes());
    }
    if (small === undefined) {
      connection.close();
      return undefined;
    }
    log.info("source connected", { peer: connection.peer });
    const admitted = new SourceConnection(connection, small, this.#context, ledger, log);
    this.#connections.add(admitted);
    admitted.ended.then(() => this.#connections.delete(admitted));
    return admitted;
  }

  /** The more connections there are, the less each gets: an eighth of memory for all of them. */
  #smallBytes(): number {
    const { pool, maxConnections } = this.#options;
    const least = Math.min(4096, Math.floor(pool.maxBytes / 16 / maxConnections));
    const share = Math.floor(pool.maxBytes / 32 / (this.#connections.size + 1));
    return Math.max(least, 256, Math.min(SMALL_BYTES_MAX, share));
  }

  #refuse(connection: Connection): void {
    const { log, maxConnections } = this.#options;
    // A crowd at the door is one line a second, not one for each.
    if (this.refused++ === this.#refusedLogged) {
      log.warn("source connection refused", { peer: connection.peer, max_connections: maxConnections });
      this.#refusedLogged = this.refused;
    }
    connection.close();
  }

  #reportRefused(): void {
    const more = this.refused - this.#refusedLogged;
    if (more > 0) this.#options.log.warn("more source connections refused", { connections: more });
    this.#refusedLogged = this.refused;
  }

  async #watch(): Promise<void> {
    const { clock, idleTimeoutMs } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(TICK_MS, this.#stopping.signal);
      const nowMs = clock.monotonicMs();
      this.#unfinished.checkStuck(nowMs);
      this.#reportRefused();
      if (idleTimeoutMs > 0) {
        for (const each of this.#connections) {
          if (nowMs - each.lastReadMs >= idleTimeoutMs) each.close("idle_timeout");
        }
      }
      this.#options.pool.nudge();
    }
  }
}
