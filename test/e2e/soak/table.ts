/** A table for people to read: columns as wide as they have to be, numbers to the right. */

export function printTable(rows: readonly object[]): void {
  if (rows.length === 0) return;
  const names = Object.keys(rows[0]);
  const cells = rows.map((row) => Object.values(row).map((cell) => cell.toLocaleString("en")));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  const isNumber = Object.values(rows[0]).map((cell) => typeof cell === "number");
  const line = (row: readonly string[]) =>
    row.map((cell, i) => isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ").trimEnd();
  console.log([line(names), ...cells.map(line)].join("\n"));
}
