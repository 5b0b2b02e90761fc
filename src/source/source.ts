/**
 * The source side of a route: accepts producers, or dials one again and again,
 * and reads from each connection.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Ledger } from "../base/ledger.ts";
import { STOP_WAIT_MS, type StopDeadline, within } from "../base/stop_deadline.ts";
import type { Framer } from "../framing/framing.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Address, Connection, Listener } from "../runtime/net.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Networks } from "../runtime/networks.ts";
import { AckReplies } from "./ack_replies.ts";
import { Admission } from "./admission.ts";
import { SourceConnection } from "./connection.ts";
import type { DrainContext } from "./drain.ts";
import { Forwarding } from "./forwarded_replies.ts";
import { MemoryQueue } from "./memory_queue.ts";
import { PausedTime } from "./paused_time.ts";
import type { ProducerReplies } from "./replies.ts";
import { SharedBuffer } from "./shared_buffer.ts";
import type { Patience, RiskLimit, Sink } from "./sink.ts";
import { UnfinishedFrames } from "./unfinished.ts";

/** The options for dialling include the address, also where the source listens. */
export interface SourceOptions extends DialOptions {
  readonly ledger: Ledger;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly sink: Sink;
  readonly patience: Patience;
  readonly riskLimit: RiskLimit;
  readonly recordBytes: number;
  /** What connections may hold for unfinished frames, all together, in bytes. */
  readonly unfinishedBytes: number;
  /** Limits the incoming connections of all routes together. */
  readonly connectionLimit: ConnectionLimit;
  readonly role: "listen" | "connect";
  readonly maxConnections: number;
  /** 0 = no limit. */
  readonly maxConnectionsPerIp: number;
  /** Which producers may connect, where it listens. */
  readonly allow: Networks;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
  /** Written back for each frame once it is safe; empty: nothing. */
  readonly reply: Uint8Array;
  /** Are the consumer's bytes written to the producers, through `forwarding`? */
  readonly forwards: boolean;
}

/** How often time-outs are checked, and memory that was not to be had is asked for again. */
const TICK_MS = 1000;

/** A producer from which nothing has arrived for this long, in ms, has nothing more on its way. */
const SILENT_MS = 20;

export class Source {
  readonly #acks: AckReplies | undefined;
  /** Takes the consumer's bytes; without any producer in it where none are forwarded. */
  readonly forwarding: Forwarding;
  readonly #connections = new Set<SourceConnection>();
  readonly #admission: Admission;
  readonly #context: DrainContext;
  readonly #sharedBuffer: SharedBuffer;
  readonly #unfinished: UnfinishedFrames;
  readonly #paused = new PausedTime();
  readonly #patient = new PausedTime();
  readonly #stopping = new AbortController();
  #listener: Listener | undefined;
  #running: Promise<unknown> | undefined;

