/**
 * An end's window over time in a fixed number of buckets. Whenever the time has
 * outgrown them, each two become one of twice the width. A bucket has the window's
 * mean over its time, and for how much of that the window was closed: both can be
 * added up without loss.
 */

const BUCKETS = 64;
const FIRST_WIDTH_US = 1000;

/** What is told of a bucket. */
export interface WindowBucket {
  /** In the unit in which windows were given. */
  readonly mean: number;
  /** From 0 to 1. */
  readonly closedShare: number;
}

export class WindowSeries {
  /** Window times microseconds. */
  readonly #sums = new Float64Array(BUCKETS);
  readonly #closedUs = new Float64Array(BUCKETS);
  #widthUs = FIRST_WIDTH_US;
  #untilUs: number;

  constructor(private readonly startUs: number) {
    this.#untilUs = startUs;
  }

  /** In microseconds; the last bucket may cover less. */
  get widthUs(): number {
    return this.#widthUs;
  }

  /** `window` was the window from where the series ends until `untilUs`, which is not before that. */
  extend(window: number, untilUs: number): void {
    while (untilUs - this.startUs > BUCKETS * this.#widthUs) this.#thin();
    let at = this.#untilUs;
    while (at < untilUs) {
      const bucket = Math.floor((at - this.startUs) / this.#widthUs);
      const edge = Math.min(untilUs, this.startUs + (bucket + 1) * this.#widthUs);
      this.#sums[bucket] += window * (edge - at);
      if (window === 0) this.#closedUs[bucket] += edge - at;
      at = edge;
    }
    this.#untilUs = at;
  }

  buckets(): WindowBucket[] {
    const lengthUs = this.#untilUs - this.startUs;
    return Array.from({ length: Math.ceil(lengthUs / this.#widthUs) }, (_, i) => {
      const coveredUs = Math.min(this.#widthUs, lengthUs - i * this.#widthUs);
      return { mean: this.#sums[i] / coveredUs, closedShare: this.#closedUs[i] / coveredUs };
    });
  }

  #thin(): void {
    for (const values of [this.#sums, this.#closedUs]) {
      for (let i = 0; i < BUCKETS / 2; i++) values[i] = values[2 * i] + values[2 * i + 1];
      values.fill(0, BUCKETS / 2);
    }
    this.#widthUs *= 2;
  }
}
