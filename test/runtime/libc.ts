/** Sockets without a runtime in between, by FFI: a listener that never accepts, a look at socket options, a change of namespace. */
import { readdirSync } from "node:fs";
import {
  SOCKADDR_BYTES,
  SOCKADDR_UNIX_BYTES,
  socketName,
  socketNameOf,
  unixPathOf,
} from "../../src/runtime/socket_name.ts";
import type { Address, Connection } from "../../src/runtime/net.ts";
import { parseAddress } from "../../src/runtime/address.ts";

type Call = (...args: unknown[]) => number;
const INT = "i32";
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  socket: [INT, INT, INT],
  bind: [INT, "pointer", INT],
  listen: [INT, INT],
  accept: [INT, "pointer", "pointer"],
  close: [INT],
  getsockname: [INT, "pointer", "pointer"],
  getpeername: [INT, "pointer", "pointer"],
  getsockopt: [INT, INT, INT, "pointer", "pointer"],
  connect: [INT, "pointer", INT],
  setns: [INT, INT],
  send: [INT, "pointer", INT, INT],
  socketpair: [INT, INT, INT, "pointer"],
};

function openLibc(): Readonly<Record<string, Call>> {
  if ("Deno" in globalThis) {
    const symbols = Object.entries(SIGNATURES).map(([name, args]) => {
      const parameters = args.map((arg) => arg === INT ? "i32" as const : "buffer" as const);
      return [name, { parameters, result: "i32" as const }];
    });
    return Deno.dlopen("libc.so.6", Object.fromEntries(symbols)).symbols as unknown as Record<string, Call>;
  }
  const ffi = process.getBuiltinModule("bun:ffi") as unknown as {
    dlopen(name: string, symbols: unknown): { symbols: Readonly<Record<string, Call>> };
  };
  const symbols = Object.entries(SIGNATURES).map(([name, args]) => [name, { args, returns: INT }]);
  return ffi.dlopen("libc.so.6", Object.fromEntries(symbols)).symbols;
}

let opened: Readonly<Record<string, Call>> | undefined;

function libc(): Readonly<Record<string, Call>> {
  return opened ??= openLibc();
}

export interface DeafListener {
  readonly port: number;
  /** Accepts and closes whatever waits. */
  dismiss(): void;
  close(): void;
}

/** A TCP port of 127.0.0.1 with a backlog of none, on which nothing is accepted. */
export function deafListener(): DeafListener {
  const descriptor = libc().socket(2, 1 | 2048, 0); // AF_INET, SOCK_STREAM | SOCK_NONBLOCK
  const address = new Uint8Array(16);
  address.set([2, 0, 0, 0, 127, 0, 0, 1]);
  if (libc().bind(descriptor, address, 16) !== 0) throw new Error("bind failed");
  if (libc().listen(descriptor, 0) !== 0) throw new Error("listen failed");
  const name = new Uint8Array(SOCKADDR_BYTES);
  libc().getsockname(descriptor, name, new Uint32Array([SOCKADDR_BYTES]));
  return {
    port: name[2] << 8 | name[3],
    dismiss() {
      for (;;) {
        const waiting = libc().accept(descriptor, new Uint8Array(SOCKADDR_BYTES), new Uint32Array([SOCKADDR_BYTES]));
        if (waiting === -1) return;
        libc().close(waiting);
      }
    },
    close: () => void libc().close(descriptor),
  };
}

/** An integer socket option of a TCP connection of this process. */
export function socketOption(connection: Connection, level: number, option: number): number {
  return new DataView(optionBytes(connection, level, option, 4).buffer).getInt32(0, true);
}

/** How often the kernel has asked or sent again in a row: tcpi_backoff of TCP_INFO. Not set back by a closed window. */
export function backoff(connection: Connection): number {
  return optionBytes(connection, 6, 11, 8)[4];
}

