/** A listening socket of Deno. */
import { formatAddress } from "../address.ts";
import type { AcceptFilter, Address, Connection, Listener } from "../net.ts";
import { systemError } from "../system_error.ts";
import { addressOf, DenoConnection } from "./connection.ts";

export class DenoListener implements Listener {
  readonly address: Address;
  readonly #socket: Deno.TcpListener | Deno.UnixListener;
  readonly #unixPath: string;
  readonly #filter: AcceptFilter | undefined;
  #accepting: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(socket: Deno.TcpListener | Deno.UnixListener, unixPath: string, filter: AcceptFilter | undefined) {
    this.#filter = filter;
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
    while (this.#closing === undefined) {
      try {
        const connection = new DenoConnection(await this.#socket.accept(), this.#unixPath, "accepted");
        if (this.#closing === undefined && this.#filter?.admit(connection.peer) !== false) {
          connection.onClose = () => this.#filter?.closed();
          return connection;
        }
        connection.close();
      } catch (e) {
        if (this.#closing === undefined) throw systemError(e, "accept", formatAddress(this.address));
      }
    }
    return null;
  }

  async #close(): Promise<void> {
    this.#socket.close();
    // Until the pending accept has ended, the port stays taken.
    await this.#accepting;
  }
}
