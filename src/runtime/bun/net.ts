/** Bun's native sockets: how to listen and to connect. */
import { SystemError } from "../../base/error.ts";
import { formatAddress } from "../address.ts";
import { dialHost, resolveHost } from "../dial_host.ts";
import type { AcceptFilter, Address, Connection, Listener, ListenOptions, Net } from "../net.ts";
import { errnoName, systemError } from "../system_error.ts";
import { bindPrivately, removeDeadSocket } from "../unix_socket.ts";
import { bun, type BunSocket } from "./api.ts";
import { BunConnection } from "./connection.ts";
import { connectionHandlers, type SocketOwner } from "./handlers.ts";
import { BunTcpOrUnixListener } from "./listener.ts";
import { CHUNK_BYTES, UNREAD_BYTES_MAX, UnreadLimit } from "./unread.ts";

/** How long the test of a unix socket's file may take, for whether a process listens on it. */
const PROBE_MS = 1000;

async function listen(address: Address, options: ListenOptions = {}): Promise<Listener> {
  if (address.kind === "unix") await removeDeadSocket(address.path, () => connect(address, PROBE_MS));
  try {
    const bind = () => listenNow(address, options.filter);
    if (address.kind !== "unix" || !options.private) return bind();
    return bindPrivately(address.path, bind, options.group);
  } catch (e) {
    // Bun does not report that a name failed to resolve.
    if (address.kind === "tcp" && errnoName(e) === "EUNKNOWN") await resolveHost(address.host);
    throw systemError(e, "listen", formatAddress(address));
  }
}

function listenNow(address: Address, filter: AcceptFilter | undefined): Listener {
  if (address.kind === "unix" || address.host !== "") return new BunTcpOrUnixListener(address, filter);
  try {
    return new BunTcpOrUnixListener({ ...address, host: "::" }, filter);
  } catch (e) {
    // A machine without IPv6 has no dual-stack socket to offer.
    if (!/^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(errnoName(e))) throw e;
    return new BunTcpOrUnixListener({ ...address, host: "0.0.0.0" }, filter);
  }
}

/** One attempt to connect; what Bun keeps in the socket's data until there is a connection. */
interface Attempt {
  readonly unixPath: string;
  late: boolean;
  resolve(connection: Connection): void;
}

function connect(address: Address, timeoutMs: number): Promise<Connection> {
  return dialHost(address, timeoutMs, dialOne);
}

function dialOne(address: Address, timeoutMs: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      attempt.late = true;
      reject(new SystemError("ETIMEDOUT", "connect", formatAddress(address)));
    }, timeoutMs);
    const attempt: Attempt = {
      unixPath: address.kind === "unix" ? address.path : "",
      late: false,
      resolve(connection) {
        clearTimeout(timer);
        resolve(connection);
      },
    };
    const where = address.kind === "unix" ? { unix: address.path } : { hostname: address.host, port: address.port };
    bun.connect<Attempt | SocketOwner>({ ...where, allowHalfOpen: true, data: attempt, socket: connectHandlers })
      .catch((e) => {
        clearTimeout(timer);
        reject(systemError(e, "connect", formatAddress(address)));
      });
  });
}

const connectHandlers = {
  ...connectionHandlers,
  open(socket: BunSocket<Attempt | SocketOwner>): void {
    const attempt = socket.data as Attempt;
    const connection = new BunConnection(socket as BunSocket<SocketOwner>, attempt.unixPath, new UnreadLimit());
    socket.data = connection;
    if (attempt.late) connection.close();
    else attempt.resolve(connection);
  },
  /** The promise of `connect` rejects as well; without this handler Bun reports the error a second time. */
  connectError(): void {},
};

export const bunNet: Net = { listen, connect, resolve: resolveHost, readAheadBytesMax: UNREAD_BYTES_MAX + CHUNK_BYTES };
