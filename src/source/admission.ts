/**
 * Decides which producers may come in. Each connection gets a buffer of its own,
 * or waits for one with its kernel's window closed. Refused connections are all
 * counted; many of them make one line per second in the log.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import { peerHost } from "../runtime/address.ts";
import type { Connection } from "../runtime/net.ts";
import type { Networks } from "../runtime/networks.ts";
import type { MemoryQueue } from "./memory_queue.ts";
import { SmallBuffers } from "./small_buffers.ts";

export interface AdmissionOptions {
  readonly pool: BufferPool;
  readonly memory: MemoryQueue;
  readonly maxConnections: number;
  /** 0 = no limit. */
  readonly maxConnectionsPerIp: number;
  readonly allow: Networks;
  readonly log: Log;
}

export class Admission {
  readonly #small: SmallBuffers;
  readonly #waiting = new Set<Connection>();
  /** How many connections there are from each address, where that is limited. */
  readonly #perHost = new Map<string, number>();
  /** Why no producer is admitted for now. */
  #shutBecause: string | undefined;
  #isStopped = false;
  readonly #opened = new Condition();
  #refused = 0;
  /** How many of these have been logged, and whether one was since the last report. */
  #refusedLogged = 0;
  #isLogged = false;

  constructor(private readonly options: AdmissionOptions) {
    this.#small = new SmallBuffers(options.pool, options.maxConnections);
  }

  /** Connections refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Is `max_connections` all that keeps `peer` out, where `connected` producers are there? */
  isOnlyFull(connected: number, peer: string): boolean {
    return this.#isFull(connected) && this.#shutBecause === undefined && !this.#small.exhausted &&
      this.#refusalOf(peer) === undefined;
  }

  /** Why `peer`, which comes now, is refused, where `connected` producers are there; undefined: it is admitted. */
  refusal(connected: number, peer: string): string | undefined {
    // Who is not allowed in is not told anything else.
    const why = this.#refusalOf(peer);
    if (why !== undefined) return why;
    if (this.#shutBecause !== undefined) return this.#shutBecause;
    if (this.#isFull(connected)) return "max_connections";
    return this.#small.exhausted ? "memory.max_bytes has no room for more" : undefined;
  }

  /**
   * The connection's own buffer, once there is memory for it; {@link left} has to
   * follow. Undefined if no producer is admitted any more by then: the connection
   * is closed.
   */
  async admit(connection: Connection): Promise<PooledBuffer | undefined> {
    this.#countHost(connection.peer, 1);
    let small = this.#isOpen ? this.#small.take() : undefined;
    if (small === undefined && this.#isOpen) {
      connection.pause("long");
      this.#waiting.add(connection);
      small = await this.options.memory.wait(connection, () => this.#small.take());
      this.#waiting.delete(connection);
    }
    if (small !== undefined && this.#isOpen) return small;
    this.#countHost(connection.peer, -1);
    if (small !== undefined) {
      this.#small.gone(small.bytes.length);
      small.release();
    }
    if (this.#shutBecause === undefined) connection.close();
    else this.refuse(connection, this.#shutBecause);
    return undefined;
  }

  /** The connection of `peer`, whose own buffer had `bytes` bytes, has ended. */
  left(peer: string, bytes: number): void {
    this.#countHost(peer, -1);
    this.#small.gone(bytes);
  }

  /** No producer is admitted until {@link reopen}. */
  shut(because: string): void {
    this.#shutBecause = because;
    this.#releaseWaiting();
  }

  reopen(): void {
    this.#shutBecause = undefined;
    this.#opened.notify();
  }

  /** No producer is admitted any more. */
  stop(): void {
    this.#isStopped = true;
    this.#opened.notify();
    this.#releaseWaiting();
  }

  /** Resolves while producers are admitted, or at the stop. */
  async untilOpen(): Promise<void> {
    while (this.#shutBecause !== undefined && !this.#isStopped) await this.#opened.wait();
  }

  refuse(connection: Connection, why: string): void {
    this.#noteRefused(connection.peer, why);
    connection.close();
  }

  /** The runtime has closed a connection on arrival, for want of a descriptor. */
  noteNoDescriptor(peer: string): void {
    this.#noteRefused(peer, "the limit of open files (ulimit -n) leaves no room for more connections");
  }

  /** Called about once a second: logs how many were refused without a line of their own. */
  report(): void {
    const more = this.#refused - this.#refusedLogged;
    if (more > 0) this.options.log.say("source_refused", { connections: more });
    this.#isLogged = more > 0;
    this.#refusedLogged = this.#refused;
  }

  get #isOpen(): boolean {
    return this.#shutBecause === undefined && !this.#isStopped;
  }

  /** Why a producer of this name is not let in, whatever room there is. */
  #refusalOf(peer: string): string | undefined {
    const { allow, maxConnectionsPerIp } = this.options;
    if (!allow.admits(peer)) return "its address is not in source.allow";
    const fromHost = this.#perHost.get(peerHost(peer) ?? "") ?? 0;
    return maxConnectionsPerIp > 0 && fromHost >= maxConnectionsPerIp ? "max_connections_per_ip" : undefined;
  }

  #countHost(peer: string, change: 1 | -1): void {
    const host = peerHost(peer);
    if (host === undefined || this.options.maxConnectionsPerIp === 0) return;
    const count = (this.#perHost.get(host) ?? 0) + change;
    if (count > 0) this.#perHost.set(host, count);
    else this.#perHost.delete(host);
  }

  #isFull(connected: number): boolean {
    return connected + this.#waiting.size >= this.options.maxConnections;
  }

  #releaseWaiting(): void {
    for (const each of this.#waiting) this.options.memory.release(each);
  }

  #noteRefused(peer: string, why: string): void {
    this.#refused++;
    if (this.#isLogged) return;
    this.#isLogged = true;
    this.options.log.say("source_refused", { peer, why, max_connections: this.options.maxConnections });
    this.#refusedLogged = this.#refused;
  }
}
