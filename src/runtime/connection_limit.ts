/**
 * How many connections may be open at once, so that descriptors are left for
 * everything else: where they run out, the journal cannot open its next
 * segment, and Bun asks the kernel for the next connection in a busy loop.
 */
import type { AcceptFilter } from "./net.ts";

export class ConnectionLimit {
  #open = 0;

  /** At most `max` connections, Infinity for no limit; the last `spare` of them are not for producers. */
  constructor(private readonly max: number, private readonly spare: number) {}

  /** For producers' connections; `refused` is called for each that is closed again. */
  filterForProducers(refused: (peer: string) => void): AcceptFilter {
    return {
      admit: (peer) => {
        const isAdmitted = this.#admit(this.spare);
        if (!isAdmitted) refused(peer);
        return isAdmitted;
      },
      closed: () => this.#closed(),
    };
  }

  /** For connections of consumers and of clients of the control socket. */
  filterForOthers(): AcceptFilter {
    return { admit: () => this.#admit(0), closed: () => this.#closed() };
  }

  #admit(spare: number): boolean {
    if (this.#open + 1 + spare > this.max) return false;
    this.#open++;
    return true;
  }

  #closed(): void {
    if (this.#open === 0) throw new Error("more connections were closed than admitted");
    this.#open--;
  }
}
