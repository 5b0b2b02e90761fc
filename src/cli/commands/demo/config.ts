/**
 * The demo's configuration. What a consumer's kernel has acknowledged and the
 * consumer has not read is lost when it dies, so the relay keeps that much in
 * order to send it again.
 */
import { join } from "node:path";

const MIB = 1024 * 1024;
/** Linux's default, for where the limit cannot be read. */
const UNREAD_BYTES = 6 * MIB;
/** A route's default; half of it may be kept to be sent again. */
const MEMORY_BYTES = 16 * MIB;

/** The most that a kernel keeps unread for one connection, in bytes; `rmem` is what is in /proc/sys/net/ipv4/tcp_rmem. */
export function unreadBytesMax(rmem: string): number {
  return Number(rmem.trim().split(/\s+/)[2]) || UNREAD_BYTES;
}

/** For a relay to `target` whose consumer may die with `unreadBytes`. */
export function configFor(directory: string, target: string, unreadBytes: number): string {
  return `
[[route]]
name = "demo"
source.listen = "127.0.0.1:0"
target.connect = ${JSON.stringify(target)}
memory.max_bytes = "${Math.max(MEMORY_BYTES, 2 * (unreadBytes + MIB))}B"
journal.dir = ${JSON.stringify(join(directory, "journal"))}
journal.segment_bytes = "8MiB"
`;
}
