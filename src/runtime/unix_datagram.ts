/**
 * One datagram to a unix socket (unix(7)), by libc: neither runtime has a stable
 * call for it. The numbers are those of Linux.
 */
import { UNIX_PATH_BYTES_MAX } from "./address.ts";

/** The calls of libc that {@link sendUnixDatagram} makes. Each returns -1 when it fails. */
export interface DatagramCalls {
  socket(family: number, type: number, protocol: number): number;
  sendto(
    descriptor: number,
    bytes: Uint8Array,
    length: bigint,
    flags: number,
    name: Uint8Array,
    nameLength: number,
  ): number | bigint;
  close(descriptor: number): number;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends `bytes` to the socket at `path`, `@name` for an abstract one, without ever
 * waiting. False if it was not taken: nobody listens there, the receiver's queue is
 * full, the path is too long.
 */
export function sendUnixDatagram(libc: DatagramCalls, path: string, bytes: Uint8Array): boolean {
  const name = socketName(path);
  if (name === undefined) return false;
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor === -1) return false;
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const sent = libc.sendto(descriptor, bytes, BigInt(bytes.length), flags, name, name.length);
  libc.close(descriptor);
  return Number(sent) === bytes.length;
}

/** A struct sockaddr_un, as long as it is used: the name of an abstract socket has no zero at its end. */
function socketName(path: string): Uint8Array | undefined {
  const text = new TextEncoder().encode(path);
  if (text.length === 0 || text.length > UNIX_PATH_BYTES_MAX) return undefined;
  const isAbstract = path.startsWith("@");
  const name = new Uint8Array(2 + text.length + (isAbstract ? 0 : 1));
  // All machines that there are builds for are little-endian.
  name[0] = AF_UNIX;
  name.set(text, 2);
  if (isAbstract) name[2] = 0;
  return name;
}
