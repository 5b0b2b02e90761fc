/**
 * How much is read, by all connections together, before other work of the event
 * loop is done: writes to the consumer and to the disk among it. Connections that
 * want to read more wait for the next turn, in the order in which they came.
 */

/** A turn is over once this many bytes have been read. Since one read takes no more than that, a turn has at most twice as many. */
const TURN_BYTES = 512 * 1024;

/** Called when its turn has come. */
export interface ReadsInTurn {
  readInTurn(): void;
}

export class ReadingTurns {
  #bytes = 0;
  readonly #waiting = new Set<ReadsInTurn>();
  #next: ReturnType<typeof setImmediate> | undefined;

  /** Is nothing more to be read in this turn? */
  get isOver(): boolean {
    return this.#bytes >= TURN_BYTES;
  }

  /** Bytes have been read. */
  count(bytes: number): void {
    this.#bytes += bytes;
    // Where little is read this is seldom, and the event loop is not made to look for events once more.
    if (this.#bytes >= TURN_BYTES) this.#next ??= setImmediate(() => this.#begin());
  }

  /** `reader` reads on in its turn. */
  wait(reader: ReadsInTurn): void {
    this.#waiting.add(reader);
    this.#next ??= setImmediate(() => this.#begin());
  }

  /** `reader` does not wait any more. */
  leave(reader: ReadsInTurn): void {
    this.#waiting.delete(reader);
  }

  #begin(): void {
    this.#next = undefined;
    this.#bytes = 0;
    for (const reader of this.#waiting) {
      if (this.#bytes >= TURN_BYTES) break;
      this.#waiting.delete(reader);
      reader.readInTurn();
    }
    if (this.#waiting.size > 0) this.#next ??= setImmediate(() => this.#begin());
  }
}

/** Of this process: the event loop is one for all. */
export const readingTurns = new ReadingTurns();
