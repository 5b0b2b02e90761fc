/**
 * What the journal has to send, in pieces of as many frames as may be sent now.
 * Where there is no such limit a piece is all that was read at once. The next
 * batch is read while one is being sent, so that the disk and the socket work at
 * the same time.
 */
import type { BufferPool } from "../base/buffer.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Journal, JournalBatch, JournalReader } from "../journal/journal.ts";
import type { FramePiece, FrameRun } from "./frame_feed.ts";

/** A batch of which not everything has been handed out, or not everything given back. */
interface LoadedBatch {
  readonly batch: JournalBatch;
  /** Runs that are not handed out. */
  readonly rest: FrameRun[];
  /** The sequence for which `take` goes on with the rest. */
  next: number;
  /** Pieces that are handed out, and one for the rest. The last of them releases the batch. */
  holders: number;
}

/** A batch that is being read before it is asked for. */
interface ReadAhead {
  readonly from: number;
  readonly batch: Promise<JournalBatch | undefined>;
}

export class JournalFeed {
  readonly #reader: JournalReader;
  #loaded: LoadedBatch | undefined;
  #ahead: ReadAhead | undefined;
  /** Batches that are not released. */
  #outstanding = 0;

  constructor(journal: Journal, pool: BufferPool) {
    this.#reader = journal.reader(pool);
  }

  /** Sequence up to which the journal has been read or found unreadable. */
  get position(): number {
    return this.#reader.position;
  }

  /**
   * Reads what comes from `sequence` on, or from the first frame after it that
   * is there, for `take`, and reads on in the background while frames below
   * `until` remain. False if nothing is readable.
   */
  async load(sequence: number, until: number): Promise<boolean> {
    this.dropLoaded();
    const batch = await this.#next(sequence, until);
    if (batch === undefined) return false;
    this.#loaded = { batch, rest: runsOf(batch), next: sequence, holders: 1 };
    return true;
  }

  /** At most `maxFrames` frames (at least one) from `sequence` on; undefined if that is not what was loaded. */
  take(sequence: number, maxFrames: number): FramePiece | undefined {
    const loaded = this.#loaded;
    return loaded?.next === sequence ? this.#cut(loaded, maxFrames) : undefined;
  }

  /** Reads the run that begins with frame `first` once more; undefined if there is none. */
  async reread(first: number): Promise<FramePiece | undefined> {
    this.dropLoaded();
    const batch = await this.#next(first, first + 1);
    if (batch === undefined) return undefined;
    const piece = { ...batch, runs: runsOf(batch), release: () => this.#release(batch) };
    if (batch.first === first) return piece;
    piece.release();
    return undefined;
  }

  /** Lets go of what was read and not handed out. */
  dropLoaded(): void {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded !== undefined) this.#letGo(loaded);
  }

  async close(): Promise<void> {
    this.dropLoaded();
    await this.#discardAhead();
    this.#reader.close();
  }

  #cut(loaded: LoadedBatch, maxFrames: number): FramePiece {
    const { batch, rest } = loaded;
    const runs: FrameRun[] = [];
    for (let left = maxFrames; left > 0 && rest.length > 0;) {
      const taken = rest[0].frames <= left ? rest[0] : this.#divide(loaded, left);
      rest.shift();
      runs.push(taken);
      left -= taken.frames;
      loaded.next = taken.first + taken.frames;
    }
    loaded.holders++;
    if (rest.length === 0) this.dropLoaded();
    return { buffer: batch.buffer, framer: batch.framer, runs, release: () => this.#letGo(loaded) };
  }

  /** Makes two of the next run, the first one with `frames` frames; returns that. */
  #divide({ batch, rest }: LoadedBatch, frames: number): FrameRun {
    const { first, start, end, frames: all, arrivedUs } = rest[0];
    const middle = skipFrames(batch.framer, batch.buffer.bytes, start, end, frames);
    const taken = { first, frames, start, end: middle, arrivedUs };
    rest.splice(0, 1, taken, { first: first + frames, frames: all - frames, start: middle, end, arrivedUs });
    return taken;
  }

  #letGo(loaded: LoadedBatch): void {
    if (--loaded.holders === 0) this.#release(loaded.batch);
  }

  #release(batch: JournalBatch): void {
    this.#outstanding--;
    batch.buffer.release();
  }

  /** The batch from `sequence` on, and begins to read the next one if that has frames below `until`. */
  async #next(sequence: number, until: number): Promise<JournalBatch | undefined> {
    let batch = await this.#takeAhead(sequence);
    // There may have been no memory for a second batch; for an only one there always is.
    batch ??= await this.#read(sequence);
    if (batch === undefined) return undefined;
    this.#outstanding++;
    const { position } = this.#reader;
    if (position < until) {
      this.#ahead = { from: position, batch: this.#read(position) };
      // A failure is thrown where the batch is taken; until then it must not count as unhandled.
      this.#ahead.batch.catch(() => {});
    }
    return batch;
  }

  async #takeAhead(sequence: number): Promise<JournalBatch | undefined> {
    if (this.#ahead?.from !== sequence) return await this.#discardAhead();
    const { batch } = this.#ahead;
    this.#ahead = undefined;
    return await batch;
  }

  async #discardAhead(): Promise<undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    (await ahead?.batch.catch(() => undefined))?.buffer.release();
    return undefined;
  }

  async #read(sequence: number): Promise<JournalBatch | undefined> {
    const reader = this.#reader;
    if (reader.position !== sequence) reader.seek(sequence);
    return await reader.next(this.#outstanding === 0);
  }
}

/** The runs of a batch, whose parts are the records that it was read from. */
function runsOf({ parts, start, end }: JournalBatch): FrameRun[] {
  return parts.map(({ first, frames, offset, arrivedUs }, i) => ({
    first,
    frames,
    arrivedUs,
    start: start + offset,
    end: i + 1 < parts.length ? start + parts[i + 1].offset : end,
  }));
}
