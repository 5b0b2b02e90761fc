/** Deno's sockets: how to listen and to connect. */
import { formatAddress } from "../address.ts";
import { dialHost, resolveHost } from "../dial_host.ts";
import { KernelSocket } from "../kernel_socket.ts";
import type { Address, Connection, Listener, ListenOptions, Net } from "../net.ts";
import { errnoName, systemError } from "../system_error.ts";
import { bindPrivately, removeDeadSocket } from "../unix_socket.ts";
import { DenoConnection } from "./connection.ts";
import { findDescriptor } from "./find_descriptor.ts";
import { libcOrNull } from "./libc.ts";
import { DenoListener } from "./listener.ts";

/** Deno's default of 511 makes a burst of 1,000 connects wait a second for a SYN retry. */
const BACKLOG = 4096;

/** How long the test of a unix socket's file may take, for whether a process listens on it. */
const PROBE_MS = 1000;

async function listen(address: Address, options: ListenOptions = {}): Promise<Listener> {
  if (address.kind === "unix") {
    await removeDeadSocket(address.path, () => connect(address, PROBE_MS));
  }
  try {
    if (address.kind === "unix") {
      const { path } = address;
      // Loaded now, so that the first connection does not have to wait for it: each one needs it.
      libcOrNull();
      const bind = () => Deno.listen({ transport: "unix", path });
      const socket = options.private ? bindPrivately(path, bind, options.group) : bind();
      return new DenoListener(socket, path, options.filter);
    }
    const socket = listenTcp(address.host, address.port);
    setTcpOptions(socket.addr as Deno.NetAddr);
    return new DenoListener(socket, "", options.filter);
  } catch (e) {
    throw systemError(e, "listen", formatAddress(address));
  }
}

function listenTcp(host: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host || "::", port, tcpBacklog: BACKLOG });
  } catch (e) {
    // A machine without IPv6 has no dual-stack socket to offer.
    if (host !== "" || !/^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(errnoName(e))) throw e;
    return Deno.listen({ hostname: "0.0.0.0", port, tcpBacklog: BACKLOG });
  }
}

function connect(address: Address, timeoutMs: number): Promise<Connection> {
  return dialHost(address, timeoutMs, dialOne);
}

async function dialOne(address: Address, timeoutMs: number): Promise<Connection> {
  const abort = new AbortController();
  const attempt: Promise<Deno.TcpConn | Deno.UnixConn> = address.kind === "unix"
    ? Deno.connect({ transport: "unix", path: address.path })
    : Deno.connect({ hostname: address.host, port: address.port, signal: abort.signal });
  try {
    const socket = await inTime(attempt, timeoutMs);
    if (address.kind === "tcp") setTcpOptions(socket.localAddr as Deno.NetAddr, socket.remoteAddr as Deno.NetAddr);
    return new DenoConnection(socket, address.kind === "unix" ? address.path : "", "dialled");
  } catch (e) {
    abort.abort();
    throw systemError(e, "connect", formatAddress(address));
  }
}

/** A listener's options hold for all connections that it accepts. */
function setTcpOptions(local: Deno.NetAddr, peer?: Deno.NetAddr): void {
  const libc = libcOrNull();
  const descriptor = findDescriptor(local, peer);
  if (libc !== null && descriptor !== undefined) new KernelSocket(libc, descriptor, false).setOptions();
}

/** The attempt's outcome, or a timeout; a socket that comes too late is closed, since an abort does not stop a look-up. */
function inTime<T extends Deno.Conn>(attempt: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Deno.errors.TimedOut());
    }, timeoutMs);
    attempt.then((socket) => late ? socket.close() : resolve(socket), reject).finally(() => clearTimeout(timer));
  });
}

export const denoNet: Net = { listen, connect, resolve: resolveHost, readAheadBytesMax: 0 };
