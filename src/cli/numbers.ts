/** How the reports of `analyze` and `compare` write numbers. */
import type { Interval } from '../analysis/statistics';

export function number(value: number): string {
  return value.toLocaleString('en');
}

/** `[71.2, 74.0]`, in percent. */
export function interval(ci: Interval | null): string {
  return ci === null ? '' : `[${ci.map((share) => (100 * share).toFixed(1)).join(', ')}]`;
}

/** A p- or q-value, `<0.001` for very small ones. */
export function significance(p: number | null): string {
  return p === null ? '' : p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** `label: True`; the name alone for slices that an example is in or not. */
export function sliceName({ slice, value }: { slice: string; value: string }): string {
  return value === 'yes' ? slice : `${slice}: ${value}`;
}

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
