/**
 * A native socket of Bun as a {@link Connection}.
 *
 * Bun pushes: each readable socket gets a callback with a fresh chunk, which is
 * copied into the read that waits; what does not fit is kept for the next one.
 *
 * A socket that Bun holds is read when its peer resets the connection, paused
 * or not, up to all that the kernel has. So one that is not to be read is
 * parked: Bun's socket is closed while another descriptor of it is open, of
 * which the peer notices nothing, and what arrives stays in the kernel. The next
 * read takes it from there; once there is nothing more, Bun gets the socket again.
 */
import { SystemError } from "../../base/error.ts";
import { nameOf } from "../address.ts";
import type { Connection, PeerWindow } from "../net.ts";
import { errnoName } from "../system_error.ts";
import { bun, type BunSocket } from "./api.ts";
import { letGo, reattachedHandlers, type SocketOwner } from "./handlers.ts";
import { kernelSocketOf, OwnSocket } from "./own_socket.ts";
import { awaitReady, type Parked, stopAwaiting } from "./parked.ts";
import { CHUNK_BYTES, Unread, type UnreadLimit } from "./unread.ts";

/** How many bytes one connection reads from the kernel before other work has its turn. */
const TURN_BYTES = 512 * 1024;

/** A read into `bytes` that waits, or a write of them. */
interface Pending<Count> {
  readonly bytes: Uint8Array;
  resolve(count: Count): void;
  reject(error: SystemError): void;
}

export class BunConnection implements Connection, SocketOwner, Parked {
  readonly local: string;
  readonly peer: string;
  readonly acknowledgesReading: boolean;
  /** Called once, by `close`. */
  onClose: () => void = () => {};
  /** Undefined while it is parked. */
  #socket: BunSocket<SocketOwner> | undefined;
  #reading: Pending<number | null> | undefined;
  #writing: Pending<number> | undefined;
  readonly #unread: Unread;
  /** Bun's own pause, where a socket cannot be parked. */
  #paused = false;
  #ended = false;
  #shut = false;
  #closed = false;
  /** Why the connection is lost. */
  #lost: SystemError | undefined;
  /** There once it has been parked or the kernel asked about it, since Bun closes its own descriptor at a reset. */
  #own: OwnSocket | undefined;
  /** The kernel is asked about the connection, also after a reset. */
  #isAsked = false;
  /** Bytes read from the kernel since other work had its turn. */
  #turnBytes = 0;

  /** `unixPath` names both ends of a unix socket, for which Bun gives no addresses. */
  constructor(socket: BunSocket<SocketOwner>, unixPath: string, private readonly limit: UnreadLimit) {
    this.#socket = socket;
    this.acknowledgesReading = unixPath !== "";
    this.local = nameOf(socket.localAddress, socket.localPort, unixPath);
    this.peer = nameOf(socket.remoteAddress, socket.remotePort, unixPath);
    this.#unread = new Unread(limit);
    limit.attached(this);
    kernelSocketOf(socket, this.acknowledgesReading)?.setOptions();
    if (this.acknowledgesReading) return;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  }

  get readAheadBytes(): number {
    return CHUNK_BYTES + this.#unread.length;
  }

