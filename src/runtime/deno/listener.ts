/** A listening socket of Deno. */
import { formatAddress } from "../address.ts";
import type { Address, Connection, Listener } from "../net.ts";
import { systemError } from "../system_error.ts";
import { addressOf, DenoConnection } from "./connection.ts";

export class DenoListener implements Listener {
  readonly address: Address;
  readonly #socket: Deno.TcpListener | Deno.UnixListener;
  readonly #unixPath: string;
  #accepting: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** `asksPeers` as in ListenOptions. */
  constructor(
    socket: Deno.TcpListener | Deno.UnixListener,
    unixPath: string,
    private readonly asksPeers: boolean,
  ) {
    this.#socket = socket;
    this.#unixPath = unixPath;
    this.address = addressOf(socket.addr, unixPath);
  }

  accept(): Promise<Connection | null> {
    const accepted = this.#accept();
    this.#accepting = accepted.catch(() => {});
    return accepted;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #accept(): Promise<Connection | null> {
    if (this.#closing !== undefined) return null;
    try {
      const connection = new DenoConnection(
        await this.#socket.accept(),
        this.#unixPath,
        this.asksPeers ? "accepted" : undefined,
      );
      if (this.#closing === undefined) return connection;
      connection.close();
      return null;
    } catch (e) {
      if (this.#closing !== undefined) return null;
      throw systemError(e, "accept", formatAddress(this.address));
    }
  }

  async #close(): Promise<void> {
    this.#socket.close();
    // Until the pending accept has ended, the port stays taken.
    await this.#accepting;
  }
}
