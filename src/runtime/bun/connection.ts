/**
 * A native socket of Bun as a {@link Connection}.
 *
 * Bun pushes: each readable socket gets a callback with a fresh chunk. The
 * chunk is copied into the read that waits, and what does not fit is kept for
 * the next one, which mostly comes at once. A chunk that comes when no read
 * waits is kept too and pauses the socket until a later read has emptied it:
 * at most two chunks wait here, and the kernel's window does its work.
 */
import { closeSync } from "node:fs";
import { SystemError } from "../../base/error.ts";
import { formatAddress } from "../address.ts";
import type { Connection, PeerWindow } from "../net.ts";
import { errnoName } from "../system_error.ts";
import type { BunSocket } from "./api.ts";
import {
  duplicate,
  holdSocket,
  isPeerSilent,
  peerWindow,
  sendQueueBytes,
  setKeepAliveTimes,
  unreadByPeer,
} from "./libc.ts";

interface PendingRead {
  readonly into: Uint8Array;
  resolve(count: number | null): void;
  reject(error: SystemError): void;
}

interface PendingWrite {
  readonly bytes: Uint8Array;
  resolve(count: number): void;
  reject(error: SystemError): void;
}

export class BunConnection implements Connection {
  readonly local: string;
  readonly peer: string;
  readonly acknowledgesReading: boolean;
  readonly #socket: BunSocket<unknown>;
  #reading: PendingRead | undefined;
  #writing: PendingWrite | undefined;
  /** Bytes that arrived and no read has taken: from `#unreadStart` on. */
  #unread: Uint8Array | undefined;
  #unreadStart = 0;
  #paused = false;
  #ended = false;
  #shut = false;
  #closed = false;
  /** Why the connection is lost. */
  #lost: SystemError | undefined;
  /** Our own copy of the descriptor, since Bun closes its own at a reset. Undefined: not asked for yet; null: none. */
  #descriptor: number | null | undefined;

