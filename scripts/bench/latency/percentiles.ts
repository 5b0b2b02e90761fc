/** What the latencies of many frames come to. */

/** In µs. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Of latencies in ns, at least one; a percentile is the smallest one that so many of them do not exceed. */
export function percentiles(latencies: Float64Array): Percentiles {
  const sorted = latencies.toSorted();
  const at = (share: number) => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] / 1000;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
