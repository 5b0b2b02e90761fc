/**
 * Deno keeps a socket's descriptor to itself, and with it what the kernel knows
 * of the socket. This finds the descriptor by the socket's two names, and asks.
 */
import {
  F_DUPFD_CLOEXEC,
  isUnanswered,
  libcNames,
  NO_NAME,
  peerWindowOf,
  POLLERR,
  POLLHUP,
  SIOCOUTQ,
  SOCKADDR_BYTES,
  SOCKADDR_UNIX_BYTES,
  socketName,
  socketNameOf,
  type SocketOptions,
  TCP_INFO,
  unixPathOf,
} from "../descriptor.ts";
import type { PeerWindow } from "../net.ts";
import type { Sigaction } from "../signals.ts";

const SYMBOLS = {
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** So many descriptors in a row that are no sockets end the search; the kernel hands out the lowest free one. */
const GAP_MAX = 4096;

const sockaddr = new Uint8Array(SOCKADDR_BYTES);
const sockaddrUnix = new Uint8Array(SOCKADDR_UNIX_BYTES);
const sockaddrLength = new Uint32Array(1);
const queued = new Int32Array(1);
const tcpInfo = new Uint8Array(TCP_INFO.bytes);
const optionLength = new Uint32Array(1);
/** struct pollfd: the descriptor, and what is asked for and what came back as its two halves. */
const polled = new Int32Array(2);
/** Descriptors of unix sockets that are known to be some connection's: their names do not tell them apart. */
const unixDescriptors = new Set<number>();
let libc: Libc | null | undefined;

/** libc, opened at the first call; null where it cannot be had or the requests mean something else. */
function openLibc(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  for (const name of libcNames(Deno.build.os, Deno.build.arch)) {
    try {
      return Deno.dlopen(name, SYMBOLS).symbols;
    } catch { // not this kind of libc
    }
  }
  return null;
}

/** sigaction(2); undefined where there is no libc to ask. */
export function findSigaction(): Sigaction | undefined {
  libc ??= openLibc();
  return libc?.sigaction as Sigaction | undefined;
}

/**
 * The descriptor of the open TCP socket between these two ends, or of the
 * listener where there is no peer; undefined if there is none (it was reset),
 * or no libc. Both names are compared in full: two sockets can share both
 * ports. Takes about 1 µs for each open socket.
 */
export function findDescriptor(local: Deno.NetAddr, peer?: Deno.NetAddr): number | undefined {
  libc ??= openLibc();
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
 * The descriptor of the newest connection over the unix socket at `path` that was
 * dialled there, or accepted, and was not asked for before; give it back with `forgetUnixDescriptor` when that
 * is closed. Undefined if there is none, or no libc.
 */
export function findUnixDescriptor(path: string, made: "dialled" | "accepted"): number | undefined {
  libc ??= openLibc();
  if (libc === null) return undefined;
  for (let descriptor = 0, gap = 0; gap < GAP_MAX; descriptor++) {
    const local = askUnix(libc.getsockname, descriptor);
    gap = local === undefined ? gap + 1 : 0;
    if (local === undefined || unixDescriptors.has(descriptor)) continue;
    // A listener has no peer; one that dials has no name of its own.
    const peer = askUnix(libc.getpeername, descriptor);
    if (peer === undefined || (made === "dialled" ? peer : local) !== path) continue;
    unixDescriptors.add(descriptor);
    return descriptor;
  }
  return undefined;
}

export function forgetUnixDescriptor(descriptor: number): void {
  unixDescriptors.delete(descriptor);
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

/** SIOCOUTQ of a descriptor that {@link findDescriptor} gave; undefined if the call fails. */
export function sendQueueBytes(descriptor: number): number | undefined {
  return libc?.ioctl(descriptor, BigInt(SIOCOUTQ), queued) === 0 ? queued[0] : undefined;
}

/**
 * For a unix socket: bytes that the peer's program has not read. Undefined also
 * when the peer has closed with some unread, for those are gone from the queue
 * then; and, unless `isEnded` says that a read has found the end and no error,
 * when it has closed at all, since a read may just have consumed that error.
 */
export function unreadByPeer(descriptor: number, isEnded: boolean): number | undefined {
  const bytes = sendQueueBytes(descriptor);
  polled[0] = descriptor;
  polled[1] = 0;
  // Asked after the queue: the kernel tells of the end before it empties that.
  const isUntold = isEnded ? POLLERR : POLLERR | POLLHUP;
  return libc?.poll(polled, 1n, 0) === -1 || (polled[1] >>> 16 & isUntold) !== 0 ? undefined : bytes;
}

/** Undefined if the call fails. */
export function peerWindow(descriptor: number): PeerWindow | undefined {
  optionLength[0] = TCP_INFO.bytes;
  const status = libc?.getsockopt(descriptor, TCP_INFO.level, TCP_INFO.option, tcpInfo, optionLength);
  return status === 0 ? peerWindowOf(tcpInfo, optionLength[0]) : undefined;
}

/** Does the peer leave retransmissions or probes unanswered? Undefined if the call fails. */
export function isPeerSilent(descriptor: number): boolean | undefined {
  optionLength[0] = TCP_INFO.bytes;
  const status = libc?.getsockopt(descriptor, TCP_INFO.level, TCP_INFO.option, tcpInfo, optionLength);
  return status === 0 ? isUnanswered(tcpInfo) : undefined;
}

/** Sets what Deno's own calls cannot; TCP sockets that a listener accepts have it from the listener. */
export function setSocketOptions(descriptor: number, options: SocketOptions): void {
  for (const [level, option, value] of options) {
    libc?.setsockopt(descriptor, level, option, new Int32Array([value]), 4);
  }
}

/** Holds the socket by a second descriptor; the function resets it and lets go. Undefined if the call fails. */
export function holdSocket(descriptor: number): (() => void) | undefined {
  const held = libc?.fcntl(descriptor, F_DUPFD_CLOEXEC, 0) ?? -1;
  if (held === -1) return undefined;
  return () => {
    libc?.connect(held, NO_NAME, NO_NAME.length);
    libc?.close(held);
  };
}
