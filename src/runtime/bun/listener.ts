/**
 * A listening socket of Bun. Bun accepts by itself, as connections come in;
 * they wait here, parked, until `accept` hands them out. It does not report a
 * lack of descriptors.
 */
import { Deque } from "../../base/deque.ts";
import type { AcceptFilter, Address, Connection, Listener } from "../net.ts";
import { bun, type BunListener } from "./api.ts";
import { BunConnection } from "./connection.ts";
import { connectionHandlers, type SocketOwner } from "./handlers.ts";
import { UnreadLimit } from "./unread.ts";

export class BunTcpOrUnixListener implements Listener {
  readonly address: Address;
  readonly #socket: BunListener;
  readonly #waiting = new Deque<BunConnection>();
  #accepting: ((connection: Connection | null) => void) | undefined;
  #closed = false;

  /** Throws what Bun throws if the address cannot be had. */
  constructor(address: Address, filter: AcceptFilter | undefined) {
    const unixPath = address.kind === "unix" ? address.path : "";
    const limit = new UnreadLimit();
    this.#socket = bun.listen<SocketOwner>({
      ...(address.kind === "unix" ? { unix: address.path } : { hostname: address.host, port: address.port }),
      allowHalfOpen: true,
      socket: {
        ...connectionHandlers,
        open: (socket) => {
          const connection = new BunConnection(socket, unixPath, limit);
          socket.data = connection;
          if (filter?.admit(connection.peer) === false) return connection.close();
          connection.onClose = () => filter?.closed();
          this.#opened(connection);
        },
      },
    });
    this.address = address.kind === "unix"
      ? address
      : { kind: "tcp", host: this.#socket.hostname, port: this.#socket.port };
  }

  accept(): Promise<Connection | null> {
    const connection = this.#waiting.shift();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => this.#accepting = resolve);
  }

  close(): Promise<void> {
    if (!this.#closed) this.#close();
    return Promise.resolve();
  }

  #opened(connection: BunConnection): void {
    if (this.#closed) return connection.close();
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting !== undefined) return accepting(connection);
    connection.park();
    this.#waiting.push(connection);
  }

  #close(): void {
    this.#closed = true;
    this.#socket.stop(false);
    this.#accepting?.(null);
    this.#accepting = undefined;
    for (let left = this.#waiting.shift(); left !== undefined; left = this.#waiting.shift()) left.close();
  }
}
