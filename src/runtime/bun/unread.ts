/**
 * Chunks that Bun has handed over and that no read has taken yet, with a limit
 * for all connections of one listener.
 *
 * A chunk has up to 512 KiB, whatever the read asked for, so a thousand connections
 * that are being read could leave half a gigabyte when their readers stop.
 * Beyond the limit sockets are taken away from Bun and read from the kernel
 * instead, into the readers' own buffers, until what waits is gone.
 */

/** Bun hands over what arrives in chunks of at most this. */
export const CHUNK_BYTES = 512 * 1024;

/** No more than this waits, apart from one chunk. */
export const UNREAD_BYTES_MAX = 8 * 1024 * 1024;

/** A connection that Bun may hand a chunk to. */
export interface Chunked {
  /** Takes its socket from Bun, which then hands it nothing more. */
  park(): void;
}

export class UnreadLimit {
  /** Connections whose sockets Bun holds. */
  readonly #attached = new Set<Chunked>();
  #bytes = 0;

  /** May another socket be given to Bun? */
  get open(): boolean {
    return this.#bytes <= UNREAD_BYTES_MAX;
  }

  attached(connection: Chunked): void {
    this.#attached.add(connection);
  }

  parked(connection: Chunked): void {
    this.#attached.delete(connection);
  }

  /** A chunk of `bytes` waits. */
  keep(bytes: number): void {
    const wasOpen = this.open;
    this.#bytes += bytes;
    if (wasOpen && !this.open) { for (const each of [...this.#attached]) each.park(); }
  }

  /** A chunk has been read, or will never be. */
  gone(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What waits on one connection. */
export class Unread {
  #chunk: Uint8Array | undefined;
  #start = 0;

  constructor(private readonly limit: UnreadLimit) {}

  get isEmpty(): boolean {
    return this.#chunk === undefined;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#chunk === undefined ? 0 : this.#chunk.length - this.#start;
  }

  /** Keeps `chunk` from `start` on, behind what waits already. */
  keep(chunk: Uint8Array, start: number): void {
    const before = this.#chunk?.subarray(this.#start);
    if (before === undefined) {
      this.#chunk = chunk;
      this.#start = start;
    } else {
      this.drop();
      this.#chunk = new Uint8Array(before.length + chunk.length);
      this.#chunk.set(before);
      this.#chunk.set(chunk, before.length);
      this.#start = 0;
    }
    this.limit.keep(this.#chunk.length);
  }

  /** Moves as much as fits to `into`, and returns how many bytes; something must wait. */
  take(into: Uint8Array): number {
    const chunk = this.#chunk!;
    const count = Math.min(into.length, chunk.length - this.#start);
    const end = this.#start + count;
    into.set(chunk.subarray(this.#start, end));
    this.#start = end;
    if (end === chunk.length) this.drop();
    return count;
  }

  drop(): void {
    if (this.#chunk !== undefined) this.limit.gone(this.#chunk.length);
    this.#chunk = undefined;
  }
}
