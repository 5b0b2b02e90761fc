/**
 * Frames that will not be sent while earlier ones are still in flight: the
 * first unconfirmed frame jumps over them once everything before is settled.
 */
import type { Tally } from "../base/ledger.ts";

interface Gap {
  readonly from: number;
  readonly until: number;
  /** Dropped with their segment; else they were not found in the journal. */
  readonly dropped: boolean;
}

/** Frames [from, until): neither handed out nor to be handed out, and not counted as dropped yet. */
export interface Passing {
  readonly from: number;
  readonly until: number;
  /** What of it a reader that was still at it has found damaged since the counting began: that is dropped already. */
  damaged: Tally;
}

export class Gaps {
  #gaps: Gap[] = [];

  /** Sequence after the last frame that was dropped; undefined if no such gap waits to be passed. */
  get droppedEnd(): number | undefined {
    return this.#gaps.findLast(({ dropped }) => dropped)?.until;
  }

  /** Frames [from, until) are gone; they come after those of every gap before. */
  add(from: number, until: number, dropped: boolean): void {
    this.#gaps.push({ from, until, dropped });
  }

  /** The first frame that is neither confirmed nor given up, when everything before `confirmed` is confirmed. */
  pass(confirmed: number): number {
    let passed = confirmed;
    while (this.#gaps.length > 0 && this.#gaps[0].from <= passed) {
      passed = Math.max(passed, this.#gaps.shift()!.until);
    }
    return passed;
  }

  clear(): void {
    this.#gaps = [];
  }
}
