/**
 * A read of a socket that Bun holds, past Bun: what the kernel has goes straight
 * into the caller's buffer, while Bun copies it into a chunk, which the caller
 * has to copy again.
 *
 * Only bytes are taken. The end of the stream and a reset are left for Bun to
 * report: the kernel tells an error once, and Bun, if it was told to another
 * read, reports an end of stream, or nothing while the socket is paused. So the
 * kernel is first asked how many bytes it has. That also costs a sixth of the
 * exception that a read throws when it finds nothing.
 */
import { readSync } from "node:fs";
import { arrivedBytes } from "../kernel_socket.ts";
import type { BunSocket } from "./api.ts";
import { socketLibc } from "./libc.ts";

/** Returns how many bytes were read; undefined where none have arrived, or only Bun can read the socket. `into` is not empty. */
export function readDirectly(socket: BunSocket<unknown>, into: Uint8Array): number | undefined {
  const libc = socketLibc();
  // Asked for each time: Bun sets it to -1 when it closes the socket, after which the number may be another one's.
  const descriptor = socket.fd;
  if (libc === null || descriptor === -1) return undefined;
  if (arrivedBytes(libc, descriptor) === 0) return undefined;
  return readSync(descriptor, into, 0, into.length, null);
}
