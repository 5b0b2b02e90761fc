/** A socket of Deno as a {@link Connection}. Deno reads on demand only, so there is nothing to pause. */
import { SystemError } from "../../base/error.ts";
import { formatAddress } from "../address.ts";
import { UNIX_OPTIONS } from "../descriptor.ts";
import type { Address, Connection, PeerWindow } from "../net.ts";
import { systemError } from "../system_error.ts";
import { findUnixDescriptor, forgetUnixDescriptor, tcpDescriptor } from "./find_descriptor.ts";
import { holdSocket, isPeerSilent, peerWindow, sendQueueBytes, setSocketOptions, unreadByPeer } from "./libc.ts";
import { leaveOut, readShort, type ShortReader } from "./urgent.ts";

export class DenoConnection implements Connection, ShortReader {
  readonly local: string;
  readonly peer: string;
  readonly readAheadBytes = 0;
  readonly acknowledgesReading: boolean;
  /** Called once, by `close`. */
  onClose: () => void = () => {};
  readonly #socket: Deno.Conn;
  /** Undefined: not looked for yet; null: there is none to be had. */
  #descriptor: number | null | undefined;
  #closed = false;
  /** Has a read found the end of the stream? */
  #ended = false;
  /** Why the connection is lost. The kernel tells it once; afterwards a read would look like an end of stream. */
  #lost: SystemError | undefined;

  /**
   * `unixPath` names both ends of a unix socket, where a client has no name of
   * its own. Just `made`: a unix socket's descriptor can be found only before there
   * is another one of that path.
   */
  constructor(socket: Deno.TcpConn | Deno.UnixConn, unixPath: string, made: "dialled" | "accepted") {
    this.#socket = socket;
    this.local = formatAddress(addressOf(socket.localAddr, unixPath));
    this.peer = formatAddress(addressOf(socket.remoteAddr, unixPath));
    this.acknowledgesReading = unixPath !== "";
    if ("setNoDelay" in socket) setOptions(socket);
    else {
      this.#descriptor = findUnixDescriptor(unixPath, made) ?? null;
      if (this.#descriptor !== null) setSocketOptions(this.#descriptor, UNIX_OPTIONS);
    }
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) throw this.#failure(undefined, "read");
    try {
      const count = await this.#socket.read(into);
      if (count !== null) {
        if (count < into.length && this.#descriptor !== null && !this.#closed) readShort(this);
        return count;
      }
      if (this.#lost === undefined) {
        this.#ended = true;
        return null;
      }
    } catch (e) {
      throw this.#failure(e, "read");
    }
    throw this.#lost;
  }

  pause(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#closed || this.#lost !== undefined) throw this.#failure(undefined, "write");
    try {
      return await this.#socket.write(bytes);
    } catch (e) {
      throw this.#failure(e, "write");
    }
  }

  async closeWrite(): Promise<void> {
    if (this.#closed || this.#lost !== undefined) throw this.#failure(undefined, "shutdown");
    try {
      await this.#socket.closeWrite();
    } catch (e) {
      throw this.#failure(e, "shutdown");
    }
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
    leaveOut(this);
    if (this.acknowledgesReading && typeof this.#descriptor === "number") forgetUnixDescriptor(this.#descriptor);
    this.#socket.close();
    this.onClose();
  }

  get descriptor(): number | undefined {
    // After close() the number may belong to another socket already.
    if (this.#closed) return undefined;
    if (this.#descriptor === undefined) this.#descriptor = tcpDescriptor(this.#socket as Deno.TcpConn) ?? null;
    return this.#descriptor ?? undefined;
  }

  get isUnix(): boolean {
    return this.acknowledgesReading;
  }

  /** Asks the kernel about the open socket. */
  #ask<T>(call: (descriptor: number) => T | undefined): T | undefined {
    const descriptor = this.descriptor;
    return descriptor === undefined ? undefined : call(descriptor);
  }

  #failure(thrown: unknown, syscall: string): SystemError {
    if (this.#closed) return new SystemError("EBADF", syscall, this.peer, { cause: thrown });
    this.#lost ??= systemError(thrown, syscall, this.peer);
    return this.#lost;
  }
}

/** An address of Deno as one of ours; `unixPath` is that of a unix socket, where a client has no name of its own. */
export function addressOf(address: Deno.Addr, unixPath: string): Address {
  if (address.transport !== "tcp") return { kind: "unix", path: unixPath };
  return { kind: "tcp", host: address.hostname, port: address.port };
}

function setOptions(socket: Deno.TcpConn): void {
  try {
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  } catch { // reset already: the first read or write says so
  }
}
