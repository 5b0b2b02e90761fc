/** What the charts show: a figure of each second, for the last five minutes, kept in the page alone. */
import type { RouteStatus } from "../../status.ts";

/** Of a sample; the time first, in seconds since 1970. Null where nothing is known. */
export type Sample = readonly [time: number, ...figures: (number | null)[]];

export const COLUMNS = { time: 0, received: 1, delivered: 2, pending: 3, memory: 4, heldUp: 5 } as const;

export class Samples {
  readonly #columns: (number | null)[][];

  /** Holds the last `capacity` samples of `width` figures. */
  constructor(private readonly capacity: number, width: number) {
    this.#columns = Array.from({ length: width }, () => []);
  }

  /** A sample that is not younger than the last one is left out: a chart's time only goes forward. */
  push(sample: Sample): void {
    const last = this.#columns[0].at(-1) ?? -Infinity;
    if (sample[0] <= (last ?? -Infinity)) return;
    this.#columns.forEach((column, i) => {
      column.push(sample[i] ?? null);
      if (column.length > this.capacity) column.shift();
    });
  }

  column(index: number): readonly (number | null)[] {
    return this.#columns[index];
  }

  /** The largest figure of a column; 0 if there is none. */
  most(index: number): number {
    return this.#columns[index].reduce<number>((most, each) => Math.max(most, each ?? 0), 0);
  }
}

/** `before` is the status of the second before: the hold-ups are the share of the time between the two. */
export function sampleOf(route: RouteStatus, timeMs: number, before?: { status: RouteStatus; timeMs: number }): Sample {
  const paused = route.source_paused_seconds;
  const pausedBefore = before?.status.source_paused_seconds ?? null;
  const seconds = (timeMs - (before?.timeMs ?? timeMs)) / 1000;
  const isKnown = paused !== null && pausedBefore !== null && seconds > 0 && paused >= pausedBefore;
  return [
    timeMs / 1000,
    route.received_bytes_per_second,
    route.delivered_bytes_per_second,
    route.pending_bytes,
    route.memory_bytes,
    isKnown ? Math.min(1, (paused - pausedBefore) / seconds) : null,
  ];
}
