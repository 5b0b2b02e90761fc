/**
 * How much may wait in chunks that no read has taken, on all connections that
 * share this limit.
 *
 * A chunk is up to 512 KiB, whatever the read wanted, so a thousand connections
 * that are all being read could leave half a gigabyte when their readers stop.
 * Beyond the limit sockets are taken away from Bun and read from the kernel
 * instead, into the readers' own buffers, until what waits is gone.
 */

/** More than this, one chunk apart, does not wait. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;

/** A connection that Bun may hand a chunk to. */
export interface Chunked {
  /** Lets Bun hand it nothing more. */
  park(): void;
}

export class UnreadLimit {
  /** Their sockets are with Bun. */
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

  /** A chunk of so many bytes waits. */
  keep(bytes: number): void {
    const wasOpen = this.open;
    this.#bytes += bytes;
    if (wasOpen && !this.open) { for (const each of [...this.#attached]) each.park(); }
  }

  /** It has been read, or nobody will read it. */
  gone(bytes: number): void {
    this.#bytes -= bytes;
  }
}
