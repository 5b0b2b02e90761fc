/** What the model knows of each frame: what was written, what the journal must have, and what a power loss may take. */
import { assert, assertEquals } from "../../support/assert.ts";
import type { Delivered } from "./rig.ts";

/** What a start has found. */
export interface Start {
  readonly delivered: readonly Delivered[];
  readonly cursor: number;
  readonly end: number;
  /** Frames below this may be gone at any time. */
  readonly confirmed: number;
  readonly powerLost: boolean;
  /** Has this sequence been reported as lost? */
  readonly isReported: (sequence: number) => boolean;
}

export class FrameBook {
  /** What the journal has; the other sequences are holes, or below the cursor. */
  readonly #present = new Map<number, string>();
  /** What some append was given under a sequence, whatever became of it. */
  readonly #attempts = new Map<number, Set<string>>();
  /** Must survive a power loss. */
  readonly #safe = new Set<number>();
  /** Found though no append has said so: the next one may say that it was delivered from memory. */
  readonly #unsaid = new Set<number>();
  /** Left by a process that ended before it could sync them: they are not synced any more. */
  readonly #doubtful = new Set<number>();

  get sequences(): number[] {
    return [...this.#present.keys()];
  }

  textOf(sequence: number): string | undefined {
    return this.#present.get(sequence);
  }

  /** What a reader from `sequence` on must deliver. */
  from(sequence: number): Delivered[] {
    const sequences = this.sequences.filter((each) => each >= sequence).sort((a, b) => a - b);
    return sequences.map((each) => ({ sequence: each, text: this.#present.get(each)! }));
  }

  attempted(sequence: number, text: string): void {
    const texts = this.#attempts.get(sequence) ?? new Set();
    this.#attempts.set(sequence, texts.add(text));
  }

  appended(sequence: number, text: string, safe: boolean): void {
    this.#present.set(sequence, text);
    this.#unsaid.delete(sequence);
    if (safe) this.#safe.add(sequence);
  }

  /** These must survive a power loss from now on. */
  claim(sequences: readonly number[]): void {
    for (const each of sequences) if (!this.#doubtful.has(each) && !this.#unsaid.has(each)) this.#safe.add(each);
  }

  /** What is not safe by now will not be any more. */
  giveUpRest(): void {
    for (const each of this.#present.keys()) if (!this.#safe.has(each)) this.#doubtful.add(each);
  }

  /**
   * What is found must be what was written, in order, and all that had to
   * survive; what did not survive is reported. Returns how many frames a power
   * loss has taken.
   */
  reconcile(start: Start): number {
    const { delivered, cursor, end, powerLost } = start;
    const found = new Map(delivered.map(({ sequence, text }) => [sequence, text]));
    assertEquals([...found.keys()], [...found.keys()].sort((a, b) => a - b), "the order of what is found");
    for (const [sequence, text] of found) {
      assert(sequence < end, `frame ${sequence} is delivered, the end is ${end}`);
      assert(this.#attempts.get(sequence)?.has(text), `frame ${sequence} was never written: ${text}`);
    }
    const gone = this.sequences.filter((sequence) => found.get(sequence) !== this.#present.get(sequence));
    for (const sequence of gone) this.#checkGone(sequence, start, found);
    for (const sequence of gone) this.#forget(sequence);
    for (const sequence of this.sequences) if (sequence < cursor) this.#forget(sequence);
    for (const [sequence, text] of found) {
      if (!this.#present.has(sequence)) this.#unsaid.add(sequence);
      this.#present.set(sequence, text);
    }
    if (!powerLost) return 0;
    // What is on disk by now stays there.
    this.#doubtful.clear();
    this.#unsaid.clear();
    this.claim(this.sequences);
    return gone.filter((sequence) => sequence >= start.confirmed).length;
  }

  #checkGone(sequence: number, start: Start, found: ReadonlyMap<number, string>): void {
    const { cursor, confirmed, powerLost } = start;
    // The cursor may go on over a hole, not over a frame.
    const mustStay = powerLost
      ? this.#safe.has(sequence) && sequence >= confirmed
      : sequence >= Math.min(cursor, confirmed);
    assert(!mustStay, `frame ${sequence} is gone, the cursor is ${cursor}, confirmed were ${confirmed}`);
    if (sequence < cursor || found.has(sequence) || this.#unsaid.has(sequence)) return;
    const passedOver = [...found.keys()].some((other) => other > sequence);
    assert(!passedOver || start.isReported(sequence), `frame ${sequence} is gone silently`);
  }

  #forget(sequence: number): void {
    this.#present.delete(sequence);
    for (const set of [this.#safe, this.#doubtful, this.#unsaid]) set.delete(sequence);
  }
}
