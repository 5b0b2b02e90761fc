/**
 * The memory of one route: pooled buffers, counted at their capacity.
 *
 * Every byte that the relay holds lives in one of these buffers: unfinished
 * frames, unsent and unconfirmed runs, what is read back from the journal. So
 * `used` against `max` is the whole truth about it, whatever the frame rate,
 * the frame size or the number of connections.
 */
import { Condition } from "./condition.ts";

/** A piece of memory shared by the runs in it; it returns to its pool when the last one lets go. */
export class PooledBuffer {
  #holders = 1;

  constructor(readonly bytes: Uint8Array, readonly pool: BufferPool) {}

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
    if (--this.#holders === 0) this.pool.reclaim(this.bytes);
  }
}

export interface BufferPoolOptions {
  /** Capacity of all buffers together, in bytes. */
  readonly maxBytes: number;
  /** Of these, kept free for reading the journal back, so that a full intake cannot stop the drain. */
  readonly reserveBytes: number;
  /** Of these, kept for one unfinished frame at a time: as much as one can need, so that it can always be finished. */
  readonly frameBytes?: number;
  /** The usual buffer's capacity. Buffers whose size is a power of two are kept for reuse, so this is best one. */
  readonly bufferBytes: number;
  /** For tests: what is given back is filled with this byte, so that a view that outlives its buffer shows. */
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
  /** Of what is in use, so much is for the one frame that memory is kept for. */
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
    return size > this.#room ? undefined : this.#allocate(size);
  }

  /** Like {@link take}, for the one unfinished frame that memory is kept for, until {@link endKept}. */
  takeKept(size: number): PooledBuffer | undefined {
    if (this.#used + size > this.maxBytes - this.#reserveBytes) return undefined;
    this.#keptUsed = size;
    return this.#allocate(size);
  }

  /** The frame that memory was kept for is whole, or gone: what it had counts as any other buffer. */
  endKept(): void {
    this.#keptUsed = 0;
  }

  /**
   * A buffer for bytes read back from the journal: the reserve is for these.
   * It is granted whatever is in use if `mustGrant`: for a caller that holds no
   * other, or a record larger than the reserve could never be delivered.
   */
  takeReserved(size: number, mustGrant: boolean): PooledBuffer | undefined {
    if (!mustGrant && this.#used + size > this.maxBytes) return undefined;
    return this.#allocate(size);
  }

  /** Is an eighth of it all free for bytes that come in? */
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

  /** Makes whoever waits for memory look again: something else has changed. */
  nudge(): void {
    this.#freed.notify();
  }

  /** For {@link PooledBuffer.release} alone. */
  reclaim(bytes: Uint8Array): void {
    this.#used -= bytes.length;
    if (this.#fillReleased !== undefined) bytes.fill(this.#fillReleased);
    // Idle buffers are memory too.
    if (this.#used + this.#idle.bytes + bytes.length <= this.maxBytes) this.#idle.put(bytes);
    this.#freed.notify();
  }

  #allocate(capacity: number): PooledBuffer {
    this.#used += capacity;
    const pooled = this.#idle.take(capacity);
    // One gives way to a buffer of another size.
    while (this.#idle.bytes > 0 && this.#used + this.#idle.bytes > this.maxBytes) this.#idle.drop();
    return new PooledBuffer(pooled ?? new Uint8Array(capacity), this);
  }
}

/** The least size of a buffer that is worth keeping. */
const IDLE_BYTES_MIN = 1024;

/** Buffers that wait for another use, by their size: powers of two, of which there are few. */
class IdleBuffers {
  bytes = 0;
  readonly #bySize = new Map<number, Uint8Array[]>();

  put(buffer: Uint8Array): void {
    const size = buffer.length;
    if (size < IDLE_BYTES_MIN || (size & (size - 1)) !== 0) return;
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

  /** Lets go of one, whichever. */
  drop(): void {
    for (const [size, buffers] of this.#bySize) {
      if (buffers.pop() === undefined) continue;
      this.bytes -= size;
      return;
    }
  }
}
