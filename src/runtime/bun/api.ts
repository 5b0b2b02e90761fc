/** The few parts of Bun's own API that the adapter uses, with their types: Bun's are not among the packages here. */

export interface BunSocket<Data> {
  data: Data;
  /** -1 once it is closed. */
  readonly fd: number;
  /** Undefined for unix sockets. */
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  /** Bytes taken, 0 if there is no room now (`drain` follows), -1 if the connection is gone. Keeps nothing. */
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Sends FIN. */
  shutdown(): void;
  /** Closes both directions. */
  end(): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean): void;
}

export interface SocketHandlers<Data> {
  readonly binaryType: "uint8array";
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, chunk: Uint8Array): void;
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, error?: Error): void;
  error(socket: BunSocket<Data>, error: Error): void;
  connectError?(socket: BunSocket<Data>, error: Error): void;
}

export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  /** Stops listening; `closeActive` closes accepted connections too. */
  stop(closeActive: boolean): void;
}

type Where =
  | { readonly hostname: string; readonly port: number }
  | { readonly unix: string }
  /** A socket that is connected already; Bun takes over the descriptor, and calls `open` before `connect` returns. */
  | { readonly fd: number };

interface Bun {
  readonly version: string;
  /** The script, or its place inside a compiled executable. */
  readonly main: string;
  readonly stdin: { bytes(): Promise<Uint8Array> };
  listen<Data>(
    options: Exclude<Where, { fd: number }> & { socket: SocketHandlers<Data>; allowHalfOpen: true },
  ): BunListener;
  connect<Data>(
    options: Where & { socket: SocketHandlers<Data>; data: Data; allowHalfOpen: true },
  ): Promise<BunSocket<Data>>;
}

/** Defined only while the program runs on Bun. */
export const bun: Bun = (globalThis as unknown as { Bun: Bun }).Bun;

interface Ffi {
  dlopen(
    library: string,
    symbols: Readonly<Record<string, { readonly args: readonly string[]; readonly returns: string }>>,
  ): { readonly symbols: Readonly<Record<string, (...args: unknown[]) => number>> };
}

/** `bun:ffi`, got without an import that other runtimes would have to resolve. */
export function loadFfi(): Ffi {
  return process.getBuiltinModule("bun:ffi") as unknown as Ffi;
}