function optionBytes(connection: Connection, level: number, option: number, length: number): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(length);
  const status = libc().getsockopt(descriptorOf(connection), level, option, value, new Uint32Array([length]));
  if (status !== 0) throw new Error("getsockopt failed");
  return value;
}

/** Sockets that this thread makes from now on belong to the namespace of which this is an open file. */
export function enterNamespace(descriptor: number): void {
  if (libc().setns(descriptor, 0) !== 0) throw new Error("setns failed");
}

/**
 * Makes the kernel send RST from this end: connect(2) to AF_UNSPEC dissolves
 * the association. (Deno's own close() sends FIN first, and then RST is too
 * late to be noticed.)
 */
export function abort(connection: Connection): void {
  if (libc().connect(descriptorOf(connection), new Uint8Array(16), 16) !== 0) throw new Error("connect failed");
}

/** For send(2): the last byte is urgent. */
const MSG_OOB = 1;

/** Sends one byte as urgent data (MSG_OOB) from this end, which was `made` so. */
export function sendUrgent(connection: Connection, made: Made, byte: number): void {
  const descriptor = connection.local.startsWith("unix:")
    ? unixDescriptorOf(connection.local.slice("unix:".length), made)
    : descriptorOf(connection);
  if (libc().send(descriptor, Uint8Array.of(byte), 1, MSG_OOB) !== 1) throw new Error("send failed");
}

/** Does this kernel know urgent data on unix sockets? It may since Linux 5.15. */
export function hasUnixUrgent(): boolean {
  const pair = new Int32Array(2);
  if (libc().socketpair(1, 1, 0, pair) !== 0) throw new Error("socketpair failed"); // AF_UNIX, SOCK_STREAM
  const sent = libc().send(pair[0], Uint8Array.of(1), 1, MSG_OOB);
  for (const descriptor of pair) libc().close(descriptor);
  return sent === 1;
}

export type Made = "dialled" | "accepted";

/** The end of the only connection of this process over the unix socket at `path` that was made so. */
function unixDescriptorOf(path: string, made: Made): number {
  for (const descriptor of readdirSync("/proc/self/fd").map(Number)) {
    const peer = askUnix(libc().getpeername, descriptor);
    // A listener has no peer, an end that was dialled no name.
    if (peer !== undefined && (made === "dialled" ? peer : askUnix(libc().getsockname, descriptor)) === path) {
      return descriptor;
    }
  }
  throw new Error(`no socket at ${path} that was ${made}`);
}

function askUnix(call: Call, descriptor: number): string | undefined {
  const name = new Uint8Array(SOCKADDR_UNIX_BYTES);
  const length = new Uint32Array([name.length]);
  return call(descriptor, name, length) === 0 ? unixPathOf(name, length[0]) : undefined;
}

/** How many accepted connections of the listener at `address` (IPv4) this process has open. */
export function acceptedDescriptors(address: Address): number {
  const local = nameOf(address);
  return readdirSync("/proc/self/fd").map(Number).filter((descriptor) =>
    ask(libc().getsockname, descriptor) === local && ask(libc().getpeername, descriptor) !== undefined
  ).length;
}

function descriptorOf(connection: Connection): number {
  const local = nameOf(parseAddress(connection.local));
  const peer = nameOf(parseAddress(connection.peer));
  for (const descriptor of readdirSync("/proc/self/fd").map(Number)) {
    if (ask(libc().getsockname, descriptor) === local && ask(libc().getpeername, descriptor) === peer) {
      return descriptor;
    }
  }
  throw new Error(`no socket between ${connection.local} and ${connection.peer}`);
}

function nameOf(address: Address): string | undefined {
  return address.kind === "tcp" ? socketName(address.host, address.port) : undefined;
}

function ask(call: Call, descriptor: number): string | undefined {
  const name = new Uint8Array(SOCKADDR_BYTES);
  return call(descriptor, name, new Uint32Array([SOCKADDR_BYTES])) === 0 ? socketNameOf(name) : undefined;
}
