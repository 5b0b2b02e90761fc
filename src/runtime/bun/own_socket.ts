/**
 * A second descriptor of a socket of Bun's, which belongs to this program: it
 * stays open when Bun closes its own, and while it is open the peer notices
 * nothing of that.
 */
import { closeSync, readSync, writeSync } from "node:fs";
import { KernelSocket } from "../kernel_socket.ts";
import { errnoName } from "../system_error.ts";
import type { BunSocket } from "./api.ts";
import { socketLibc } from "./libc.ts";

// <sys/socket.h>
const SHUT_WR = 1;

export class OwnSocket extends KernelSocket {
  /** Undefined where no second descriptor can be had, or it would be of no use. */
  static of(socket: BunSocket<unknown>, isUnix: boolean): OwnSocket | undefined {
    const copy = kernelSocketOf(socket, isUnix)?.duplicate();
    return copy === undefined ? undefined : new OwnSocket(socketLibc()!, copy, isUnix);
  }

  /** Reads what has arrived, without waiting. Returns how many bytes, 0 at the end of the stream, undefined where nothing has arrived. */
  readNow(into: Uint8Array): number | undefined {
    try {
      return readSync(this.descriptor, into, 0, into.length, null);
    } catch (error) {
      if (errnoName(error) === "EAGAIN") return undefined;
      throw error;
    }
  }

  /** As Bun's write: how many bytes the kernel took, 0 where it has no room, -1 where the connection is lost. */
  writeNow(bytes: Uint8Array): number {
    try {
      return writeSync(this.descriptor, bytes, 0, bytes.length, null);
    } catch (error) {
      return errnoName(error) === "EAGAIN" ? 0 : -1;
    }
  }

  /** Sends FIN. */
  shutdownWrite(): void {
    socketLibc()?.shutdown(this.descriptor, SHUT_WR);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The socket by Bun's own descriptor; undefined where it is closed, or no libc can be had. */
export function kernelSocketOf(socket: BunSocket<unknown>, isUnix: boolean): KernelSocket | undefined {
  const libc = socketLibc();
  return libc === null || socket.fd === -1 ? undefined : new KernelSocket(libc, socket.fd, isUnix);
}
