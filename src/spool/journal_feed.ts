/**
 * What the journal has to send, in pieces of as many frames as may be sent now.
 * Where there is no such limit a piece is all that was read at once. The next
 * batch is read while one is being sent, so that the disk and the socket work at
 * the same time.
 */
import type { BufferPool } from "../base/buffer.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Journal, JournalBatch } from "../journal/journal.ts";
import type { FramePiece, FrameRun } from "./frame_feed.ts";
import { ReadAhead } from "./read_ahead.ts";

/** A batch of which not everything has been handed out, or not everything given back. */
interface Held {
  readonly batch: JournalBatch;
  /** What is left of it. */
  rest: FrameRun[];
  /** Who asks for this sequence goes on with the rest. */
  next: number;
  users: number;
}

export class JournalFeed {
  readonly #ahead: ReadAhead;
  #held: Held | undefined;

  constructor(journal: Journal, pool: BufferPool) {
    this.#ahead = new ReadAhead(journal.reader(pool));
  }

  /** Sequence up to which the journal has been read or found unreadable. */
  get position(): number {
    return this.#ahead.position;
  }

  /**
   * Reads what comes from `sequence` on, or from the first frame after it that
   * is there, for `take`, and reads on in the background while frames below
   * `until` remain. False if nothing is readable.
   */
  async load(sequence: number, until: number): Promise<boolean> {
    this.drop();
    const batch = await this.#ahead.next(sequence, until);
    if (batch === undefined) return false;
    this.#held = { batch, rest: runsOf(batch), next: sequence, users: 1 };
    return true;
  }

  /** At most `maxFrames` frames (at least one) from `sequence` on; undefined if that is not what was loaded. */
  take(sequence: number, maxFrames: number): FramePiece | undefined {
    const held = this.#held;
    return held?.next === sequence ? this.#cut(held, maxFrames) : undefined;
  }

  /** What was read from `sequence` on, apart from what is handed out; give it back with `release`. */
  async read(sequence: number): Promise<JournalBatch | undefined> {
    this.drop();
    return await this.#ahead.next(sequence, sequence + 1);
  }

  release(batch: JournalBatch): void {
    this.#ahead.release(batch);
  }

  /** Lets go of what was read and not handed out. */
  drop(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#leave(held);
  }

  async close(): Promise<void> {
    this.drop();
    await this.#ahead.close();
  }

  #cut(held: Held, maxFrames: number): FramePiece {
    const runs: FrameRun[] = [];
    for (let left = maxFrames; left > 0 && held.rest.length > 0;) {
      const next = held.rest[0];
      const taken = next.frames <= left ? next : this.#divide(held, left);
      held.rest.shift();
      runs.push(taken);
      left -= taken.frames;
      held.next = taken.first + taken.frames;
    }
    held.users++;
    if (held.rest.length === 0) this.drop();
    return {
      buffer: held.batch.buffer,
      framer: held.batch.framer,
      runs,
      release: () => this.#leave(held),
    };
  }

  /** Makes two of the next run, the first of so many frames; returns that. */
  #divide(held: Held, frames: number): FrameRun {
    const { first, start, end, frames: all, arrivedUs } = held.rest[0];
    const middle = skipFrames(held.batch.framer, held.batch.buffer.bytes, start, end, frames);
    const taken = { first, frames, start, end: middle, arrivedUs };
    held.rest.splice(0, 1, taken, { first: first + frames, frames: all - frames, start: middle, end, arrivedUs });
    return taken;
  }

  #leave(held: Held): void {
    if (--held.users === 0) this.#ahead.release(held.batch);
  }
}

/** The runs of a batch, whose parts are the records that it was read from. */
export function runsOf({ parts, start, end }: JournalBatch): FrameRun[] {
  return parts.map(({ first, frames, offset, arrivedUs }, i) => ({
    first,
    frames,
    arrivedUs,
    start: start + offset,
    end: i + 1 < parts.length ? start + parts[i + 1].offset : end,
  }));
}
