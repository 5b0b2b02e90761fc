/**
 * Deno keeps a socket's descriptor to itself, and with it what the kernel knows
 * of the socket. The descriptor is found by the socket's two names.
 */
import { SOCKADDR_BYTES, SOCKADDR_UNIX_BYTES, socketName, socketNameOf, unixPathOf } from "../socket_name.ts";
import { type Libc, libcOrNull } from "./libc.ts";

const SOL_SOCKET = 1;
/** For getsockopt(2): a number that no other socket of this machine has or will have, 8 bytes. */
const SO_COOKIE = 57;

/** The search ends after this many descriptors in a row that are no sockets; the kernel hands out the lowest free one. */
const GAP_MAX = 4096;

const sockaddr = new Uint8Array(SOCKADDR_BYTES);
const sockaddrUnix = new Uint8Array(SOCKADDR_UNIX_BYTES);
const sockaddrLength = new Uint32Array(1);
const cookie = new BigUint64Array(1);
const cookieLength = new Uint32Array(1);

/**
 * Descriptors of unix sockets that are known to be some connection's, since
 * their names do not tell them apart. When the connection is closed, the cookie
 * of its socket is kept: Deno closes the descriptor later, once a read that was
 * pending has ended, and the next connection may be there before.
 */
const unixDescriptors = new Map<number, "open" | bigint>();

/**
 * Of the socket of a TCP connection. Deno has it for those that were accepted,
 * for node:net, under a symbol that has no public name. Otherwise, and on a Deno
 * that does not, it is searched for. Undefined where it cannot be had.
 */
export function tcpDescriptor(socket: Deno.TcpConn): number | undefined {
  if (libcOrNull() === null) return undefined;
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "Deno.internal.fd");
  const descriptor: unknown = symbol && Reflect.get(socket, symbol);
  return typeof descriptor === "number" ? descriptor : findDescriptor(socket.localAddr, socket.remoteAddr);
}

/**
 * The descriptor of the open TCP socket between these two ends, or of the
 * listener where there is no peer; undefined if there is none (it was reset),
 * or no libc. Both names are compared in full: two sockets can share both
 * ports. Takes about 1 µs for each open socket.
 */
export function findDescriptor(local: Deno.NetAddr, peer?: Deno.NetAddr): number | undefined {
  const libc = libcOrNull();
  if (libc === null) return undefined;
  const localName = socketName(local.hostname, local.port);
  const peerName = peer && socketName(peer.hostname, peer.port);
  for (let descriptor = 0, gap = 0; gap < GAP_MAX; descriptor++) {
    const name = ask(libc.getsockname, descriptor);
    gap = name === undefined ? gap + 1 : 0;
    if (name !== undefined && name === localName && ask(libc.getpeername, descriptor) === peerName) return descriptor;
  }
  return undefined;
}

/**
 * The descriptor of the connection over the unix socket at `path` that was
 * dialled there, or accepted, just now; give it back with `forgetUnixDescriptor`
 * before that is closed. It is to be asked for every such connection, so that
 * the one that is not known yet is the newest. Undefined if there is none, or
 * no libc. Takes about 1 µs for each open file and TCP socket.
 */
export function findUnixDescriptor(path: string, made: "dialled" | "accepted"): number | undefined {
  const libc = libcOrNull();
  if (libc === null) return undefined;
  for (let descriptor = 0, gap = 0; gap < GAP_MAX; descriptor++) {
    const known = unixDescriptors.get(descriptor);
    if (known === "open" || (known !== undefined && known === cookieOf(libc, descriptor))) {
      gap = 0;
      continue;
    }
    const local = askUnix(libc.getsockname, descriptor);
    gap = local === undefined ? gap + 1 : 0;
    if (local === undefined) continue;
    // A listener has no peer; one that dials has no name of its own.
    const peer = askUnix(libc.getpeername, descriptor);
    if (peer === undefined || (made === "dialled" ? peer : local) !== path) continue;
    unixDescriptors.set(descriptor, "open");
    return descriptor;
  }
  return undefined;
}

/** To be called while the descriptor is open. */
export function forgetUnixDescriptor(descriptor: number): void {
  const libc = libcOrNull();
  const cookie = libc === null ? undefined : cookieOf(libc, descriptor);
  if (cookie === undefined) unixDescriptors.delete(descriptor);
  else unixDescriptors.set(descriptor, cookie);
}

function ask(call: Libc["getsockname"], descriptor: number): string | undefined {
  sockaddrLength[0] = SOCKADDR_BYTES;
  return call(descriptor, sockaddr, sockaddrLength) === 0 ? socketNameOf(sockaddr) : undefined;
}

/** The path in a unix socket's name, empty where it has none; undefined if the call fails or it is of another family. */
function askUnix(call: Libc["getsockname"], descriptor: number): string | undefined {
  sockaddrLength[0] = sockaddrUnix.length;
  return call(descriptor, sockaddrUnix, sockaddrLength) === 0 ? unixPathOf(sockaddrUnix, sockaddrLength[0]) : undefined;
}

/** Undefined if the call fails. */
function cookieOf(libc: Libc, descriptor: number): bigint | undefined {
  cookieLength[0] = cookie.byteLength;
  return libc.getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, cookie, cookieLength) === 0 ? cookie[0] : undefined;
}
