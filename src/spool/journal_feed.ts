/**
 * What the journal has to send, in pieces of as many frames as may be sent now.
 * Where there is no such limit a piece is all that was read at once.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Framer } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Journal, JournalBatch } from "../journal/types.ts";
import { ReadAhead } from "./read_ahead.ts";

/** Consecutive frames in one piece of memory. */
export interface Stretch {
  readonly first: number;
  readonly frames: number;
  readonly start: number;
  readonly end: number;
  /** When the first of them arrived, µs since 1970. */
  readonly arrivedUs: number;
}

/** Stretches that lie side by side; `release` when they are written. */
export interface Piece {
  readonly buffer: PooledBuffer;
  readonly framer: Framer;
  readonly stretches: readonly Stretch[];
  release(): void;
}

/** A batch of which not everything has been handed out, or not everything given back. */
interface Held {
  readonly batch: JournalBatch;
  /** What is left of it. */
  rest: Stretch[];
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
   * At most `maxFrames` frames (at least one) from `sequence` on, or from the
   * first one after it that is there. Reads on in the background while frames
   * below `until` remain. Undefined if nothing is readable.
   */
  async next(sequence: number, until: number, maxFrames: number): Promise<Piece | undefined> {
    if (this.#held?.next !== sequence) {
      this.drop();
      const batch = await this.#ahead.next(sequence, until);
      if (batch === undefined) return undefined;
      this.#held = { batch, rest: stretchesOf(batch), next: sequence, users: 1 };
    }
    return this.#cut(this.#held, maxFrames);
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

  #cut(held: Held, maxFrames: number): Piece {
    const stretches: Stretch[] = [];
    for (let left = maxFrames; left > 0 && held.rest.length > 0;) {
      const next = held.rest[0];
      const taken = next.frames <= left ? next : this.#divide(held, left);
      held.rest.shift();
      stretches.push(taken);
      left -= taken.frames;
      held.next = taken.first + taken.frames;
    }
    held.users++;
    if (held.rest.length === 0) this.drop();
    return {
      buffer: held.batch.buffer,
      framer: held.batch.framer,
      stretches,
      release: () => this.#leave(held),
    };
  }

  /** Makes two of the next stretch, the first of so many frames; returns that. */
  #divide(held: Held, frames: number): Stretch {
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

function stretchesOf({ parts, start, end }: JournalBatch): Stretch[] {
  return parts.map(({ first, frames, offset, arrivedUs }, i) => ({
    first,
    frames,
    arrivedUs,
    start: start + offset,
    end: i + 1 < parts.length ? start + parts[i + 1].offset : end,
  }));
}
