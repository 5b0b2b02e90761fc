/** The seam between this program and the runtime it runs on. Nothing outside this folder names a runtime. */
import type { FileSystem } from "./files.ts";
import type { Net } from "./net.ts";
import type { Stderr, Stdout } from "./output.ts";
import type { Thread } from "./thread.ts";

export type Signal = "SIGHUP" | "SIGINT" | "SIGQUIT" | "SIGTERM";

export interface Runtime {
  readonly name: "deno" | "bun";
  readonly version: string;
  readonly net: Net;
  readonly files: FileSystem;

  /** What the user wrote after the program's name. */
  readonly args: readonly string[];
  /**
   * The words that start this very program again, absolute: the executable
   * alone, or a runtime and its script where it was not compiled into one.
   */
  readonly executable: readonly string[];
  /** Starts another thread of this program; main.ts defines what it does. */
  startThread<Input, Progress, Output>(): Thread<Input, Progress, Output>;
  readonly pid: number;
  /** The effective user; undefined where the system has no such number. */
  readonly uid: number | undefined;
  /** A user's name for messages, by default of the effective user; `uid 1000` where the system knows none. */
  userName(uid?: number): string;
  /** An environment variable; undefined where it is not set. */
  env(name: string): string | undefined;
  /**
   * Calls `handler` at each arrival of `signal`, instead of the process ending.
   * Returns what removes it.
   */
  onSignal(signal: Signal, handler: () => void): () => void;
  /**
   * From now on the signals that signals.ts lists do nothing, whatever their
   * default is. Children inherit that.
   */
  outliveSignals(): void;
  /**
   * Sends a datagram to the unix socket at `path`, `@name` for an abstract one,
   * without ever waiting. False if it was not taken, or this system has no such sockets.
   */
  sendDatagram(path: string, bytes: Uint8Array): boolean;
  /** Ends the process at once; what `stderr` still holds is lost unless its `flush` was awaited. */
  exit(code: number): never;

  /** False if standard output was closed when the process started: what is written to it is lost. */
  readonly hasStdout: boolean;
  readonly stdout: Stdout;
  readonly stderr: Stderr;
  /** Standard input up to its end. Rejects with a `SystemError`. */
  readStdin(): Promise<Uint8Array>;
  /** Reads the next bytes of standard input, `into.length` at most; 0 at its end. Rejects with a `SystemError`. */
  readStdinPart(into: Uint8Array): Promise<number>;
}
