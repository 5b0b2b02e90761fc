/**
 * Frames that were given up while earlier ones are still in flight: the first
 * unconfirmed frame jumps over them once everything before is settled.
 */
interface Gap {
  readonly from: number;
  readonly until: number;
}

export class Gaps {
  #gaps: Gap[] = [];

  /** Sequence after the last frame that was given up; undefined if nothing waits to be passed. */
  get end(): number | undefined {
    return this.#gaps.at(-1)?.until;
  }

  /** Frames [from, until) are gone; they come after those of every gap before. */
  add(from: number, until: number): void {
    this.#gaps.push({ from, until });
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
