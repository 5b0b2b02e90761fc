/** libc through FFI: what Bun has no call for. */
import { closeSync } from "node:fs";
import {
  F_DUPFD_CLOEXEC,
  isUnanswered,
  libcNames,
  NO_NAME,
  peerWindowOf,
  POLLERR,
  POLLHUP,
  SIOCOUTQ,
  type SocketOptions,
  TCP_INFO,
} from "../descriptor.ts";
import type { PeerWindow } from "../net.ts";
import type { Sigaction } from "../signals.ts";
import { loadFfi } from "./api.ts";

interface Libc {
  flock(descriptor: number, operation: number): number;
  fcntl(descriptor: number, command: number, argument: number): number;
  ioctl(descriptor: number, request: number, argument: Int32Array): number;
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: Uint32Array): number;
  connect(descriptor: number, name: Uint8Array, length: number): number;
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
  readonly sigaction: Sigaction;
  shutdown(descriptor: number, how: number): number;
  poll(descriptors: Int32Array, count: bigint, timeoutMs: number): number;
}

// <sys/file.h>
const LOCK_EX = 2;
const LOCK_NB = 4;

const queued = new Int32Array(1);
const tcpInfo = new Uint8Array(TCP_INFO.bytes);
const optionLength = new Uint32Array(1);
/** struct pollfd: the descriptor, and what is asked for and what came back as its two halves. */
const polled = new Int32Array(2);
let libc: Libc | null | undefined;

/** libc, opened at the first call; null where it cannot be had. */
function openLibc(): Libc | null {
  const ffi = loadFfi();
  for (const name of libcNames(process.platform, process.arch)) {
    try {
      const { symbols } = ffi.dlopen(name, {
        flock: { args: ["i32", "i32"], returns: "i32" },
        fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
        ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
        getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
        connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
        setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
        sigaction: { args: ["i32", "ptr", "ptr"], returns: "i32" },
        shutdown: { args: ["i32", "i32"], returns: "i32" },
        poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
      });
      return symbols as unknown as Libc;
    } catch { // not this kind of libc
    }
  }
  return null;
}

/** sigaction(2); undefined where there is no libc to ask. */
export function findSigaction(): Sigaction | undefined {
  libc ??= openLibc();
  return libc?.sigaction;
}

/** flock(2), exclusive, without waiting; undefined where there is no libc to ask. */
export function tryFlock(descriptor: number): boolean | undefined {
  libc ??= openLibc();
  return libc === null ? undefined : libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0;
}

/** A second descriptor of the same socket, which Bun does not close; undefined where it would be of no use. */
export function duplicate(descriptor: number): number | undefined {
  libc ??= openLibc();
  if (libc === null || process.platform !== "linux") return undefined;
  const copy = libc.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return copy === -1 ? undefined : copy;
}

/** SIOCOUTQ of a descriptor that {@link duplicate} gave; undefined if the call fails. */
export function sendQueueBytes(descriptor: number): number | undefined {
  return libc?.ioctl(descriptor, SIOCOUTQ, queued) === 0 ? queued[0] : undefined;
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

/** Sets what Bun's own calls cannot. */
export function setSocketOptions(descriptor: number, options: SocketOptions): void {
  libc ??= openLibc();
  if (process.platform !== "linux") return;
  for (const [level, option, value] of options) {
    libc?.setsockopt(descriptor, level, option, new Int32Array([value]), 4);
  }
}

// <sys/socket.h>
const SHUT_WR = 1;

/** Sends FIN. */
export function shutdownWrite(descriptor: number): void {
  libc?.shutdown(descriptor, SHUT_WR);
}

/** For `poll`, and what it answers besides; poll(2). */
export const POLL = { in: 1, out: 4 } as const;

/**
 * Which of these descriptors are ready, without waiting: calls `ready` with the
 * index of each that can be read or written as `events` asks ({@link POLL}), or
 * has lost its connection.
 */
export function pollNow(descriptors: readonly number[], events: readonly number[], ready: (index: number) => void) {
  // struct pollfd: the descriptor; 16 bits that ask; 16 bits that answer.
  const polled = new Int32Array(2 * descriptors.length);
  for (let i = 0; i < descriptors.length; i++) {
    polled[2 * i] = descriptors[i];
    polled[2 * i + 1] = events[i];
  }
  if (libc === undefined || libc === null || libc.poll(polled, BigInt(descriptors.length), 0) <= 0) return;
  for (let i = 0; i < descriptors.length; i++) if (polled[2 * i + 1] >>> 16 !== 0) ready(i);
}

/** Holds the socket by a further descriptor; the function resets it and lets go. Undefined if the call fails. */
export function holdSocket(descriptor: number): (() => void) | undefined {
  const held = duplicate(descriptor);
  if (held === undefined) return undefined;
  return () => {
    libc?.connect(held, NO_NAME, NO_NAME.length);
    closeSync(held);
  };
}