  read(bytes: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("read"));
    if (!this.#unread.isEmpty) return Promise.resolve(this.#unread.take(bytes));
    if (this.#ended) return Promise.resolve(null);
    if (this.#lost !== undefined && !this.#isParked) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#reading = { bytes, resolve, reject };
      if (this.#isParked) this.#readParked();
      else if (this.#paused) this.#socket!.resume();
      this.#paused = false;
    });
  }

  pause(): void {
    if (this.#reading === undefined) this.park();
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("write"));
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (bytes.length === 0) return Promise.resolve(0);
    return new Promise((resolve, reject) => {
      this.#writing = { bytes, resolve, reject };
      this.#write();
    });
  }

  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("shutdown"));
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#shut = true;
    if (this.#isParked) this.#own!.shutdownWrite();
    else this.#socket!.shutdown();
    return Promise.resolve();
  }

  unacknowledgedBytes(): number | undefined {
    if (this.acknowledgesReading && this.#lost !== undefined) return undefined;
    return this.#asked()?.unacknowledgedBytes(this.#ended);
  }

  peerWindow(): PeerWindow | undefined {
    return this.acknowledgesReading ? undefined : this.#asked()?.peerWindow();
  }

  unanswered(): boolean | undefined {
    return this.acknowledgesReading ? undefined : this.#asked()?.unanswered();
  }

  holdForReset(): (() => void) | undefined {
    return this.acknowledgesReading ? undefined : this.#asked()?.holdForReset();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    stopAwaiting(this);
    this.limit.parked(this);
    // First ours: the FIN is sent when the last descriptor is closed.
    this.#own?.close();
    this.#socket?.end();
    this.#unread.drop();
    this.onClose();
    this.#endPending(this.#badDescriptor("read"), this.#badDescriptor("write"));
  }

  /** Takes the socket away from Bun. */
  park(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#closed || this.#lost !== undefined) return;
    this.#own ??= OwnSocket.of(socket, this.acknowledgesReading);
    if (this.#own === undefined) return this.#pauseSocket(socket);
    this.#socket = undefined;
    this.limit.parked(this);
    letGo(socket);
    if (this.wantsToRead || this.wantsToWrite) awaitReady(this);
  }

  received(chunk: Uint8Array): void {
    const reading = this.#reading;
    if (reading === undefined) {
      this.#unread.keep(chunk, 0);
      return this.park();
    }
    this.#reading = undefined;
    const count = Math.min(chunk.length, reading.bytes.length);
    reading.bytes.set(count < chunk.length ? chunk.subarray(0, count) : chunk);
    if (count < chunk.length) this.#unread.keep(chunk, count);
    reading.resolve(count);
  }

  drained(): void {
    if (this.#writing !== undefined) this.#write();
  }

  /** The peer sent FIN, or a reset whose error a write has consumed. */
  ended(): void {
    if (this.#lost !== undefined) return this.#endPending(this.#lost, this.#lost);
    this.#ended = true;
    this.#reading?.resolve(null);
    this.#reading = undefined;
  }

  /**
   * The socket is closed. Where we did not cause it, it is a reset, with an error
   * or without one; but a FIN that follows our own comes as this without one.
   */
  gone(error: Error | undefined): void {
    if (this.#closed) return;
    if (error === undefined && this.#shut) this.ended();
    const lost = this.#lose(error === undefined ? "ECONNRESET" : errnoName(error), "read", error);
    this.#endPending(lost, lost);
  }

  get descriptor(): number {
    return this.#own!.descriptor;
  }

  get wantsToRead(): boolean {
    return this.#reading !== undefined;
  }

  get wantsToWrite(): boolean {
    return this.#writing !== undefined;
  }

  ready(): void {
    this.#turnBytes = 0;
    if (this.#writing !== undefined) this.#write();
    if (this.#reading !== undefined) this.#readNow();
    if (!this.wantsToRead && !this.wantsToWrite) stopAwaiting(this);
  }

  attachIfAllowed(): boolean {
    if (!this.#isParked) throw new Error("a socket that Bun holds is given to it");
    // A write that waits for room is no reason: what then arrives would have to be kept.
    if (this.#reading === undefined || !this.limit.open) return false;
    const descriptor = this.#isAsked ? this.#own!.duplicate() : this.descriptor;
    if (descriptor === undefined) return false;
    if (!this.#isAsked) this.#own = undefined;
    this.#turnBytes = 0;
    // A write may have been waiting; from now on Bun reports when there is room.
    stopAwaiting(this);
    this.limit.attached(this);
    bun.connect<SocketOwner>({ fd: descriptor, allowHalfOpen: true, data: this, socket: reattachedHandlers })
      .catch((error) => this.gone(error));
    return true;
  }

  attached(socket: BunSocket<SocketOwner>): void {
    this.#socket = socket;
  }

  get #isParked(): boolean {
    return this.#socket === undefined && this.#own !== undefined;
  }

  /** Reads what the kernel has, once other work has had its turn; where that is nothing, waits for more. */
  #readParked(): void {
    if (this.#turnBytes >= TURN_BYTES) return void setImmediate(() => this.#nextTurn());
    this.#readNow();
    if (this.#reading !== undefined && !this.attachIfAllowed()) awaitReady(this);
  }

  #nextTurn(): void {
    this.#turnBytes = 0;
    // Bun may have got it back meanwhile.
    if (this.#reading !== undefined && this.#isParked) this.#readParked();
  }

  #readNow(): void {
    const { bytes, resolve, reject } = this.#reading!;
    try {
      const count = this.#own!.readNow(bytes);
      if (count === undefined) return;
      this.#turnBytes += count;
      // Where a write has met the reset, a read finds the end.
      if (count === 0 && this.#lost !== undefined) throw this.#lost;
      this.#ended = count === 0;
      resolve(this.#ended ? null : count);
    } catch (error) {
      reject(this.#lose(errnoName(error), "read", error));
    }
    this.#reading = undefined;
  }

  #write(): void {
    const { bytes, resolve, reject } = this.#writing!;
    const count = this.#isParked ? this.#own!.writeNow(bytes) : this.#socket!.write(bytes);
    if (count === 0) return this.#isParked ? awaitReady(this) : undefined;
    this.#writing = undefined;
    if (count > 0) resolve(count);
    else reject(this.#lose("ECONNRESET", "write"));
  }

  /** The socket, to ask the kernel about it; undefined once it is closed, or where no descriptor can be had. */
  #asked(): OwnSocket | undefined {
    if (this.#closed) return undefined;
    this.#isAsked = true;
    if (this.#socket !== undefined) this.#own ??= OwnSocket.of(this.#socket, this.acknowledgesReading);
    return this.#own;
  }

  #pauseSocket(socket: BunSocket<SocketOwner>): void {
    if (this.#reading !== undefined) return;
    this.#paused = true;
    socket.pause();
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
