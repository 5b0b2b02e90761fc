/** Names of sockets (address and port, or a path) as getsockname(2) and getpeername(2) of Linux give them. */

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Bytes of sockaddr_un: the family and 108 bytes of path (unix(7)). */
export const SOCKADDR_UNIX_BYTES = 110;

/** The path in a sockaddr_un of `length` bytes; empty for a socket without a name; undefined for other families. */
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
