/**
 * A socket as the kernel knows it, asked through one of its descriptors: what
 * both adapters need libc for, since neither runtime has calls for it. All of
 * it is for Linux; the numbers are those of its headers.
 */
import type { PeerWindow } from "./net.ts";

/** The calls of libc that a {@link KernelSocket} makes. Each returns -1 when it fails. */
export interface SocketCalls {
  ioctl(descriptor: number, request: bigint, argument: Int32Array): number;
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: Uint32Array): number;
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
  fcntl(descriptor: number, command: number, argument: number): number;
  connect(descriptor: number, name: Uint8Array, length: number): number;
  close(descriptor: number): number;
  poll(descriptors: Int32Array, count: bigint, timeoutMs: number): number;
}

/** Names of libc, the likeliest first: of glibc, of musl on this processor, of other systems. */
export function libcNames(os: string, architecture: string): string[] {
  if (os === "darwin") return ["libSystem.B.dylib"];
  const processor = architecture === "arm64" ? "aarch64" : architecture === "x64" ? "x86_64" : architecture;
  return ["libc.so.6", `libc.musl-${processor}.so.1`, "libc.so"];
}

/** SIOCOUTQ of <linux/sockios.h>: bytes in the send queue that are not acknowledged (tcp(7)). */
const SIOCOUTQ = 0x5411n;

/** SIOCINQ of <linux/sockios.h>: bytes that have arrived and have not been read (tcp(7), unix(7)). */
const SIOCINQ = 0x541bn;

const F_DUPFD_CLOEXEC = 1030;

/** A name of no family, for connect(2): dissolves a connection, which sends RST to its peer. */
const NO_NAME = new Uint8Array(16);

/** For poll(2): readable, an urgent byte in the queue, writable, an error to report, closed in both directions. */
export const POLL = { in: 0x1, pri: 0x2, out: 0x4, err: 0x8, hup: 0x10 } as const;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_OOBINLINE = 10;
const SO_RCVLOWAT = 18;

type SocketOptions = readonly (readonly [level: number, option: number, value: number])[];

/**
 * A byte that is sent as urgent (MSG_OOB) is a byte of the stream (SO_OOBINLINE):
 * without that the kernel takes it out of the stream, and it is lost unseen.
 */
const UNIX_OPTIONS: SocketOptions = [[SOL_SOCKET, SO_OOBINLINE, 1]];

const IPPROTO_TCP = 6;

/**
 * In addition, when the kernel asks an idle connection's peer for a sign of life:
 * TCP_KEEPIDLE and TCP_KEEPINTVL in seconds, TCP_KEEPCNT. Linux's default is to
 * begin after two hours.
 */
const TCP_OPTIONS: SocketOptions = [
  ...UNIX_OPTIONS,
  [IPPROTO_TCP, 4, 15],
  [IPPROTO_TCP, 5, 5],
  [IPPROTO_TCP, 6, 4],
];

/** TCP_INFO of getsockopt(2): struct tcp_info of <linux/tcp.h>. */
const TCP_INFO = 11;
// Its first bytes are one field each.
const TCPI_STATE = 0;
const TCPI_RETRANSMITS = 2;
const TCPI_PROBES = 3;
/** The peer's window scale is the lower half. */
const TCPI_WINDOW_SCALES = 6;
// These are u32; the last one is there since Linux 5.4.
const TCPI_NOTSENT_BYTES = 144;
const TCPI_DATA_SEGS_OUT = 156;
const TCPI_SND_WND = 228;
/** A u64, in µs, there since Linux 4.9. */
const TCPI_RWND_LIMITED = 176;

/** The state of a connection that was reset (<net/tcp_states.h>). */
const TCP_CLOSE = 7;

// What the calls fill in. Nothing else runs between a call and the reading of its result.
const queued = new Int32Array(1);
const optionLength = new Uint32Array(1);
const sendBuffer = new Int32Array(1);
const sendBufferBytes = new Uint8Array(sendBuffer.buffer);
const tcpInfoBytes = new Uint8Array(232);
const tcpInfo = new DataView(tcpInfoBytes.buffer);
/** struct pollfd of one descriptor: its number; 16 bits of events that are asked for; 16 bits of the answer. */
const polled = new Int32Array(2);

export class KernelSocket {
  /** `descriptor` is open for as long as this object is used. */
  constructor(private readonly libc: SocketCalls, readonly descriptor: number, readonly isUnix: boolean) {}

  /** Sets what no call of the runtimes sets. What a listener accepts has the options of the listener over TCP. */
  setOptions(): void {
    for (const [level, option, value] of this.isUnix ? UNIX_OPTIONS : TCP_OPTIONS) this.#set(level, option, value);
  }

  /** A second descriptor of the same socket; undefined if none can be had. */
  duplicate(): number | undefined {
    const copy = this.libc.fcntl(this.descriptor, F_DUPFD_CLOEXEC, 0);
    return copy === -1 ? undefined : copy;
  }

