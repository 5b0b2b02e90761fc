/**
 * libc through FFI: what Deno has no call for. The descriptors of its sockets,
 * which it keeps to itself, come from find_descriptor.ts.
 */
import {
  F_DUPFD_CLOEXEC,
  isUnanswered,
  libcNames,
  NO_NAME,
  peerWindowOf,
  POLLERR,
  POLLHUP,
  POLLPRI,
  SIOCOUTQ,
  SO_RCVLOWAT,
  SO_SNDBUF,
  type SocketOptions,
  SOL_SOCKET,
  TCP_INFO,
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

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const queued = new Int32Array(1);
const tcpInfo = new Uint8Array(TCP_INFO.bytes);
const optionLength = new Uint32Array(1);
const sendBuffer = new Uint8Array(4);
/** struct pollfd: the descriptor, and what is asked for and what came back as its two halves. */
const polled = new Int32Array(2);
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

/** libc; null where it cannot be had. */
export function libcOrNull(): Libc | null {
  return libc ??= openLibc();
}

/** sigaction(2); undefined where there is no libc to ask. */
export function findSigaction(): Sigaction | undefined {
  return libcOrNull()?.sigaction as Sigaction | undefined;
}

/** SIOCOUTQ of a descriptor that find_descriptor.ts gave; undefined if the call fails. */
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

/** Which of these sockets hold a byte that their peer sent as urgent, as indexes into `descriptors`. */
export function holdUrgent(descriptors: readonly number[]): number[] {
  // struct pollfd, see above.
  const asked = new Int32Array(2 * descriptors.length);
  for (let i = 0; i < descriptors.length; i++) {
    asked[2 * i] = descriptors[i];
    asked[2 * i + 1] = POLLPRI;
  }
  const count = libc?.poll(asked, BigInt(descriptors.length), 0) ?? 0;
  if (count <= 0) return [];
  return [...descriptors.keys()].filter((i) => (asked[2 * i + 1] >>> 16 & POLLPRI) !== 0);
}

/**
 * Makes the kernel tell those who wait for an edge (epoll(7)) once more that a
 * socket can be read. It does so when it is told from which length on a TCP
 * socket counts as readable, also when that stays the same. A unix socket has
 * no such call; there it tells of room to write when the size of the send
 * buffer is set, and with it of all else. Where there is no such room, it tells
 * as soon as the peer has made some.
 */
export function tellAgain(descriptor: number, isUnix: boolean): void {
  if (!isUnix) return setSocketOptions(descriptor, [[SOL_SOCKET, SO_RCVLOWAT, 1]]);
  optionLength[0] = sendBuffer.byteLength;
  if (libc?.getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, sendBuffer, optionLength) !== 0) return;
  // The kernel doubles what it is given.
  const bytes = new DataView(sendBuffer.buffer).getInt32(0, true) / 2;
  setSocketOptions(descriptor, [[SOL_SOCKET, SO_SNDBUF, bytes]]);
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
