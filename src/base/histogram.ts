/**
 * How often a value was in which range: what Prometheus calls a histogram. Its
 * memory and the cost of a value do not depend on how many there were.
 */
export class Histogram {
  /** How many values were at most `bounds[i]` and above the bound before it; the last one is above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds`: the upper ends of the ranges, ascending, each belonging to its range. */
  constructor(readonly bounds: readonly number[]) {
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** `times` values of this size. */
  observe(value: number, times = 1): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]) i++;
    this.#counts[i] += times;
    this.#sum += value * times;
  }

  /** How many values there were. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** All values added up. */
  get sum(): number {
    return this.#sum;
  }

  /** How many values were at most as large as each of `bounds`. */
  get cumulative(): number[] {
    let sum = 0;
    return this.bounds.map((_, i) => sum += this.#counts[i]);
  }

  /**
   * About the value below which `share` of all lie (0 to 1): as if the values of a
   * range were spread evenly over it. Undefined if there were none; the last bound
   * if it is above that.
   */
  quantile(share: number): number | undefined {
    const { count, bounds } = this;
    if (count === 0) return undefined;
    let left = share * count;
    for (const [i, bound] of bounds.entries()) {
      const inside = this.#counts[i];
      const from = i === 0 ? 0 : bounds[i - 1];
      // Sums of fractions may lie a little above the bound.
      if (inside > 0 && left <= inside) return Math.min(bound, from + (bound - from) * left / inside);
      left -= inside;
    }
    return bounds[bounds.length - 1];
  }
}
