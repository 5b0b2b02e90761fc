/** What was measured, as it is kept in a file: every run, so that all else follows from it. */
import { type FigureName, namesIn, type Run, summarise, type Summary } from "./figures.ts";
import type { Machine } from "./machine.ts";

export interface Row {
  readonly name: string;
  /** Is it Spillway? */
  readonly ours: boolean;
  /** The row of the same result that it is set beside. */
  readonly beside?: string;
  /** One for each round. */
  readonly runs: readonly Run[];
}

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
  /** It began, and a run of it went wrong. */
  readonly failed: boolean;
}

/** One case: contenders that did the same, in alternating runs. */
export interface Result {
  readonly measurement: string;
  /** Of the measurement's chart. */
  readonly title: string;
  readonly payload: string;
  /** What sets this case apart from the others of the measurement. */
  readonly detail: string;
  /** The figures that the case is about; the others come with them. */
  readonly main: readonly FigureName[];
  readonly rows: readonly Row[];
  readonly leftOut: readonly LeftOut[];
}

export interface Report {
  readonly machine: Machine;
  /** The flags as they were given. */
  readonly flags: string;
  readonly results: readonly Result[];
}

/** Ratio of the medians to those of the row beside it, from the same alternating runs; undefined without one. */
export function ratioOf(result: Result, row: Row, name: FigureName): number | undefined {
  const [own, other] = [summarise(row.runs, name), summarise(besides(result, row)?.runs ?? [], name)];
  return own === undefined || other === undefined || other.median === 0 ? undefined : own.median / other.median;
}

/** The median's difference from that of the row beside it; undefined without one. */
export function differenceOf(result: Result, row: Row, name: FigureName): number | undefined {
  const [own, other] = [summarise(row.runs, name), summarise(besides(result, row)?.runs ?? [], name)];
  return own === undefined || other === undefined ? undefined : own.median - other.median;
}

export function besides(result: Result, row: Row): Row | undefined {
  return row.beside === undefined ? undefined : result.rows.find((other) => other.name === row.beside);
}

/** As it is written to a file: medians and ratios are there for the reader, and are not read back. */
export function toJson(report: Report): string {
  const results = report.results.map((result) => ({
    ...result,
    rows: result.rows.map((row) => {
      const summaries: Partial<Record<FigureName, Summary & { ratio?: number }>> = {};
      for (const name of namesIn(row.runs)) {
        summaries[name] = { ...summarise(row.runs, name)!, ratio: ratioOf(result, row, name) };
      }
      return { ...row, summaries };
    }),
  }));
  return JSON.stringify({ ...report, results }, null, 1) + "\n";
}

/** One report of several; the machine is the first one's. */
export function merged(reports: readonly Report[]): Report {
  return { ...reports[0], results: reports.flatMap((report) => report.results) };
}

export function readReport(path: string): Report {
  try {
    const report = JSON.parse(Deno.readTextFileSync(path)) as Report;
    if (!Array.isArray(report.results)) throw new Error("it has no results");
    return report;
  } catch (error) {
    throw new Error(`${path}: no report of the benchmark: ${error instanceof Error ? error.message : error}`);
  }
}
