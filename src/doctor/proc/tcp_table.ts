/** The sockets in /proc/net/tcp and /proc/net/tcp6, as proc_net_tcp(5) and the kernel's Documentation/networking/proc_net_tcp.rst describe them. */

/** The states in which data may wait, and that of a listener, as the kernel numbers them; include/net/tcp_states.h. */
export const TCP_STATE = { established: 1, finWait1: 4, closeWait: 8, listen: 10 } as const;

/** The pending timer of a socket: `probe` runs while the peer's window is closed. */
export const TCP_TIMER = { none: 0, retransmit: 1, keepalive: 2, timeWait: 3, probe: 4 } as const;

export interface SocketRow {
  /** `127.0.0.1:80`, `[::1]:80`; IPv4 addresses in IPv6 form as IPv4. */
  readonly local: string;
  readonly remote: string;
  readonly state: number;
  /** Bytes that the program wrote and the peer has not acknowledged. */
  readonly sendQueue: number;
  /** Bytes that were received and the program has not read; of a listener the connections it has not accepted. */
  readonly receiveQueue: number;
  readonly timer: number;
  /** Retransmissions or probes in a row that have not been answered. */
  readonly unanswered: number;
  readonly uid: number;
  /** 0 while the program has not accepted the connection. */
  readonly inode: number;
}

/** Two ends, state, two queues, timer and its time, retransmissions, user, time-out, inode. */
const ROW =
  /^\s*\d+: ([\dA-F]+:[\dA-F]{4}) ([\dA-F]+:[\dA-F]{4}) ([\dA-F]{2}) ([\dA-F]{8}):([\dA-F]{8}) ([\dA-F]{2}):[\dA-F]+ ([\dA-F]{8})\s+(\d+)\s+\d+ (\d+)/i;

/** Its rows; the heading, and lines that are no row, are left out. */
export function parseTcpTable(table: string): SocketRow[] {
  return table.split("\n").flatMap((line) => {
    const row = ROW.exec(line);
    if (row === null) return [];
    const [, local, remote, state, sendQueue, receiveQueue, timer, unanswered, uid, inode] = row;
    const ends = [nameOfEnd(local), nameOfEnd(remote)];
    if (ends[0] === undefined || ends[1] === undefined) return [];
    return [{
      local: ends[0],
      remote: ends[1],
      state: parseInt(state, 16),
      sendQueue: parseInt(sendQueue, 16),
      receiveQueue: parseInt(receiveQueue, 16),
      timer: parseInt(timer, 16),
      unanswered: parseInt(unanswered, 16),
      uid: Number(uid),
      inode: Number(inode),
    }];
  });
}

/** The port in the name of an end. */
export function portOf(name: string): number {
  return Number(name.slice(name.lastIndexOf(":") + 1));
}

/** The address in the name of an end, without brackets. */
export function hostOf(name: string): string {
  return name.slice(0, name.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

/** Undefined if the address is neither of IPv4 nor of IPv6. */
function nameOfEnd(text: string): string | undefined {
  const [address, port] = text.split(":");
  const host = address.length === 8 ? ipv4(address) : address.length === 32 ? ipv6(address) : undefined;
  return host && `${host}:${parseInt(port, 16)}`;
}

/** The kernel prints words of 32 bits as numbers, so the bytes of each are in reverse on the machines that this runs on. */
function bytesOf(word: string): string[] {
  return word.match(/../g)!.reverse();
}

function ipv4(word: string): string {
  return bytesOf(word).map((byte) => parseInt(byte, 16)).join(".");
}

/** Of `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2): the last word is the IPv4 address. */
const MAPPED = /^0000000000000000FFFF0000/i;

function ipv6(words: string): string {
  if (MAPPED.test(words)) return ipv4(words.slice(24));
  const hex = words.match(/.{8}/g)!.map((word) => bytesOf(word).join("")).join("");
  return new URL(`http://[${hex.match(/.{4}/g)!.join(":")}]/`).hostname; // in the short form of RFC 5952
}
