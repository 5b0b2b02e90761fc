/**
 * The source side of a route: accepts producers, or dials one again and again,
 * and keeps a drain reader on each connection.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import { Condition } from "../base/condition.ts";
import type { Ledger } from "../base/ledger.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import type { Framer } from "../framing/framing.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Address, Connection, Listener } from "../runtime/net.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import { Admission } from "./admission.ts";
import type { Answers } from "./answers.ts";
import { SourceConnection } from "./connection.ts";
import type { DrainContext } from "./drain.ts";
import { ForwardedAnswers } from "./forwarded_answers.ts";
import { Forwarding } from "./forwarding.ts";
import { MemoryQueue } from "./memory_queue.ts";
import { OpenBuffer } from "./open_buffer.ts";
import { RefusedConnections } from "./refused_connections.ts";
import { PausedTime } from "./paused_time.ts";
import { SafeReplies } from "./safe_replies.ts";
import type { IntakeBound, Sink } from "./sink.ts";
import { UnfinishedFrames } from "./unfinished.ts";
import { untilSilent } from "./until_silent.ts";

/** The dial options stand for the address whichever role it has. */
export interface SourceOptions extends DialOptions {
  readonly ledger: Ledger;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly sink: Sink;
  readonly bound: IntakeBound;
  readonly recordBytes: number;
  /** What connections may hold for unfinished frames, all together. */
  readonly unfinishedBytes: number;
  /** For those that dial in, of all routes. */
  readonly connectionLimit: ConnectionLimit;
  readonly role: "listen" | "connect";
  readonly maxConnections: number;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
  /** Sent back for each frame once it is safe; empty: nothing. */
  readonly reply: Uint8Array;
  /** Will the consumer's bytes be given to `forward`? */
  readonly forwards: boolean;
}

/** How often timeouts are looked at, and refused memory is asked for again. */
const TICK_MS = 1000;

/** How long a clean stop waits for what is owed to producers and for their end of stream, all in all. */
const SOURCE_STOP_MS = 1000;

