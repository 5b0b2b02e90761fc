/** The figures of one run, and the medians of several runs. */

export interface Run {
  readonly bytes: number;
  readonly seconds: number;
  /** User and system time of the process that was measured. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Medians of several runs of the same. */
export interface Figures {
  readonly runs: number;
  readonly megabytesPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly cpuSecondsPerGigabyte: number;
  readonly peakMebibytes: number;
}

export function summarise(runs: readonly Run[]): Figures {
  const rates = runs.map((run) => run.bytes / run.seconds / 1e6);
  return {
    runs: runs.length,
    megabytesPerSecond: median(rates),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
    cpuSecondsPerGigabyte: median(runs.map((run) => run.cpuSeconds / run.bytes * 1e9)),
    peakMebibytes: Math.max(...runs.map((run) => run.peakBytes)) / 2 ** 20,
  };
}

/** The median; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
