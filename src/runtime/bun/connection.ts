/**
 * A native socket of Bun as a {@link Connection}.
 *
 * Bun pushes: each readable socket gets a callback with a fresh chunk, which is
 * copied into the read that waits; what does not fit is kept for the next one.
 * After a large chunk the reads take what the kernel has without Bun and its
 * copies, until that is nothing, with turns of other work in between.
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
import type { BunSocket } from "./api.ts";
import type { SocketOwner } from "./handlers.ts";
import { HeldSocket } from "./held_socket.ts";
import type { OwnSocket } from "./own_socket.ts";
import { awaitReady, type Parked, stopAwaiting } from "./parked.ts";
import { readingTurns, type ReadsInTurn } from "./reading_turn.ts";
import { CHUNK_BYTES, Unread, type UnreadLimit } from "./unread.ts";

/**
 * After a chunk of Bun's of at least this size the kernel is asked for more. After
 * smaller ones, as quiet connections get them, that would seldom find anything.
 */
const LARGE_CHUNK_BYTES = 32 * 1024;

/** A read into `bytes` that waits, or a write of them. */
interface Pending<Count> {
  readonly bytes: Uint8Array;
  resolve(count: Count): void;
  reject(error: SystemError): void;
}

export class BunConnection implements Connection, SocketOwner, Parked, ReadsInTurn {
  readonly local: string;
  readonly peer: string;
  readonly acknowledgesReading: boolean;
  /** Called once, by `close`. */
  onClose: () => void = () => {};
  readonly #socket: HeldSocket;
  #reading: Pending<number | null> | undefined;
  #writing: Pending<number> | undefined;
  readonly #unread: Unread;
  /** Does the kernel probably have something to be read? */
  #expectsMore = false;
  #ended = false;
  #shut = false;
  #closed = false;
  /** Why the connection is lost. */
  #lost: SystemError | undefined;

  /** `unixPath` names both ends of a unix socket, for which Bun gives no addresses. */
  constructor(socket: BunSocket<SocketOwner>, unixPath: string, private readonly limit: UnreadLimit) {
    this.acknowledgesReading = unixPath !== "";
    this.local = nameOf(socket.localAddress, socket.localPort, unixPath);
    this.peer = nameOf(socket.remoteAddress, socket.remotePort, unixPath);
    this.#unread = new Unread(limit);
    limit.attached(this);
    this.#socket = new HeldSocket(socket, this.acknowledgesReading);
  }

  get readAheadBytes(): number {
    return CHUNK_BYTES + this.#unread.length;
  }

  read(bytes: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(this.#badDescriptor("read"));
    if (!this.#unread.isEmpty) return Promise.resolve(this.#unread.take(bytes));
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#reading = { bytes, resolve, reject };
      const { isParked, isPaused } = this.#socket;
      if (isParked || isPaused || this.#expectsMore || this.#lost !== undefined) this.#readOn();
    });
  }

  arrivedBytes(): number | undefined {
    return this.#closed ? undefined : this.#unread.length + this.#socket.arrivedBytes();
  }

  pause(howLong: "briefly" | "long"): void {
    if (this.#reading !== undefined) return;
    if (howLong === "long") this.park();
    else if (!this.#closed && this.#lost === undefined) this.#socket.pause();
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
    this.#socket.shutdownWrite();
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
    readingTurns.leave(this);
    this.limit.parked(this);
    this.#socket.close();
    this.#unread.drop();
    this.onClose();
    this.#endPending(this.#badDescriptor("read"), this.#badDescriptor("write"));
  }

  /** Takes the socket away from Bun. */
  park(): void {
    if (this.#socket.isParked || this.#closed || this.#lost !== undefined) return;
    if (!this.#socket.park()) return this.wantsToRead ? undefined : this.#socket.pause();
    this.limit.parked(this);
    if (this.wantsToRead || this.wantsToWrite) awaitReady(this);
  }

  received(chunk: Uint8Array): void {
    const reading = this.#reading;
    readingTurns.count(chunk.length);
    this.#expectsMore = chunk.length >= LARGE_CHUNK_BYTES;
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
    return this.#socket.descriptor;
  }

  get wantsToRead(): boolean {
    return this.#reading !== undefined;
  }

  get wantsToWrite(): boolean {
    return this.#writing !== undefined;
  }

  ready(): void {
    if (this.#writing !== undefined) this.#write();
    if (this.#reading !== undefined) this.#readNow();
    if (!this.wantsToRead && !this.wantsToWrite) stopAwaiting(this);
  }

  attachIfAllowed(): boolean {
    // A write that waits for room is no reason: what then arrives would have to be kept.
    if (this.#reading === undefined || !this.limit.open) return false;
    const attaching = this.#socket.attach(this);
    if (attaching === undefined) return false;
    attaching.catch((error) => this.gone(error));
    // A write may have been waiting; from now on Bun reports when there is room.
    stopAwaiting(this);
    this.limit.attached(this);
    return true;
  }

  attached(socket: BunSocket<SocketOwner>): void {
    this.#socket.attached(socket);
  }

  readInTurn(): void {
    if (this.#reading !== undefined) this.#readUntilEmpty();
  }

  /** Reads what the kernel has, once other work has had its turn. */
  #readOn(): void {
    if (!readingTurns.isOver) return this.#readUntilEmpty();
    readingTurns.wait(this);
    // Without the pause Bun would go on reading, up to eleven chunks in a row.
    this.#socket.pause();
  }

  /** Reads what the kernel has; where that is nothing, waits for more. */
  #readUntilEmpty(): void {
    this.#readNow();
    if (this.#reading === undefined) return;
    this.#expectsMore = false;
    if (this.#socket.isParked) return void (this.attachIfAllowed() || awaitReady(this));
    if (this.#lost !== undefined) return this.#endPending(this.#lost, this.#lost);
    this.#socket.resume();
  }

  #readNow(): void {
    const { bytes, resolve, reject } = this.#reading!;
    try {
      const count = this.#socket.readNow(bytes);
      if (count === undefined) return;
      readingTurns.count(count);
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
    const count = this.#socket.writeNow(bytes);
    if (count === 0) return this.#socket.isParked ? awaitReady(this) : undefined;
    this.#writing = undefined;
    if (count > 0) resolve(count);
    else reject(this.#lose("ECONNRESET", "write"));
  }

  #asked(): OwnSocket | undefined {
    return this.#closed ? undefined : this.#socket.asked();
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