  constructor(private readonly options: SourceOptions) {
    const { pool, framer, sink, patience, riskLimit, clock, recordBytes, unfinishedBytes, reply, log } = options;
    this.#sharedBuffer = new SharedBuffer(pool, unfinishedBytes / 4);
    this.forwarding = new Forwarding(clock);
    if (reply.length > 0) this.#acks = new AckReplies(reply);
    this.#unfinished = new UnfinishedFrames(unfinishedBytes, log);
    const memory = new MemoryQueue(pool, clock);
    this.#admission = new Admission({ ...options, memory });
    this.#context = {
      pool,
      memory,
      framer,
      sink,
      patience,
      riskLimit,
      clock,
      recordBytes,
      sharedBuffer: this.#sharedBuffer,
      unfinished: this.#unfinished,
      paused: this.#paused,
      patient: this.#patient,
      passedOver: () => {},
    };
  }

  /** Where it listens, as bound; undefined where it dials. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Binds, where it listens; rejects if that fails. Producers are served from {@link start} on. */
  async bind(): Promise<void> {
    const { role, net, address, connectionLimit } = this.options;
    if (role !== "listen") return;
    const filter = connectionLimit.filterForProducers((peer) => this.#admission.noteNoDescriptor(peer));
    this.#listener = await net.listen(address, { filter });
  }

  /** How many producers are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many connections have been refused. */
  get refused(): number {
    return this.#admission.refused;
  }

  /** Time in which reading was stopped for want of memory, in ms; a second counts once, however many connections wait in it. */
  get pausedMs(): number {
    return this.#paused.total(this.options.clock.monotonicMs());
  }

  /** Time in which reading waited for a target that was about to make room, in ms. */
  get patientMs(): number {
    return this.#patient.total(this.options.clock.monotonicMs());
  }

  /** Bytes that have arrived from producers and are not read yet, as far as that can be told. */
  get arrivedBytes(): number {
    let sum = 0;
    for (const each of this.#connections) sum += each.arrivedBytes;
    return sum;
  }

  /** How long a producer has been waiting to be read, for want of memory, in ms; undefined if none waits. */
  get unreadMs(): number | undefined {
    return this.#paused.longest(this.options.clock.monotonicMs());
  }

  start(): void {
    const serving = this.#listener === undefined ? this.#dialLoop() : this.#acceptLoop(this.#listener);
    this.#running = Promise.all([serving, this.#watch()]);
  }

  /** Ends every connection once the replies owed on it are written, and admits none until {@link reopen}. */
  shut(because: string): void {
    this.#admission.shut(because);
    for (const each of this.#connections) each.dismiss(because);
  }

  reopen(): void {
    this.#admission.reopen();
  }

  /** All frames below `end` are safe: their producers get the replies that are owed for them. */
  noteSafe(end: number): void {
    this.#acks?.noteSafe(end);
  }

  /**
   * Stops accepting, gives all producers {@link STOP_WAIT_MS} to finish, and
   * closes the connections that are left. A second signal cuts that short: then
   * a producer has finished when nothing arrives from it for a moment.
   */
  async stop(deadline: StopDeadline): Promise<void> {
    this.#stopping.abort();
    this.#admission.stop();
    await this.#listener?.close();
    const connections = [...this.#connections];
    const finished = Promise.all(connections.map((each) => each.finish(deadline)));
    const ended = Promise.all(connections.map((each) => each.ended));
    const { clock } = this.options;
    const untilMs = clock.monotonicMs() + STOP_WAIT_MS.producers;
    if (!await deadline.waitFor(ended, STOP_WAIT_MS.producers)) await untilSilent(connections, clock, untilMs);
    for (const each of this.#connections) each.close("stopping");
    await Promise.all([finished, ended]);
    await this.#running;
    this.#sharedBuffer.close();
  }

  async #acceptLoop(listener: Listener): Promise<void> {
    const { clock, log } = this.options;
    const { signal } = this.#stopping;
    await acceptEach(listener, { clock, log, signal, peerKind: "a producer" }, (connection) => {
      if (this.#admission.isOnlyFull(this.#connections.size, connection.peer)) this.#closeOneOnlyOwed();
      const why = this.#admission.refusal(this.#connections.size, connection.peer);
      if (why !== undefined) this.#admission.refuse(connection, why);
      else this.#serve(connection);
    });
  }

  async #dialLoop(): Promise<void> {
    const { received } = this.options.ledger;
    const { signal } = this.#stopping;
    const dialler = new Dialler(this.options, "source_unreachable", signal);
    for (;;) {
      await this.#admission.untilOpen();
      const connection = await dialler.next();
      if (connection === undefined) return;
      const before = received.bytes;
      await (await this.#serve(connection))?.ended;
      if (received.bytes > before) dialler.progressed();
    }
  }

  /** A producer that has sent everything and only waits for replies gives way to one that may have something to send. */
  #closeOneOnlyOwed(): void {
    for (const each of this.#connections) {
      if (!each.isOnlyOwed) continue;
      each.close("a new producer takes its place");
      this.#connections.delete(each);
      return;
    }
  }

  /** Undefined if the connection is not admitted. */
  async #serve(connection: Connection): Promise<SourceConnection | undefined> {
    const small = await this.#admission.admit(connection);
    return small === undefined ? undefined : this.#begin(connection, small);
  }

  #begin(connection: Connection, small: PooledBuffer): SourceConnection {
    const { ledger, log } = this.options;
    log.say("source_connected", { peer: connection.peer });
    const replies = this.#repliesFor(connection);
    const smallBytes = small.bytes.length;
    const served = new SourceConnection({ connection, small, context: this.#context, ledger, log, replies });
    this.#connections.add(served);
    served.ended.then(() => {
      this.#connections.delete(served);
      this.#admission.left(connection.peer, smallBytes);
    });
    return served;
  }

  #repliesFor(connection: Connection): ProducerReplies | undefined {
    const { forwards, pool, clock, log } = this.options;
    return forwards ? this.forwarding.join({ connection, pool, clock, log }) : this.#acks?.for(connection);
  }

  async #watch(): Promise<void> {
    const { clock, idleTimeoutMs, sink } = this.options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(TICK_MS, this.#stopping.signal);
      const nowMs = clock.monotonicMs();
      this.#unfinished.check(nowMs);
      this.#admission.report();
      this.forwarding.check(sink.confirmed, nowMs);
      for (const each of this.#connections) {
        if (idleTimeoutMs > 0 && each.idleMs(nowMs) >= idleTimeoutMs) each.close("idle_timeout");
      }
      this.options.pool.nudge();
    }
  }
}

/** Resolves when nothing has arrived for a moment, all connections have ended, or at `untilMs` on the monotonic clock. */
async function untilSilent(connections: readonly SourceConnection[], clock: Clock, untilMs: number): Promise<void> {
  const ended = Promise.all(connections.map((each) => each.ended));
  const lastReadMs = () => connections.reduce((last, each) => Math.max(last, each.lastReadMs), 0);
  for (let before = -1; before < lastReadMs() && clock.monotonicMs() < untilMs;) {
    before = lastReadMs();
    if (await within(clock, ended, SILENT_MS)) return;
  }
}
