/** Tables of text. */

/** The rows as lines, cells aligned by column: to the right where `isRight`, else to the left. */
export function aligned(rows: readonly (readonly string[])[], isRight: (column: number) => boolean): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, i) => isRight(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]));
    return cells.join("  ").trimEnd();
  });
}
