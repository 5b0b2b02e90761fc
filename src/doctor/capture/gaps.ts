/**
 * Stretches of a byte stream that were passed over: a segment came that begins
 * behind the end of what was seen so far. What fills one later was reordered on its
 * way, or lost before it was captured and sent again; what never comes was not
 * captured.
 */

/** Of more gaps at a time the oldest is given up. */
const GAPS_MAX = 16;

export class Gaps {
  readonly #from = new Int32Array(GAPS_MAX);
  readonly #until = new Int32Array(GAPS_MAX);
  readonly #seenUs = new Float64Array(GAPS_MAX);
  #count = 0;
  #givenUpBytes = 0;
  /** When the gap was noticed that {@link fill} has filled last. */
  filledSinceUs = 0;

  /** Bytes that have not come. */
  get bytes(): number {
    let sum = this.#givenUpBytes;
    for (let i = 0; i < this.#count; i++) sum += (this.#until[i] - this.#from[i]) | 0;
    return sum;
  }

  add(from: number, until: number, timeUs: number): void {
    if (this.#count === GAPS_MAX) {
      this.#givenUpBytes += (this.#until[0] - this.#from[0]) | 0;
      this.#remove(0);
    }
    this.#from[this.#count] = from;
    this.#until[this.#count] = until;
    this.#seenUs[this.#count++] = timeUs;
  }

  /** Takes [from, until) out of the gaps; returns how many bytes of it were in one. */
  fill(from: number, until: number): number {
    let filled = 0;
    for (let i = this.#count - 1; i >= 0; i--) {
      // Relative to the gap's begin, so that the wrap of sequence numbers does not matter.
      const begin = this.#from[i];
      const length = (this.#until[i] - begin) | 0;
      const first = Math.max((from - begin) | 0, 0);
      const last = Math.min((until - begin) | 0, length);
      if (first >= last) continue;
      filled += last - first;
      const seenUs = this.filledSinceUs = this.#seenUs[i];
      this.#remove(i);
      if (first > 0) this.add(begin, (begin + first) | 0, seenUs);
      if (last < length) this.add((begin + last) | 0, (begin + length) | 0, seenUs);
    }
    return filled;
  }

  #remove(index: number): void {
    this.#from.copyWithin(index, index + 1, this.#count);
    this.#until.copyWithin(index, index + 1, this.#count);
    this.#seenUs.copyWithin(index, index + 1, this.#count);
    this.#count--;
  }
}