  /**
   * As `Connection.unacknowledgedBytes`. A unix socket's queue is what the
   * peer's program has not read; undefined also when the peer has closed with
   * bytes unread, which are gone from the queue then. Unless `isEnded` says that
   * a read has found the end and no error, it is undefined when the peer has
   * closed at all: a read may just have consumed that error.
   */
  unacknowledgedBytes(isEnded: boolean): number | undefined {
    const bytes = this.libc.ioctl(this.descriptor, SIOCOUTQ, queued) === 0 ? queued[0] : undefined;
    if (!this.isUnix) return bytes;
    polled[0] = this.descriptor;
    polled[1] = 0;
    // After the queue: the kernel reports the end before it empties the queue.
    const isUnknown = isEnded ? POLL.err : POLL.err | POLL.hup;
    return this.libc.poll(polled, 1n, 0) === -1 || (polled[1] >>> 16 & isUnknown) !== 0 ? undefined : bytes;
  }

  /** As `Connection.arrivedBytes`. */
  arrivedBytes(): number {
    return arrivedBytes(this.libc, this.descriptor);
  }

  /** As `Connection.peerWindow`. */
  peerWindow(): PeerWindow | undefined {
    const length = this.#readTcpInfo();
    if (length === undefined) return undefined;
    // An older kernel fills in less.
    const isKnown = length >= TCPI_SND_WND + 4;
    // All machines that there are builds for are little-endian.
    return {
      bytes: isKnown ? tcpInfo.getUint32(TCPI_SND_WND, true) : undefined,
      scale: tcpInfo.getUint8(TCPI_WINDOW_SCALES) & 0x0f,
      notSentBytes: isKnown ? tcpInfo.getUint32(TCPI_NOTSENT_BYTES, true) : 0,
      segmentsSent: isKnown ? tcpInfo.getUint32(TCPI_DATA_SEGS_OUT, true) : 0,
      limitedMs: length >= TCPI_RWND_LIMITED + 8 ? Number(tcpInfo.getBigUint64(TCPI_RWND_LIMITED, true)) / 1000 : 0,
      isReset: tcpInfo.getUint8(TCPI_STATE) === TCP_CLOSE,
    };
  }

  /** As `Connection.unanswered`. */
  unanswered(): boolean | undefined {
    if (this.#readTcpInfo() === undefined) return undefined;
    return tcpInfo.getUint8(TCPI_RETRANSMITS) > 0 || tcpInfo.getUint8(TCPI_PROBES) > 0;
  }

  /** As `Connection.holdForReset`. */
  holdForReset(): (() => void) | undefined {
    const held = this.isUnix ? undefined : this.duplicate();
    if (held === undefined) return undefined;
    return () => {
      this.libc.connect(held, NO_NAME, NO_NAME.length);
      this.libc.close(held);
    };
  }

  /**
   * Makes the kernel report once more to epoll(7), where it reports changes only,
   * that the socket can be read. For TCP it does so when SO_RCVLOWAT is set, also
   * to the same value. A unix socket has no such option; there, setting the size
   * of the send buffer makes it report room to write, and with that everything
   * else. Where there is no such room, it reports as soon as the peer has made some.
   */
  reportReadableAgain(): void {
    if (!this.isUnix) return this.#set(SOL_SOCKET, SO_RCVLOWAT, 1);
    optionLength[0] = sendBuffer.byteLength;
    if (this.libc.getsockopt(this.descriptor, SOL_SOCKET, SO_SNDBUF, sendBufferBytes, optionLength) !== 0) return;
    // The kernel doubles what it is given.
    this.#set(SOL_SOCKET, SO_SNDBUF, sendBuffer[0] / 2);
  }

  #set(level: number, option: number, value: number): void {
    this.libc.setsockopt(this.descriptor, level, option, new Int32Array([value]), 4);
  }

  /** Fills {@link tcpInfo}; how many bytes the kernel knows, undefined for a unix socket and if the call fails. */
  #readTcpInfo(): number | undefined {
    if (this.isUnix) return undefined;
    optionLength[0] = tcpInfo.byteLength;
    const status = this.libc.getsockopt(this.descriptor, IPPROTO_TCP, TCP_INFO, tcpInfoBytes, optionLength);
    return status === 0 ? optionLength[0] : undefined;
  }
}

/** Bytes that have arrived on a socket and have not been read; 0 also where the kernel does not tell. */
export function arrivedBytes(libc: SocketCalls, descriptor: number): number {
  return libc.ioctl(descriptor, SIOCINQ, queued) === 0 ? Math.max(0, queued[0]) : 0;
}

/**
 * poll(2) on all of `descriptors`, without waiting: calls `report` for each that
 * has something to report of what `eventsOf` asks for ({@link POLL}) or an error,
 * with its index and the events.
 */
export function pollNow(
  libc: SocketCalls,
  descriptors: readonly number[],
  eventsOf: (index: number) => number,
  report: (index: number, events: number) => void,
): void {
  const polled = new Int32Array(2 * descriptors.length);
  for (let i = 0; i < descriptors.length; i++) {
    polled[2 * i] = descriptors[i];
    polled[2 * i + 1] = eventsOf(i);
  }
  if (libc.poll(polled, BigInt(descriptors.length), 0) <= 0) return;
  for (let i = 0; i < descriptors.length; i++) {
    const events = polled[2 * i + 1] >>> 16;
    if (events !== 0) report(i, events);
  }
}
