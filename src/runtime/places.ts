/**
 * How many connections may come in at once, so that descriptors are left for
 * everything else: where they run out, the journal cannot open its next
 * segment, and Bun asks the kernel for the next connection without end.
 */
import type { Door } from "./net.ts";

export class Places {
  #taken = 0;

  /** `max` for all together, Infinity for as many as come; producers leave `spare` of them to others. */
  constructor(private readonly max: number, private readonly spare: number) {}

  /** For producers; `refused` is told of each that finds no place. */
  doorForProducers(refused: (peer: string) => void): Door {
    return {
      admit: (peer) => {
        const isAdmitted = this.#take(this.spare);
        if (!isAdmitted) refused(peer);
        return isAdmitted;
      },
      left: () => this.#leave(),
    };
  }

  /** For consumers, and for those who ask the daemon. */
  doorForOthers(): Door {
    return { admit: () => this.#take(0), left: () => this.#leave() };
  }

  #take(spare: number): boolean {
    if (this.#taken + 1 + spare > this.max) return false;
    this.#taken++;
    return true;
  }

  #leave(): void {
    if (this.#taken === 0) throw new Error("a place was given back twice");
    this.#taken--;
  }
}
