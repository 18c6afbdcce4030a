/** How the command line sets tables. */

/** Lines of a table: the first column to the left, numbers to the right, a last one of sentences to the left. */
export function align(rows: readonly (readonly string[])[]): string[] {
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
