/**
 * Many producers in one, each of which begins a frame and does not finish it.
 * Controlled by the test that makes it; it does not wait for the relay to take what it sends.
 */
import { connectTo, listenOn, type PeerAddress } from "./address.ts";

export interface CrowdOptions {
  /** Where to dial; or where to wait for the relay. */
  readonly connect?: PeerAddress;
  readonly listen?: PeerAddress;
  readonly size: number;
  /** What each of them sends at first. */
  readonly begin: Uint8Array;
  /** And then, again and again; empty: nothing. */
  readonly trickle?: Uint8Array;
  readonly everyMs?: number;
}

export class Crowd {
  /** Connections that the relay has ended. */
  ended = 0;
  readonly #options: CrowdOptions;
  readonly #connections: Deno.Conn[] = [];
  #listener: Deno.Listener | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when all are connected; what they send is on its way then. */
  async start(): Promise<this> {
    const { connect, listen, size, trickle, everyMs } = this.#options;
    if (listen !== undefined) this.#listener = listenOn(listen);
    for (let i = 0; i < size; i++) {
      this.#send(this.#listener === undefined ? await connectTo(connect!) : await this.#listener.accept());
    }
    if (trickle !== undefined) {
      this.#timer = setInterval(() => {
        for (const each of this.#connections) each.write(trickle).catch(() => {});
      }, everyMs);
    }
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#listener?.close();
    for (const each of this.#connections) {
      try {
        each.close();
      } catch { /* closed already */ }
    }
  }

  #send(connection: Deno.Conn): void {
    this.#connections.push(connection);
    (async () => {
      const { begin } = this.#options;
      for (let from = 0; from < begin.length;) from += await connection.write(begin.subarray(from));
    })().catch(() => {});
    (async () => {
      const buffer = new Uint8Array(1024);
      while (await connection.read(buffer) !== null);
    })().catch(() => {}).finally(() => this.ended++);
  }
}