export class Source {
  /** Why nobody is admitted for now. */
  #shutBecause: string | undefined;
  readonly #reopened = new Condition();
  readonly #replies: SafeReplies | undefined;
  /** Where the consumer's bytes go; nobody joins where none are forwarded. */
  readonly forwarding: Forwarding;
  readonly #options: SourceOptions;
  readonly #connections = new Set<SourceConnection>();
  readonly #refused: RefusedConnections;
  readonly #admission: Admission;
  readonly #context: DrainContext;
  readonly #open: OpenBuffer;
  readonly #unfinished: UnfinishedFrames;
  readonly #paused = new PausedTime();
  readonly #stopping = new AbortController();
  #listener: Listener | undefined;
  #running: Promise<unknown> | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    const { pool, framer, sink, bound, clock, recordBytes, unfinishedBytes, maxConnections, log } = options;
    this.#open = new OpenBuffer(pool, unfinishedBytes / 2);
    this.#refused = new RefusedConnections(log, maxConnections);
    this.forwarding = new Forwarding(clock);
    if (options.reply.length > 0) this.#replies = new SafeReplies(options.reply);
    this.#unfinished = new UnfinishedFrames(unfinishedBytes, log);
    const memory = new MemoryQueue(pool, clock);
    this.#admission = new Admission(pool, memory, maxConnections);
    this.#context = {
      pool,
      memory,
      framer,
      sink,
      bound,
      clock,
      recordBytes,
      open: this.#open,
      unfinished: this.#unfinished,
      paused: this.#paused,
      passedOver: () => {},
    };
  }

  /** Where it listens, as bound; undefined where it dials. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Binds, where it listens; rejects if that fails. Serves from {@link start} on. */
  async bind(): Promise<void> {
    const { role, net, address, connectionLimit } = this.#options;
    if (role !== "listen") return;
    const filter = connectionLimit.filterForProducers((peer) => this.#refused.withoutDescriptor(peer));
    this.#listener = await net.listen(address, { filter });
  }

  /** Producers that are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Connections turned away: there were `max_connections`, or no room. */
  get refused(): number {
    return this.#refused.count;
  }

  /** Time in which reading was stopped for want of memory, in ms; a second counts once, however many wait in it. */
  get pausedMs(): number {
    return this.#paused.total(this.#options.clock.monotonicMs());
  }

  /** How long a producer has been waiting to be read, for want of memory, in ms; undefined if none waits. */
  get unreadMs(): number | undefined {
    return this.#paused.longest(this.#options.clock.monotonicMs());
  }

  start(): void {
    const serving = this.#listener === undefined ? this.#dialLoop() : this.#acceptLoop(this.#listener);
    this.#running = Promise.all([serving, this.#watch()]);
  }

  /** Ends every connection, after what is owed on it, and admits none until {@link reopen}. */
  shut(because: string): void {
    this.#shutBecause = because;
    this.#admission.turnAway();
    for (const each of this.#connections) each.dismiss(because);
  }

  reopen(): void {
    this.#shutBecause = undefined;
    this.#reopened.notify();
  }

  /** Frames below `end` are safe: their producers get the replies that they were promised. */
  safe(end: number): void {
    this.#replies?.safe(end);
  }

  /**
   * Stops accepting, lets every producer finish for at most {@link SOURCE_STOP_MS},
   * closes what is left. Once it hurries a producer that is silent has finished.
   */
  async stop(deadline: StopDeadline): Promise<void> {
    this.#stopping.abort();
    this.#reopened.notify();
    this.#admission.turnAway();
    await this.#listener?.close();
    const connections = [...this.#connections];
    const finished = Promise.all(connections.map((each) => each.finish(deadline)));
    const ended = Promise.all(connections.map((each) => each.ended));
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + SOURCE_STOP_MS;
    if (!await deadline.waitFor(ended, SOURCE_STOP_MS)) await untilSilent(connections, clock, untilMs);
    for (const each of this.#connections) each.close("stopping");
    await Promise.all([finished, ended]);
    await this.#running;
    this.#open.close();
  }

  async #acceptLoop(listener: Listener): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    await acceptEach(listener, { clock, log, signal, peerKind: "a producer" }, (connection) => {
      const mayComeIn = this.#shutBecause === undefined && !this.#admission.exhausted;
      if (mayComeIn && this.#isFull) this.#makeWay();
      const why = this.#refusal;
      if (why !== undefined) this.#refused.refuse(connection, why);
      else this.#enter(connection);
    });
  }

  get #isFull(): boolean {
    return this.#connections.size + this.#admission.waiting >= this.#options.maxConnections;
  }

  /** Why nobody can be admitted now. */
  get #refusal(): string | undefined {
    if (this.#shutBecause !== undefined) return this.#shutBecause;
    if (this.#isFull) return "max_connections";
    return this.#admission.exhausted ? "memory.max_bytes has no room for more" : undefined;
  }

  async #dialLoop(): Promise<void> {
    const { received } = this.#options.ledger;
    const dialler = new Dialler(this.#options, "the source", this.#stopping.signal);
    for (let next = await this.#dial(dialler); next !== undefined; next = await this.#dial(dialler)) {
      const before = received.bytes;
      await (await this.#enter(next))?.ended;
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
    return forwards ? this.forwarding.joined({ connection, pool, clock, log }) : this.#replies?.for(connection);
  }

  /** Undefined if nobody may come in any more, or the stop comes, before there is memory for it. */
  async #enter(connection: Connection): Promise<SourceConnection | undefined> {
    const small = await this.#admission.admit(connection, () => this.#mayEnter);
    if (small !== undefined) return this.#serve(connection, small);
    if (this.#shutBecause === undefined) connection.close();
    else this.#refused.refuse(connection, this.#shutBecause);
    return undefined;
  }

  get #mayEnter(): boolean {
    return this.#shutBecause === undefined && !this.#stopping.signal.aborted;
  }

  #serve(connection: Connection, small: PooledBuffer): SourceConnection {
    const { ledger, log } = this.#options;
    log.info("source connected", { peer: connection.peer });
    const answers = this.#answersFor(connection);
    const smallBytes = small.bytes.length;
    const served = new SourceConnection({ connection, small, context: this.#context, ledger, log, answers });
    this.#connections.add(served);
    served.ended.then(() => {
      this.#connections.delete(served);
      this.#admission.left(smallBytes);
      if (answers instanceof ForwardedAnswers) this.forwarding.left(answers);
    });
    return served;
  }

  async #watch(): Promise<void> {
    const { clock, idleTimeoutMs, sink } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(TICK_MS, this.#stopping.signal);
      const nowMs = clock.monotonicMs();
      this.#unfinished.check(nowMs);
      this.#refused.report();
      this.forwarding.check(sink.confirmed, nowMs);
      for (const each of this.#connections) {
        if (idleTimeoutMs > 0 && each.idleMs(nowMs) >= idleTimeoutMs) each.close("idle_timeout");
      }
      this.#options.pool.nudge();
    }
  }
}
