/** libc through FFI: what Bun has no call for. */
import { libcNames, type SocketCalls } from "../kernel_socket.ts";
import type { Sigaction } from "../signals.ts";
import type { DatagramCalls } from "../unix_datagram.ts";
import { loadFfi } from "./api.ts";

interface Libc extends SocketCalls, DatagramCalls {
  flock(descriptor: number, operation: number): number;
  readonly sigaction: Sigaction;
  shutdown(descriptor: number, how: number): number;
}

// <sys/file.h>
const LOCK_EX = 2;
const LOCK_NB = 4;

let libc: Libc | null | undefined;

/** libc, opened at the first call; null where it cannot be had. */
function libcOrNull(): Libc | null {
  return libc ??= openLibc();
}

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
        close: { args: ["i32"], returns: "i32" },
        setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
        sigaction: { args: ["i32", "ptr", "ptr"], returns: "i32" },
        shutdown: { args: ["i32", "i32"], returns: "i32" },
        poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
        socket: { args: ["i32", "i32", "i32"], returns: "i32" },
        sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
      });
      return symbols as unknown as Libc;
    } catch { // this system has another libc
    }
  }
  return null;
}

/** libc for calls about sockets; null where it cannot be had, and on systems whose numbers are not Linux's. */
export function socketLibc(): Libc | null {
  return process.platform === "linux" ? libcOrNull() : null;
}

/** sigaction(2); undefined where there is no libc. */
export function findSigaction(): Sigaction | undefined {
  return libcOrNull()?.sigaction;
}

/** flock(2), exclusive, without waiting; undefined where there is no libc. */
export function tryFlock(descriptor: number): boolean | undefined {
  const libc = libcOrNull();
  return libc === null ? undefined : libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0;
}
