/**
 * A socket that is held either by Bun, which then reports what happens on it, or
 * by this program alone, through a descriptor of its own: then it is parked. The calls
 * here work in both states.
 */
import { bun, type BunSocket } from "./api.ts";
import { arrivedBytes } from "../kernel_socket.ts";
import { readDirectly } from "./direct_read.ts";
import { letGo, reattachedHandlers, type SocketOwner } from "./handlers.ts";
import { socketLibc } from "./libc.ts";
import { kernelSocketOf, OwnSocket } from "./own_socket.ts";

/** The most that one {@link HeldSocket.readNow} takes. */
const READ_BYTES_MAX = 512 * 1024;

export class HeldSocket {
  /** Undefined while it is parked. */
  #socket: BunSocket<SocketOwner> | undefined;
  /** There once it has been parked or the kernel asked about it, since Bun closes its own descriptor at a reset. */
  #own: OwnSocket | undefined;
  /** The kernel is asked about the connection, also after a reset. */
  #isAsked = false;
  #isPaused = false;

  constructor(socket: BunSocket<SocketOwner>, private readonly isUnix: boolean) {
    this.#socket = socket;
    kernelSocketOf(socket, isUnix)?.setOptions();
    if (isUnix) return;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  }

  get isParked(): boolean {
    return this.#socket === undefined && this.#own !== undefined;
  }

  /** Does Bun hold it and not read it? */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Of a parked socket. */
  get descriptor(): number {
    return this.#own!.descriptor;
  }

  /**
   * Reads what has arrived, without waiting, at most 512 KiB. Returns how many
   * bytes, undefined where nothing has arrived. For a parked socket the end of
   * the stream is 0, and errors are thrown; Bun reports those of the sockets that it holds.
   */
  readNow(into: Uint8Array): number | undefined {
    const part = into.length > READ_BYTES_MAX ? into.subarray(0, READ_BYTES_MAX) : into;
    return this.#socket === undefined ? this.#own?.readNow(part) : readDirectly(this.#socket, part);
  }

  /** Bytes in the kernel that have not been read; 0 also where it does not tell. */
  arrivedBytes(): number {
    const libc = socketLibc();
    const descriptor = this.#socket === undefined ? this.descriptor : this.#socket.fd;
    return libc === null || descriptor === -1 ? 0 : arrivedBytes(libc, descriptor);
  }

  /** How many bytes the kernel took, 0 where it has no room, -1 where the connection is lost. */
  writeNow(bytes: Uint8Array): number {
    return this.isParked ? this.#own!.writeNow(bytes) : this.#socket!.write(bytes);
  }

  /** Sends FIN. */
  shutdownWrite(): void {
    if (this.isParked) this.#own!.shutdownWrite();
    else this.#socket!.shutdown();
  }

  /** Keeps Bun from reading it, which a reset overrules. */
  pause(): void {
    if (this.#socket === undefined || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#isPaused) this.#socket!.resume();
    this.#isPaused = false;
  }

  /** Takes it away from Bun; false where no descriptor can be had. */
  park(): boolean {
    const socket = this.#socket;
    if (socket !== undefined) this.#own ??= OwnSocket.of(socket, this.isUnix);
    if (socket === undefined || this.#own === undefined) return false;
    this.#socket = undefined;
    this.#isPaused = false;
    letGo(socket);
    return true;
  }

  /** Gives a parked one to Bun, which calls `owner.attached` meanwhile; undefined where no descriptor can be had. */
  attach(owner: SocketOwner): Promise<unknown> | undefined {
    if (!this.isParked) throw new Error("a socket that Bun holds is given to it");
    const descriptor = this.#isAsked ? this.#own!.duplicate() : this.descriptor;
    if (descriptor === undefined) return undefined;
    if (!this.#isAsked) this.#own = undefined;
    return bun.connect<SocketOwner>({ fd: descriptor, allowHalfOpen: true, data: owner, socket: reattachedHandlers });
  }

  attached(socket: BunSocket<SocketOwner>): void {
    this.#socket = socket;
  }

  /** The socket, to ask the kernel about it, also after a reset; undefined where no descriptor can be had. */
  asked(): OwnSocket | undefined {
    this.#isAsked = true;
    if (this.#socket !== undefined) this.#own ??= OwnSocket.of(this.#socket, this.isUnix);
    return this.#own;
  }

  close(): void {
    // First ours: the FIN is sent when the last descriptor is closed.
    this.#own?.close();
    this.#socket?.end();
  }
}
