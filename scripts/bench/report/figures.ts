/** The figures that a run has, what they are measured in, and the medians of several runs. */

interface Figure {
  readonly unit: string;
  readonly better: "more" | "less";
  /** How it is set beside a peer's. */
  readonly beside: "ratio" | "difference";
  readonly about: string;
}

const ratio = { beside: "ratio" } as const;

export const FIGURES = {
  rate: { unit: "MB/s", better: "more", ...ratio, about: "bytes copied, from the first write on" },
  in: { unit: "MB/s in", better: "more", ...ratio, about: "taken from the producer" },
  out: { unit: "MB/s out", better: "more", ...ratio, about: "given to the consumer" },
  messages: { unit: "messages/s", better: "more", ...ratio, about: "answered with source.reply" },
  p50: { unit: "µs, 50 %", better: "less", beside: "difference", about: "half of the frames were faster" },
  p99: { unit: "µs, 99 %", better: "less", beside: "difference", about: "99 of 100 frames were faster" },
  p999: { unit: "µs, 99.9 %", better: "less", beside: "difference", about: "999 of 1,000 frames were faster" },
  max: { unit: "µs, slowest", better: "less", beside: "difference", about: "the slowest frame" },
  ready: { unit: "ms to accept", better: "less", beside: "difference", about: "from the start to the first producer" },
  first: {
    unit: "ms to deliver",
    better: "less",
    beside: "difference",
    about: "from the start to the first frame out",
  },
  time: { unit: "ms", better: "less", beside: "difference", about: "of a command, from start to end" },
  firstGb: { unit: "MB/s, 1st GB", better: "more", ...ratio, about: "of the first GB" },
  tenthGb: { unit: "MB/s, 10th GB", better: "more", ...ratio, about: "of the tenth GB" },
  kept: { unit: "10th/1st GB", better: "more", ...ratio, about: "what is left of the speed at the tenth GB" },
  cpu: { unit: "CPU s/GB", better: "less", ...ratio, about: "user and system time of the whole process" },
  cores: { unit: "% CPU", better: "less", ...ratio, about: "of one core, while frames come at a fixed rate" },
  peak: { unit: "peak MiB", better: "less", ...ratio, about: "the most memory that was resident" },
  stall: { unit: "stall ms", better: "less", beside: "difference", about: "the longest write of the producer" },
  spilled: { unit: "% spilled", better: "less", beside: "difference", about: "of the frames went through the journal" },
  repeats: { unit: "repeats", better: "less", beside: "difference", about: "lines that came twice" },
  disorder: { unit: "out of order", better: "less", beside: "difference", about: "lines out of order" },
  missing: { unit: "missing", better: "less", beside: "difference", about: "lines that had not come in time" },
} satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;

/** What one run gave. */
export type Run = { readonly [name in FigureName]?: number };

/** One figure of several runs. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined where no run has the figure. */
export function summarise(runs: readonly Run[], name: FigureName): Summary | undefined {
  const values = runs.map((run) => run[name]).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** The figures that the runs have, in the order of {@link FIGURES}. */
export function namesIn(runs: readonly Run[]): FigureName[] {
  return (Object.keys(FIGURES) as FigureName[]).filter((name) => runs.some((run) => run[name] !== undefined));
}

/** The median; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
