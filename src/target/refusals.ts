/** How often the consumer has refused the frame that is next: counted across connections. */
export class Refusals {
  #sequence = -1;
  #count = 0;

  /** One more; returns how many it has been. */
  note(sequence: number): number {
    if (sequence !== this.#sequence) this.#count = 0;
    this.#sequence = sequence;
    return ++this.#count;
  }

  of(sequence: number): number {
    return sequence === this.#sequence ? this.#count : 0;
  }
}
