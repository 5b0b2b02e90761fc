/** The results as a table of text. */
import type { Figures } from "./figures.ts";

export interface Comparison {
  readonly copy: string;
  readonly spillway: Figures;
  readonly socat: Figures;
  /** Median of Spillway over median of socat, of the same alternating runs. */
  readonly ratio: number;
}

export function table(comparisons: readonly Comparison[]): string {
  const rows = [["copy", "", "MB/s (slowest to fastest)", "CPU s/GB", "peak MiB", "ratio"]];
  for (const { copy, spillway, socat, ratio } of comparisons) {
    rows.push([copy, "spillway", ...cells(spillway), ratio.toFixed(2)], ["", "socat", ...cells(socat), ""]);
  }
  return aligned(rows);
}

/** Columns side by side, two spaces between; all rows have as many cells. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}

function cells(figures: Figures): string[] {
  return [
    `${whole(figures.megabytesPerSecond)} (${whole(figures.slowest)} to ${whole(figures.fastest)})`,
    figures.cpuSecondsPerGigabyte.toFixed(2),
    whole(figures.peakMebibytes),
  ];
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
