/** All results as one table: a row for each contender and each figure that its case is about. */
import { type FigureName, FIGURES, namesIn, summarise } from "./figures.ts";
import { machineLine } from "./machine.ts";
import { differenceOf, ratioOf, type Report, type Result, type Row } from "./result.ts";

const HEAD = [
  "measurement",
  "contender",
  "median",
  "least to most",
  "beside",
  "CPU s/GB",
  "peak MiB",
  "stall ms",
  "and",
];

/** Figures that have a column of their own. */
const COLUMNS = ["cpu", "peak", "stall"] as const satisfies readonly FigureName[];

/** The cells of all results, the head first; all rows have as many cells. */
export function cellsOf(results: readonly Result[]): string[][] {
  return [HEAD, ...results.flatMap(rowsOf)];
}

/** For a terminal. */
export function textReport(report: Report): string {
  return [
    machineLine(report.machine),
    versionsLine(report),
    `flags: ${report.flags || "none"}`,
    "",
    aligned(cellsOf(report.results)),
    ...leftOutLines(report),
  ].join("\n");
}

/** For a page. */
export function markdownReport(report: Report): string {
  const [head, ...rows] = cellsOf(report.results);
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    `Measured on ${machineLine(report.machine)}.`,
    "",
    `${versionsLine(report)}. Flags: ${report.flags || "none"}.`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows.map(line),
    "",
    ...leftOutLines(report).map((text) => `- ${text}`),
    "",
  ].join("\n");
}

function versionsLine({ machine }: Report): string {
  return Object.entries(machine.versions).map(([name, version]) => `${name}: ${version}`).join("; ");
}

function leftOutLines({ results }: Report): string[] {
  return results.flatMap((result) =>
    result.leftOut.map(({ name, reason }) => `left out of ${titleOf(result)}: ${name}: ${reason}`)
  );
}

/** Measurement, payload and what else sets the case apart. */
export function titleOf({ measurement, payload, detail }: Pick<Result, "measurement" | "payload" | "detail">): string {
  return [measurement, payload, detail].filter((part) => part !== "").join(", ");
}

function rowsOf(result: Result): string[][] {
  return result.rows.flatMap((row, i) =>
    result.main.filter((name) => summarise(row.runs, name) !== undefined).map((name, j) => [
      i === 0 && j === 0 ? titleOf(result) : "",
      j === 0 ? row.name : "",
      ...mainCells(result, row, name),
      ...(j === 0 ? [...COLUMNS.map((column) => medianOf(row, column)), others(result, row)] : ["", "", "", ""]),
    ])
  );
}

function mainCells(result: Result, row: Row, name: FigureName): string[] {
  const { median, least, most } = summarise(row.runs, name)!;
  return [
    `${rounded(median)} ${FIGURES[name].unit}`,
    `${rounded(least)} to ${rounded(most)}`,
    beside(result, row, name),
  ];
}

/** The ratio to the row beside it, "0.98 of socat", or the difference, "+21 to socat". */
export function beside(result: Result, row: Row, name: FigureName): string {
  if (FIGURES[name].beside === "ratio") {
    const ratio = ratioOf(result, row, name);
    return ratio === undefined ? "" : `${ratio.toFixed(2)} of ${row.beside}`;
  }
  const difference = differenceOf(result, row, name);
  return difference === undefined
    ? ""
    : `${difference < 0 ? "-" : "+"}${rounded(Math.abs(difference))} to ${row.beside}`;
}

/** What has no column: "3.2 % spilled, 12 repeats". */
function others(result: Result, row: Row): string {
  return namesIn(row.runs)
    .filter((name) => !result.main.includes(name) && !(COLUMNS as readonly FigureName[]).includes(name))
    .map((name) => `${medianOf(row, name)} ${FIGURES[name].unit}`).join(", ");
}

function medianOf(row: Row, name: FigureName): string {
  const summary = summarise(row.runs, name);
  return summary === undefined ? "" : rounded(summary.median);
}

/** Three digits, whole from 100 on. */
export function rounded(value: number): string {
  const size = Math.abs(value);
  return size >= 99.95 ? Math.round(value).toLocaleString("en-US") : value.toFixed(size >= 9.995 ? 1 : 2);
}

/** Columns side by side, two spaces between; all rows have as many cells. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}
