/**
 * The source side of a route: accepts producers, or dials one again and again,
 * and keeps a drain reader on each connection.
 */
import type { BufferPool } from "../base/buffer.ts";
import { Condition } from "../base/condition.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Framer } from "../framing/framing.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Address, Connection, Listener } from "../runtime/net.ts";
import type { Answers } from "./answers.ts";
import { SourceConnection } from "./connection.ts";
import type { DrainContext } from "./drain.ts";
import { ForwardedAnswers } from "./forwarded_answers.ts";
import { OpenBuffer } from "./open_buffer.ts";
import { SafeReplies } from "./safe_replies.ts";
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
  /** Sent back for each frame once it is safe; empty: nothing. */
  readonly reply: Uint8Array;
  /** Will the consumer's bytes be given to `forward`? */
  readonly forwards: boolean;
}

/** A connection's own buffer: this much while connections are few. */
const SMALL_BYTES_MAX = 16 * 1024;

/** How often timeouts are looked at, and refused memory is asked for again. */
const TICK_MS = 1000;

/** How long a clean stop waits for the producers' end of stream. */
const SOURCE_STOP_MS = 1000;

export class Source {
  /** Time that reading was stopped for want of memory, all connections together, in ms. */
  pausedMs = 0;
  /** Connections turned away: there were `max_connections`, or no room. */
  refused = 0;
  #refusedLogged = 0;
  /** One was logged since the last tick. */
  #refusalLogged = false;
  /** Why nobody is admitted for now. */
  #shutBecause: string | undefined;
  readonly #reopened = new Condition();
  readonly #replies: SafeReplies | undefined;
  /** Of each connection, where the consumer's bytes are forwarded. */
  readonly #forwarding = new Set<ForwardedAnswers>();
  /** Notified when a producer has read what was forwarded. */
  readonly #repliesTaken = new Condition();
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
    if (options.reply.length > 0) this.#replies = new SafeReplies(options.reply);
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

  /** Producers that are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  start(): void {
    const serving = this.#listener === undefined ? this.#dialLoop() : this.#acceptLoop(this.#listener);
    this.#running = Promise.all([serving, this.#watch()]);
  }

  /** Closes every connection and admits none until {@link reopen}. */
  shut(because: string): void {
    this.#shutBecause = because;
    for (const each of this.#connections) each.close(because);
  }

  reopen(): void {
    this.#shutBecause = undefined;
    this.#reopened.notify();
  }

  /** Frames below `end` are safe: their producers get the replies that they were promised. */
  safe(end: number): void {
    this.#replies?.safe(end);
  }

  /** Does the producer read what `forward` has for it? Also where there is none: then it is dropped. */
  get isReady(): boolean {
    for (const answers of this.#forwarding) if (!answers.isReady) return false;
    return true;
  }

  /** Resolves when `isReady` may have changed. */
  changed(): Promise<void> {
    return this.#repliesTaken.wait();
  }

  /** Bytes of the consumer for the producer, an answer to frame `sequence` if that is known. Takes a copy. */
  forward(bytes: Uint8Array, sequence: number | undefined): void {
    for (const answers of this.#forwarding) answers.forward(bytes, sequence);
  }

  /** How long delivery has been waiting for a producer that does not read its answers, in ms; undefined if it does not wait. */
  get heldUpMs(): number | undefined {
    for (const { heldUpSinceMs } of this.#forwarding) {
      if (heldUpSinceMs !== undefined) return this.#options.clock.monotonicMs() - heldUpSinceMs;
    }
    return undefined;
  }

  /** Stops accepting, lets every producer finish for at most {@link SOURCE_STOP_MS}, closes what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#reopened.notify();
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
      if (this.#connections.size >= maxConnections) this.#makeWay();
      const why = this.#shutBecause ?? (this.#connections.size >= maxConnections ? "max_connections" : undefined);
      if (why !== undefined) this.#refuse(connection, why);
      else await this.#admit(connection);
    });
  }

  async #dialLoop(): Promise<void> {
    const { received } = this.#options.ledger;
    const dialler = new Dialler(this.#options, "the source", this.#stopping.signal);
    for (let next = await this.#dial(dialler); next !== undefined; next = await this.#dial(dialler)) {
      const before = received.bytes;
      await (await this.#admit(next))?.ended;
      if (received.bytes > before) dialler.progressed();
    }
  }

  async #dial(dialler: Dialler): Promise<Connection | undefined> {
    while (this.#shutBecause !== undefined && !this.#stopping.signal.aborted) await this.#reopened.wait();
    return await dialler.next();
  }

  /** A producer that has sent everything and only waits for answers gives way to one that has something to send. */
  #makeWay(): void {
    for (const each of this.#connections) {
      if (!each.lingering) continue;
      each.close("a new producer takes its place");
      this.#connections.delete(each);
      return;
    }
  }

  #answersFor(connection: Connection): Answers | undefined {
    const { forwards, pool, clock, log } = this.#options;
    const onRoom = () => this.#repliesTaken.notify();
    if (forwards) {
      const answers = new ForwardedAnswers({ connection, pool, clock, log, onRoom });
      this.#forwarding.add(answers);
      return answers;
    }
    return this.#replies?.for(connection);
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
    const answers = this.#answersFor(connection);
    const admitted = new SourceConnection({ connection, small, context: this.#context, ledger, log, answers });
    this.#connections.add(admitted);
    admitted.ended.then(() => {
      this.#connections.delete(admitted);
      if (answers instanceof ForwardedAnswers) this.#forwarding.delete(answers);
    });
    return admitted;
  }

  /** The more connections there are, the less each gets: an eighth of memory for all of them. */
  #smallBytes(): number {
    const { pool, maxConnections } = this.#options;
    const least = Math.min(4096, Math.floor(pool.maxBytes / 16 / maxConnections));
    const share = Math.floor(pool.maxBytes / 32 / (this.#connections.size + 1));
    return Math.max(least, 256, Math.min(SMALL_BYTES_MAX, share));
  }

  #refuse(connection: Connection, why: string): void {
    const { log, maxConnections } = this.#options;
    this.refused++;
    // A crowd at the door is one line a second, not one for each.
    if (!this.#refusalLogged) {
      this.#refusalLogged = true;
      log.warn("source connection refused", { peer: connection.peer, why, max_connections: maxConnections });
      this.#refusedLogged = this.refused;
    }
    connection.close();
  }

  #reportRefused(): void {
    const more = this.refused - this.#refusedLogged;
    if (more > 0) this.#options.log.warn("more source connections refused", { connections: more });
    this.#refusalLogged = more > 0;
    this.#refusedLogged = this.refused;
  }

  async #watch(): Promise<void> {
    const { clock, idleTimeoutMs, sink } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(TICK_MS, this.#stopping.signal);
      const nowMs = clock.monotonicMs();
      this.#unfinished.checkStuck(nowMs);
      this.#reportRefused();
      for (const answers of this.#forwarding) answers.check(sink.confirmed, nowMs);
      if (idleTimeoutMs > 0) {
        for (const each of this.#connections) {
          if (nowMs - each.lastReadMs >= idleTimeoutMs) each.close("idle_timeout");
        }
      }
      this.#options.pool.nudge();
    }
  }
}
