/**
 * What the adapters need to know of Linux to ask the kernel about a socket
 * through libc: library names, the request's number, and how a socket's name
 * (address and port) looks to getsockname(2).
 */
import type { PeerWindow } from "./net.ts";

/** SIOCOUTQ of <linux/sockios.h>: bytes in the send queue that are not acknowledged (tcp(7)). */
export const SIOCOUTQ = 0x5411;

const IPPROTO_TCP = 6;

/** TCP_INFO of getsockopt(2): what the kernel knows of a connection, as struct tcp_info of <linux/tcp.h>. */
export const TCP_INFO = { level: IPPROTO_TCP, option: 11, bytes: 232 } as const;

// Its first bytes are one field each.
const TCPI_STATE = 0;
const TCPI_RETRANSMITS = 2;
const TCPI_PROBES = 3;
/** The peer's window scale in the lower half. */
const TCPI_WINDOW_SCALES = 6;
// These are u32; the last one is there since Linux 5.4.
const TCPI_NOTSENT_BYTES = 144;
const TCPI_DATA_SEGS_OUT = 156;
const TCPI_SND_WND = 228;

/** Does this tcp_info tell of retransmissions or probes that no acknowledgement has followed? */
export function isUnanswered(info: Uint8Array): boolean {
  return info[TCPI_RETRANSMITS] > 0 || info[TCPI_PROBES] > 0;
}

/** A connection that was reset, of the states in <net/tcp_states.h>. */
const TCP_CLOSE = 7;

/** The window that the peer advertised last, from the first `length` bytes of a tcp_info, which an older kernel does not fill. */
export function peerWindowOf(info: Uint8Array, length: number): PeerWindow {
  const isKnown = length >= TCPI_SND_WND + 4;
  return {
    bytes: isKnown ? u32(info, TCPI_SND_WND) : undefined,
    scale: info[TCPI_WINDOW_SCALES] & 0x0f,
    notSentBytes: isKnown ? u32(info, TCPI_NOTSENT_BYTES) : 0,
    segmentsSent: isKnown ? u32(info, TCPI_DATA_SEGS_OUT) : 0,
    isReset: info[TCPI_STATE] === TCP_CLOSE,
  };
}

/** In the byte order of this machine, which is little-endian on all that there are builds for. */
function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
}

/** What poll(2) says of a socket that has an error to tell, and of one that is closed at both sides. */
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

/** What poll(2) says of a socket whose queue holds a byte that its peer sent as urgent. */
export const POLLPRI = 0x2;

/** For setsockopt(2). */
export type SocketOptions = readonly (readonly [level: number, option: number, value: number])[];

/** For getsockopt(2) and setsockopt(2): the level of socket(7), and what is asked for there. */
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVLOWAT = 18;
/** A number that no other socket of this machine has or will have, 8 bytes. */
export const SO_COOKIE = 57;
const SO_OOBINLINE = 10;

/**
 * A byte that is sent as urgent (MSG_OOB) is a byte of the stream (SO_OOBINLINE):
 * else the kernel would take it out, and nobody would know.
 */
export const UNIX_OPTIONS: SocketOptions = [[SOL_SOCKET, SO_OOBINLINE, 1]];

/**
 * Beside that, when an idle connection is asked whether its peer is still there:
 * TCP_KEEPIDLE and TCP_KEEPINTVL in seconds, TCP_KEEPCNT; Linux's own first
 * question would come after two hours.
 */
export const TCP_OPTIONS: SocketOptions = [
  ...UNIX_OPTIONS,
  [IPPROTO_TCP, 4, 15],
  [IPPROTO_TCP, 5, 5],
  [IPPROTO_TCP, 6, 4],
];

/** Where libc may be, the likeliest first: glibc, musl on this processor, other systems. */
export function libcNames(os: string, architecture: string): string[] {
  if (os === "darwin") return ["libSystem.B.dylib"];
  const processor = architecture === "arm64" ? "aarch64" : architecture === "x64" ? "x86_64" : architecture;
  return ["libc.so.6", `libc.musl-${processor}.so.1`, "libc.so"];
}

/** A name of no family, for connect(2): dissolves a connection, which sends RST to its peer. */
export const NO_NAME = new Uint8Array(16);

/** For fcntl(2), on Linux only. */
export const F_DUPFD_CLOEXEC = 1030;

const AF_INET = 2;
const AF_INET6 = 10;

const AF_UNIX = 1;

/** Bytes of sockaddr_un: the family and 108 bytes of path (unix(7)). */
export const SOCKADDR_UNIX_BYTES = 110;

/** The path in a sockaddr_un of so many bytes; empty for a socket without a name; undefined for other families. */
export function unixPathOf(sockaddr: Uint8Array, length: number): string | undefined {
  if ((sockaddr[0] | sockaddr[1] << 8) !== AF_UNIX) return undefined;
  const path = sockaddr.subarray(2, Math.min(length, SOCKADDR_UNIX_BYTES));
  const end = path.indexOf(0);
  return new TextDecoder().decode(end === -1 ? path : path.subarray(0, end));
}

/** Bytes of the largest name that getsockname(2) gives for TCP: sockaddr_in6, rounded up. */
export const SOCKADDR_BYTES = 32;

/**
 * A socket name in one form for all families, so that names compare as
 * strings: 16 address bytes in hex, IPv4 mapped into IPv6, then the port.
 * Undefined if `host` is no literal address.
 */
export function socketName(host: string, port: number): string | undefined {
  const groups = host.includes(":") ? ipv6Groups(host) : ipv4Groups(host);
  return groups === undefined ? undefined : nameOf(groups, port);
}

/** The same form for a sockaddr as the kernel filled it in; undefined for other families than IPv4 and IPv6. */
export function socketNameOf(sockaddr: Uint8Array): string | undefined {
  const family = sockaddr[0] | sockaddr[1] << 8;
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  const port = view.getUint16(2);
  if (family === AF_INET) return nameOf([0, 0, 0, 0, 0, 0xffff, view.getUint16(4), view.getUint16(6)], port);
  if (family !== AF_INET6) return undefined;
  return nameOf(Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i)), port);
}

function nameOf(groups: readonly number[], port: number): string {
  return groups.map((group) => group.toString(16).padStart(4, "0")).join("") + ":" + port;
}

function ipv4Groups(host: string): number[] | undefined {
  const bytes = host.split(".").map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  return [0, 0, 0, 0, 0, 0xffff, bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]];
}

/** RFC 4291, 2.2: groups of hex digits, `::` for a run of zeros, a dotted IPv4 tail, a scope after `%`. */
function ipv6Groups(host: string): number[] | undefined {
  const [head, tail, more] = host.split("%")[0].split("::").map(groupsOf);
  if (more !== undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail ?? []];
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined;
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    return ipv4Groups(group)?.slice(6) ?? [NaN];
  });
}
