/**
 * What got slower or faster since an earlier report: each figure of Spillway that moved
 * by more than the runs spread, in either report.
 *
 * A figure that has a peer's beside it is compared as its ratio to that, or its
 * difference from it, round by round: the two reports may be of different hours or
 * machines, and the peer went through the same.
 */
import { type FigureName, FIGURES, median, namesIn } from "./figures.ts";
import { besides, type Report, type Result, type Row } from "./result.ts";
import { aligned, rounded, titleOf } from "./table.ts";

export interface Change {
  readonly title: string;
  readonly row: string;
  readonly figure: FigureName;
  readonly isBetter: boolean;
  /** What is compared: "of socat", "to socat", or the figure's unit. */
  readonly unit: string;
  readonly before: number;
  readonly after: number;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** How many figures are in both reports. */
  readonly compared: number;
  /** The fewest runs of a row in either report: with one or two there is hardly a spread. */
  readonly fewestRuns: number;
  /** Rows of the old report that the new one does not have. */
  readonly gone: readonly string[];
}

/** These have nothing to do with a peer's, or with how fast the machine is. */
const ABSOLUTE: readonly FigureName[] = ["peak", "spilled", "repeats", "disorder", "missing"];

interface Values {
  readonly unit: string;
  readonly values: readonly number[];
}

export function compareReports(before: Report, after: Report): Comparison {
  const changes: Change[] = [];
  const gone: string[] = [];
  let compared = 0;
  for (const [result, row] of oursIn(before)) {
    const title = titleOf(result);
    const now = oursIn(after).find(([other, otherRow]) => titleOf(other) === title && otherRow.name === row.name);
    if (now === undefined) {
      gone.push(`${title}: ${row.name}`);
      continue;
    }
    for (const figure of namesIn(row.runs)) {
      const [old, young] = [valuesOf(result, row, figure), valuesOf(...now, figure)];
      if (old.values.length === 0 || young.values.length === 0 || old.unit !== young.unit) continue;
      compared++;
      const [from, to] = [median(old.values), median(young.values)];
      if (Math.abs(to - from) <= Math.max(spread(old.values), spread(young.values))) continue;
      const isBetter = (to > from) === (FIGURES[figure].better === "more");
      changes.push({ title, row: row.name, figure, isBetter, unit: young.unit, before: from, after: to });
    }
  }
  const counts = [before, after].flatMap(oursIn).map(([, row]) => row.runs.length);
  return { changes, compared, gone, fewestRuns: Math.min(...counts) };
}

/** For a terminal. */
export function comparisonText({ changes, compared, gone, fewestRuns }: Comparison): string {
  const part = (head: string, isBetter: boolean) => {
    const rows = changes.filter((change) => change.isBetter === isBetter).map(cells);
    return rows.length === 0 ? [] : [head, aligned(rows)];
  };
  return [
    `compared: ${compared} figures; ${changes.length} differ by more than the runs' spread`,
    ...(fewestRuns < 3 ? [`some have fewer than 3 runs: their spread says little`] : []),
    ...part("worse:", false),
    ...part("better:", true),
    ...(gone.length === 0 ? [] : ["not measured this time:", ...gone.map((text) => `  ${text}`)]),
  ].join("\n");
}

function cells({ title, row, figure, unit, before, after }: Change): string[] {
  const digits = (value: number) => Math.abs(value) < 10 ? value.toFixed(2) : rounded(value);
  return ["", title, row, FIGURES[figure].unit, `${digits(before)} → ${digits(after)} ${unit}`];
}

function oursIn(report: Report): [Result, Row][] {
  return report.results.flatMap((result) =>
    result.rows.filter((row) => row.ours).map((row): [Result, Row] => [result, row])
  );
}

/** One value for each round; none where the figure or the peer's is missing in a round. */
function valuesOf(result: Result, row: Row, figure: FigureName): Values {
  const own = row.runs.map((run) => run[figure]);
  const peer = ABSOLUTE.includes(figure) ? undefined : besides(result, row)?.runs.map((run) => run[figure]);
  const isDefined = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);
  if (peer === undefined || !peer.every(isDefined) || peer.length !== own.length) {
    return { unit: FIGURES[figure].unit, values: own.filter(isDefined) };
  }
  const isRatio = FIGURES[figure].beside === "ratio";
  const pair = (value: number, i: number) => isRatio ? value / peer[i] : value - peer[i];
  return { unit: `${isRatio ? "of" : "to"} ${row.beside}`, values: own.filter(isDefined).map(pair).filter(isDefined) };
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
