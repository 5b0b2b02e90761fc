/**
 * The memory of one route: pooled buffers, counted at their capacity.
 *
 * Every byte that the relay holds is in one of these buffers: unfinished
 * frames, unsent and unconfirmed runs, what is read back from the journal. So
 * `usedBytes` is all the memory that they take, whatever the frame rate, the
 * frame size or the number of connections.
 */
import { Condition } from "./condition.ts";

/** A piece of memory shared by the runs in it; it returns to its pool when its last holder releases it. */
export class PooledBuffer {
  #holders = 1;
  readonly bytes: Uint8Array;

  /** Its `size` bytes are the first ones of `memory`. */
  constructor(private readonly memory: Uint8Array, size: number, readonly pool: BufferPool) {
    this.bytes = size === memory.length ? memory : memory.subarray(0, size);
  }

  /** How much memory it takes, in bytes. */
  get capacity(): number {
    return this.memory.length;
  }

  /** Is the caller its only holder? */
  get hasOneHolder(): boolean {
    return this.#holders === 1;
  }

  /** One more holder. Each `retain` is matched by one `release`. */
  retain(): this {
    if (this.#holders === 0) throw new Error("retain of a buffer that was given back");
    this.#holders++;
    return this;
  }

  release(): void {
    if (this.#holders === 0) throw new Error("release of a buffer that was given back");
    if (--this.#holders === 0) this.pool.reclaim(this.memory);
  }
}

export interface BufferPoolOptions {
  /** Capacity of all buffers together, in bytes. */
  readonly maxBytes: number;
  /** Part of `maxBytes` that is kept free for reading the journal back, so that intake cannot stop the drain. */
  readonly reserveBytes: number;
  /** Part of `maxBytes` that is kept for one unfinished frame at a time: as much as a frame can need to become whole. */
  readonly frameBytes?: number;
  /** The usual buffer's capacity, best a power of two: buffers of such a size are kept for reuse, and so are larger ones. */
  readonly bufferBytes: number;
  /** For tests: released buffers are filled with this byte, so that a view that outlives its buffer is noticed. */
  readonly fillReleased?: number;
}

export class BufferPool {
  readonly maxBytes: number;
  readonly bufferBytes: number;
  readonly #reserveBytes: number;
  readonly #frameBytes: number;
  readonly #idle = new IdleBuffers();
  readonly #freed = new Condition();
  readonly #fillReleased: number | undefined;
  #used = 0;
  /** How much of what is in use belongs to the one frame that memory is kept for. */
  #keptUsed = 0;

  constructor(options: BufferPoolOptions) {
    this.maxBytes = options.maxBytes;
    this.bufferBytes = options.bufferBytes;
    this.#reserveBytes = options.reserveBytes;
    this.#frameBytes = options.frameBytes ?? 0;
    this.#fillReleased = options.fillReleased;
  }

  /** What can be taken by `take`, in bytes, when nothing is in use. */
  get intakeBytes(): number {
    return this.maxBytes - this.#reserveBytes - this.#frameBytes;
  }

  /** Capacity of the buffers in use, in bytes. */
  get usedBytes(): number {
    return this.#used;
  }

  /**
   * A buffer for bytes that come in, of `size` bytes (default: the usual
   * size); undefined while memory is full, see {@link freed}.
   */
  take(size: number = this.bufferBytes): PooledBuffer | undefined {
    return size > this.#room ? undefined : this.#allocate(size, this.#room);
  }

  /** Like {@link take}, for the one unfinished frame that memory is kept for, until {@link endKept}. */
  takeKept(size: number): PooledBuffer | undefined {
    if (this.#used + size > this.maxBytes - this.#reserveBytes) return undefined;
    this.#keptUsed = size;
    // More than is kept would come out of the reserve.
    return this.#allocate(size, size);
  }

  /** The frame that memory was kept for is whole or discarded: its buffer counts as any other from now on. */
  endKept(): void {
    this.#keptUsed = 0;
  }

  /**
   * A buffer for bytes read back from the journal: the reserve is for these.
   * It is granted whatever is in use if `mustGrant`: for a caller that holds no
   * other, or a record larger than the reserve could never be delivered.
   */
  takeReserved(size: number, mustGrant: boolean): PooledBuffer | undefined {
    const room = this.maxBytes - this.#used;
    return !mustGrant && size > room ? undefined : this.#allocate(size, room);
  }

  /** Is at least an eighth of `maxBytes` free for bytes that come in? */
  get hasHeadroom(): boolean {
    return this.maxBytes / 8 <= this.#room;
  }

  /** Bytes that may come in now, beside what is kept for one frame. */
  get #room(): number {
    return this.intakeBytes - (this.#used - this.#keptUsed);
  }

  /** Resolves when a buffer has been given back, or at {@link nudge}. */
  freed(): Promise<void> {
    return this.#freed.wait();
  }

  /** Wakes all that wait for memory, so that they test again whether they still have to wait. */
  nudge(): void {
    this.#freed.notify();
  }

  /** For {@link PooledBuffer.release} alone. */
  reclaim(memory: Uint8Array): void {
    this.#used -= memory.length;
    if (this.#fillReleased !== undefined) memory.fill(this.#fillReleased);
    // Idle buffers are memory too.
    if (this.#used + this.#idle.bytes + memory.length <= this.maxBytes) this.#idle.put(memory);
    this.#freed.notify();
  }

  /** Large buffers have one of a few sizes where there is room for that, so that they can be used again. */
  #allocate(size: number, room: number): PooledBuffer {
    const rounded = size > this.bufferBytes ? roundUp(size) : size;
    const capacity = rounded <= room ? rounded : size;
    this.#used += capacity;
    const idle = this.#idle.take(capacity);
    // Idle buffers of other sizes make room for it.
    while (this.#idle.bytes > 0 && this.#used + this.#idle.bytes > this.maxBytes) this.#idle.drop();
    return new PooledBuffer(idle ?? new Uint8Array(capacity), size, this);
  }
}

/**
 * The next size that buffers are kept in: eight of them from a power of two to
 * the next, so that at most an eighth is unused. New memory costs more than that:
 * the system clears each page of it when it is first touched.
 */
function roundUp(size: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(size)) - 3));
  return Math.ceil(size / step) * step;
}

/** Smaller buffers are not kept for reuse. */
const IDLE_BYTES_MIN = 1024;

/** Released buffers for reuse, by size: those that {@link roundUp} knows, powers of two among them. */
class IdleBuffers {
  bytes = 0;
  readonly #bySize = new Map<number, Uint8Array[]>();

  put(buffer: Uint8Array): void {
    const size = buffer.length;
    if (size < IDLE_BYTES_MIN || roundUp(size) !== size) return;
    const same = this.#bySize.get(size);
    if (same === undefined) this.#bySize.set(size, [buffer]);
    else same.push(buffer);
    this.bytes += size;
  }

  take(size: number): Uint8Array | undefined {
    const buffer = this.#bySize.get(size)?.pop();
    if (buffer !== undefined) this.bytes -= size;
    return buffer;
  }

  /** Drops any one of them. */
  drop(): void {
    for (const [size, buffers] of this.#bySize) {
      if (buffers.pop() === undefined) continue;
      this.bytes -= size;
      return;
    }
  }
}