  /** `unixPath` names both ends of a unix socket, for which Bun gives no addresses. */
  constructor(socket: BunSocket<unknown>, unixPath: string) {
    this.#socket = socket;
    this.local = nameOf(socket.localAddress, socket.localPort, unixPath);
    this.peer = nameOf(socket.remoteAddress, socket.remotePort, unixPath);
    this.acknowledgesReading = unixPath !== "";
    if (this.acknowledgesReading) return;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    if (socket.fd !== -1) setKeepAliveTimes(socket.fd);
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("read"));
    if (this.#unread !== undefined) return Promise.resolve(this.#takeUnread(into));
    if (this.#ended) return Promise.resolve(null);
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (this.#paused) this.#resume();
    return new Promise((resolve, reject) => this.#reading = { into, resolve, reject });
  }

  pause(): void {
    if (this.#paused || this.#closed || this.#lost !== undefined || this.#reading !== undefined) return;
    this.#paused = true;
    this.#socket.pause();
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("write"));
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (bytes.length === 0) return Promise.resolve(0);
    const count = this.#socket.write(bytes);
    if (count > 0) return Promise.resolve(count);
    if (count < 0) return Promise.reject(this.#lose("ECONNRESET", "write"));
    return new Promise((resolve, reject) => this.#writing = { bytes, resolve, reject });
  }

  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("shutdown"));
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#shut = true;
    this.#socket.shutdown();
    return Promise.resolve();
  }

  unacknowledgedBytes(): number | undefined {
    if (!this.acknowledgesReading) return this.#ask(sendQueueBytes);
    return this.#lost === undefined ? this.#ask((descriptor) => unreadByPeer(descriptor, this.#ended)) : undefined;
  }

  peerWindow(): PeerWindow | undefined {
    return this.acknowledgesReading ? undefined : this.#ask(peerWindow);
  }

  unanswered(): boolean | undefined {
    return this.acknowledgesReading ? undefined : this.#ask(isPeerSilent);
  }

  holdForReset(): (() => void) | undefined {
    return this.acknowledgesReading ? undefined : this.#ask(holdSocket);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // First the copy: the FIN is sent when the last descriptor goes.
    if (typeof this.#descriptor === "number") closeSync(this.#descriptor);
    this.#socket.end();
    this.#unread = undefined;
    this.#endPending(this.#badDescriptor("read"), this.#badDescriptor("write"));
  }

  /** Bun's `data`. Comes while paused too, with what a reset leaves to be read. */
  received(chunk: Uint8Array): void {
    if (this.#closed) return;
    const reading = this.#reading;
    if (reading === undefined) {
      this.#keep(chunk, 0);
      return this.pause();
    }
    this.#reading = undefined;
    const { into } = reading;
    if (chunk.length <= into.length) {
      into.set(chunk);
      reading.resolve(chunk.length);
    } else {
      into.set(chunk.subarray(0, into.length));
      this.#keep(chunk, into.length);
      reading.resolve(into.length);
    }
  }

  /** Bun's `drain`. */
  drained(): void {
    const writing = this.#writing;
    if (writing === undefined) return;
    const count = this.#socket.write(writing.bytes);
    if (count === 0) return;
    this.#writing = undefined;
    if (count > 0) writing.resolve(count);
    else writing.reject(this.#lose("ECONNRESET", "write"));
  }

  /** Bun's `end`: the peer sent FIN, or a reset whose error a write has consumed. */
  ended(): void {
    if (this.#lost !== undefined) return this.#endPending(this.#lost, this.#lost);
    this.#ended = true;
    this.#reading?.resolve(null);
    this.#reading = undefined;
  }

  /**
   * Bun's `close`. Where we did not cause it, it is a reset, with an error or
   * without one; but a FIN that follows our own comes as a `close` without one.
   */
  gone(error: Error | undefined): void {
    if (this.#closed) return;
    if (error === undefined && this.#shut) this.ended();
    const lost = this.#lose(error === undefined ? "ECONNRESET" : errnoName(error), "read", error);
    this.#endPending(lost, lost);
  }

  /** Asks the kernel about the open socket. */
  #ask<T>(call: (descriptor: number) => T | undefined): T | undefined {
    if (this.#closed) return undefined;
    if (this.#descriptor === undefined) {
      this.#descriptor = (this.#socket.fd === -1 ? undefined : duplicate(this.#socket.fd)) ?? null;
    }
    return this.#descriptor === null ? undefined : call(this.#descriptor);
  }

  #takeUnread(into: Uint8Array): number {
    const unread = this.#unread!;
    const count = Math.min(into.length, unread.length - this.#unreadStart);
    const end = this.#unreadStart + count;
    into.set(unread.subarray(this.#unreadStart, end));
    this.#unreadStart = end;
    if (end === unread.length) this.#unread = undefined;
    return count;
  }

  #keep(chunk: Uint8Array, start: number): void {
    if (this.#unread === undefined) {
      this.#unread = chunk;
      this.#unreadStart = start;
    } else {
      const before = this.#unread.subarray(this.#unreadStart);
      this.#unread = new Uint8Array(before.length + chunk.length);
      this.#unread.set(before);
      this.#unread.set(chunk, before.length);
      this.#unreadStart = 0;
    }
  }

  #resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  #lose(code: string, syscall: string, cause?: unknown): SystemError {
    return this.#lost ??= new SystemError(code, syscall, this.peer, { cause });
  }

  #badDescriptor(syscall: string): SystemError {
    return new SystemError("EBADF", syscall, this.peer);
  }

  #endPending(readError: SystemError, writeError: SystemError): void {
    this.#reading?.reject(readError);
    this.#writing?.reject(writeError);
    this.#reading = this.#writing = undefined;
  }
}

function nameOf(host: string | undefined, port: number | undefined, unixPath: string): string {
  if (unixPath !== "") return formatAddress({ kind: "unix", path: unixPath });
  return formatAddress({ kind: "tcp", host: host ?? "", port: port ?? 0 });
}
