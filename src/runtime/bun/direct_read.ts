/**
 * Reads a socket that Bun holds without Bun: what the kernel has goes straight
 * into the caller's buffer, while Bun copies it into a chunk, which has to be
 * copied again.
 *
 * Only bytes are taken. The end of the stream and a reset are left for Bun to
 * report: the kernel tells an error once, and Bun does not notice the loss of a
 * paused socket whose error it was not told. So the kernel is first asked how many bytes
 * it has, which also costs less than the exception of a read that finds nothing.
 */
import { readSync } from "node:fs";
import type { BunSocket } from "./api.ts";
import { socketLibc } from "./libc.ts";

/** SIOCINQ of <linux/sockios.h>: bytes that have arrived and have not been read (tcp(7), unix(7)). */
const SIOCINQ = 0x541bn;

/** What one call takes at most. */
export const DIRECT_BYTES_MAX = 512 * 1024;

// The call fills it in, and nothing else runs before it is read.
const waiting = new Int32Array(1);

/** Reads into `into`, which is not empty; returns how many bytes, undefined where none have arrived or Bun has to be asked. */
export function readDirectly(socket: BunSocket<unknown>, into: Uint8Array): number | undefined {
  const libc = socketLibc();
  // Asked for each time: Bun sets it to -1 when it closes the socket, after which the number may be another one's.
  const descriptor = socket.fd;
  if (libc === null || descriptor === -1) return undefined;
  if (libc.ioctl(descriptor, SIOCINQ, waiting) !== 0 || waiting[0] <= 0) return undefined;
  return readSync(descriptor, into, 0, Math.min(into.length, DIRECT_BYTES_MAX), null);
}
