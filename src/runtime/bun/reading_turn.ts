/** One connection's turn to read: how much it reads before other work of the event loop is done. */

/** A turn is over once this many bytes have been read. Since one read takes no more than that, a turn has at most twice as many. */
const TURN_BYTES = 512 * 1024;

export class ReadingTurn {
  #bytes = 0;
  #next: ReturnType<typeof setImmediate> | undefined;

  /** `begun` is called when the turn comes that was asked for by {@link end}. */
  constructor(private readonly begun: () => void) {}

  get isOver(): boolean {
    return this.#bytes >= TURN_BYTES;
  }

  /** The event loop has done other work. */
  begin(): void {
    // While the next turn is waited for, this one goes on.
    if (this.#next === undefined) this.#bytes = 0;
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Other work is done now, and then the next turn begins. */
  end(): void {
    this.#next ??= setImmediate(() => {
      this.#next = undefined;
      this.begin();
      this.begun();
    });
  }

  /** There is no next turn. */
  cancel(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
  }
}
