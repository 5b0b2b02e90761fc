/**
 * Reads the journal one batch ahead of the target, so that the disk and the
 * socket work at the same time.
 */
import type { JournalBatch, JournalReader } from "../journal/journal.ts";

export class ReadAhead {
  #ahead: Promise<JournalBatch | undefined> | undefined;
  #aheadOf = 0;
  #outstanding = 0;

  constructor(private readonly reader: JournalReader) {}

  /** Sequence up to which the journal has been read or found unreadable. */
  get position(): number {
    return this.reader.position;
  }

  /**
   * The frames from `sequence` on, or from the first one after it that is
   * there; give it back with `release`. Reads on in the background while frames
   * below `until` remain. Undefined if nothing is readable.
   */
  async next(sequence: number, until: number): Promise<JournalBatch | undefined> {
    let batch = await this.#takeAhead(sequence);
    // Memory may have been short for a second batch; for an only one it never is.
    batch ??= await this.#read(sequence);
    if (batch === undefined) return undefined;
    this.#outstanding++;
    if (this.reader.position < until) {
      this.#aheadOf = this.reader.position;
      this.#ahead = this.#read(this.#aheadOf);
      // Whoever takes it sees the failure; until then it is no unhandled rejection.
      this.#ahead.catch(() => {});
    }
    return batch;
  }

  release(batch: JournalBatch): void {
    this.#outstanding--;
    batch.buffer.release();
  }

  async close(): Promise<void> {
    await this.#discard();
    this.reader.close();
  }

  async #takeAhead(sequence: number): Promise<JournalBatch | undefined> {
    if (this.#ahead === undefined) return undefined;
    if (this.#aheadOf !== sequence) return await this.#discard();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return await ahead;
  }

  async #read(sequence: number): Promise<JournalBatch | undefined> {
    if (this.reader.position !== sequence) this.reader.seek(sequence);
    return await this.reader.next(this.#outstanding === 0);
  }

  async #discard(): Promise<undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    (await ahead?.catch(() => undefined))?.buffer.release();
    return undefined;
  }
}
