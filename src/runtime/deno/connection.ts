/** A socket of Deno as a {@link Connection}. Deno reads on demand only, so there is nothing to pause. */
import { SystemError } from "../../base/error.ts";
import { formatAddress } from "../address.ts";
import { KernelSocket } from "../kernel_socket.ts";
import type { Address, Connection, PeerWindow } from "../net.ts";
import { systemError } from "../system_error.ts";
import { findUnixDescriptor, forgetUnixDescriptor, tcpDescriptor } from "./find_descriptor.ts";
import { libcOrNull } from "./libc.ts";
import { cancelUrgentCheck, checkUrgentLater, type ShortReader } from "./urgent.ts";

export class DenoConnection implements Connection, ShortReader {
  readonly local: string;
  readonly peer: string;
  readonly readAheadBytes = 0;
  readonly acknowledgesReading: boolean;
  /** Called once, by `close`. */
  onClose: () => void = () => {};
  readonly #socket: Deno.Conn;
  /** Undefined: not looked for yet; null: its descriptor cannot be had. */
  #kernelSocket: KernelSocket | null | undefined;
  #closed = false;
  /** Has a read found the end of the stream? */
  #ended = false;
  /** Why the connection is lost. The kernel reports it once; a later read would find an end of stream. */
  #lost: SystemError | undefined;

  /**
   * `unixPath` names both ends of a unix socket, where a client has no name of
   * its own. `made` has to be true of it just now: the descriptor of a unix
   * socket can be found only before there is another one of that path.
   */
  constructor(socket: Deno.TcpConn | Deno.UnixConn, unixPath: string, made: "dialled" | "accepted") {
    this.#socket = socket;
    this.local = formatAddress(addressOf(socket.localAddr, unixPath));
    this.peer = formatAddress(addressOf(socket.remoteAddr, unixPath));
    this.acknowledgesReading = unixPath !== "";
    if ("setNoDelay" in socket) setOptions(socket);
    else {
      this.#kernelSocket = kernelSocketOf(findUnixDescriptor(unixPath, made), true);
      this.#kernelSocket?.setOptions();
    }
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) throw this.#failure(undefined, "read");
    try {
      const count = await this.#socket.read(into);
      if (count !== null) {
        if (count < into.length && this.#kernelSocket !== null && !this.#closed) checkUrgentLater(this);
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

  arrivedBytes(): number | undefined {
    return this.kernelSocket?.arrivedBytes();
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
    if (this.acknowledgesReading && this.#lost !== undefined) return undefined;
    return this.kernelSocket?.unacknowledgedBytes(this.#ended);
  }

  peerWindow(): PeerWindow | undefined {
    return this.kernelSocket?.peerWindow();
  }

  unanswered(): boolean | undefined {
    return this.kernelSocket?.unanswered();
  }

  holdForReset(): (() => void) | undefined {
    return this.kernelSocket?.holdForReset();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    cancelUrgentCheck(this);
    if (this.#kernelSocket?.isUnix) forgetUnixDescriptor(this.#kernelSocket.descriptor);
    this.#socket.close();
    this.onClose();
  }

  get kernelSocket(): KernelSocket | undefined {
    // After close() the descriptor's number may belong to another socket already.
    if (this.#closed) return undefined;
    if (this.#kernelSocket === undefined) {
      this.#kernelSocket = kernelSocketOf(tcpDescriptor(this.#socket as Deno.TcpConn), false);
    }
    return this.#kernelSocket ?? undefined;
  }

  #failure(thrown: unknown, syscall: string): SystemError {
    if (this.#closed) return new SystemError("EBADF", syscall, this.peer, { cause: thrown });
    this.#lost ??= systemError(thrown, syscall, this.peer);
    return this.#lost;
  }
}

/** An address of Deno as an {@link Address}; `unixPath` stands for a unix socket, of which a client has no name. */
export function addressOf(address: Deno.Addr, unixPath: string): Address {
  if (address.transport !== "tcp") return { kind: "unix", path: unixPath };
  return { kind: "tcp", host: address.hostname, port: address.port };
}

function setOptions(socket: Deno.TcpConn): void {
  try {
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  } catch { // reset already: the first read or write reports it
  }
}

/** Null where there is no descriptor or no libc. */
function kernelSocketOf(descriptor: number | undefined, isUnix: boolean): KernelSocket | null {
  const libc = libcOrNull();
  return libc === null || descriptor === undefined ? null : new KernelSocket(libc, descriptor, isUnix);
}
