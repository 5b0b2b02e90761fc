/**
 * Frames that will not be sent while earlier ones are still in flight: the
 * first unconfirmed frame jumps over them once everything before is settled.
 */
import type { DropReason, Tally } from "../base/ledger.ts";

interface Gap {
  readonly from: number;
  readonly until: number;
  /** Why they were dropped; undefined: they were not found in the journal. */
  readonly dropped: DropReason | undefined;
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

  /** Where the last frames that were dropped end, and why they were; undefined if no such gap waits to be passed. */
  get lastDropped(): { readonly until: number; readonly reason: DropReason } | undefined {
    let last: { readonly until: number; readonly reason: DropReason } | undefined;
    for (const { until, dropped } of this.#gaps) {
      // What is dropped with its segment may have been given up before.
      if (dropped !== undefined && until > (last?.until ?? -1)) last = { until, reason: dropped };
    }
    return last;
  }

  /** Is `sequence` dropped, and waits to be passed? */
  isDropped(sequence: number): boolean {
    return this.#gaps.some(({ from, until, dropped }) => dropped !== undefined && from <= sequence && sequence < until);
  }

  /** Frames [from, until) are gone; they come after those of every gap before. */
  add(from: number, until: number, dropped?: DropReason): void {
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

/** Why frames that were in flight are not sent again. */
export function whyDropped(reason: DropReason): string {
  if (reason === "operator") return "the operator has given them up";
  return reason === "expired" ? "they are too old" : "their segment is gone";
}
