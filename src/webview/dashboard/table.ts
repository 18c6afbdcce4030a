import type { Curve } from './curve';
import type { Point } from './decimate';
import type { Range } from './range';

/** Curves as rows: x and the value of each curve at x, null if it has none. */
export interface CurveTable {
  columns: Curve[];
  rows: { x: number; values: (number | null)[] }[];
  /** Whether rows were omitted. */
  sampled: boolean;
}

/**
 * Returns the values of curves as a table.
 * @param range visible part of x; null for all
 * @param maxRows more rows are sampled evenly; Infinity for all
 */
export function curveTable(
  curves: readonly Curve[],
  range: Range | null,
  maxRows: number,
): CurveTable {
  const end = curves.reduce((most, curve) => Math.max(most, curve.end), 0);
  const [from, to] = range ?? [0, end];
  const points = curves.map((curve) =>
    curve.points(from, to, maxRows).filter(({ x }) => x >= from && x <= to),
  );
  const rows = merge(points);
  if (rows.length <= maxRows) return { columns: [...curves], rows, sampled: false };
  const picked = Array.from({ length: maxRows }, (_, i) => {
    const x = rows[Math.round((i * (rows.length - 1)) / (maxRows - 1))]?.x ?? 0;
    return { x, values: curves.map((curve) => finite(curve.at(x)?.y)) };
  });
  return { columns: [...curves], rows: picked, sampled: true };
}

/** Merges ascending points to one row for each x of any curve. */
function merge(points: readonly (readonly Point[])[]): CurveTable['rows'] {
  const at = points.map(() => 0);
  const rows: CurveTable['rows'] = [];
  for (;;) {
    let x = Infinity;
    points.forEach((curve, i) => (x = Math.min(x, curve[at[i] ?? 0]?.x ?? Infinity)));
    if (x === Infinity) return rows;
    const values = points.map((curve, i) => {
      const point = curve[at[i] ?? 0];
      if (point?.x !== x) return null;
      at[i] = (at[i] ?? 0) + 1;
      return finite(point.y);
    });
    rows.push({ x, values });
  }
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Returns the curves as CSV (RFC 4180) with all points in the range. */
export function curvesCsv(curves: readonly Curve[], range: Range | null, xName: string): string {
  const { columns, rows } = curveTable(curves, range, Infinity);
  const lines = [[xName, ...columns.map((curve) => curve.label)].map(csvField).join(',')];
  for (const { x, values } of rows) {
    let line = csvNumber(x);
    for (const value of values) line += value === null ? ',' : `,${csvNumber(value)}`;
    lines.push(line);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Formats a number with seven significant digits, the precision of the columns. */
function csvNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
}

function csvField(text: string): string {
  // Spreadsheets would execute text that starts like a formula.
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
