/**
 * libc through FFI: what Deno has no call for. The descriptors of its sockets,
 * which it keeps to itself, come from find_descriptor.ts.
 */
import { libcNames } from "../kernel_socket.ts";
import type { Sigaction } from "../signals.ts";

const SYMBOLS = {
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u64", "i32", "buffer", "u32"], result: "i64" },
} as const;

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let libc: Libc | null | undefined;

/** libc, opened at the first call; null where it cannot be had, and on systems whose numbers are not Linux's. */
export function libcOrNull(): Libc | null {
  return libc ??= openLibc();
}

function openLibc(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  for (const name of libcNames(Deno.build.os, Deno.build.arch)) {
    try {
      return Deno.dlopen(name, SYMBOLS).symbols;
    } catch { // this system has another libc
    }
  }
  return null;
}

/** sigaction(2); undefined where there is no libc. */
export function findSigaction(): Sigaction | undefined {
  return libcOrNull()?.sigaction as Sigaction | undefined;
}
