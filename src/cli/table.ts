/** Formats a table: the first column and a last column of sentences are left-aligned, numbers right-aligned. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const [header] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || (column === row.length - 1 && header[column] === 'sentence')
          ? cell.padEnd(column === 0 ? widths[column] : 0)
          : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
}
