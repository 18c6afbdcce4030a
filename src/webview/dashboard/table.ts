import type { Curve } from './curve';
import type { Range } from './range';

/** Curves as rows: a place on the x axis and the value of each curve there, null where it has none. */
export interface CurveTable {
  columns: Curve[];
  rows: { x: number; values: (number | null)[] }[];
  /** Whether rows were left out. */
  sampled: boolean;
}

/**
 * @param range the part of x on the screen; null for all.
 * @param maxRows more points are sampled evenly; Infinity takes all.
 */
export function curveTable(
  curves: readonly Curve[],
  range: Range | null,
  maxRows: number,
): CurveTable {
  const end = curves.reduce((most, curve) => Math.max(most, curve.end), 0);
  const [from, to] = range ?? [0, end];
  const places = new Set<number>();
  for (const curve of curves)
    for (const { x } of curve.points(from, to, maxRows)) if (x >= from && x <= to) places.add(x);
  const all = Float64Array.from(places).sort();
  const sampled = all.length > maxRows;
  const count = sampled ? maxRows : all.length;
  const rows: CurveTable['rows'] = [];
  for (let i = 0; i < count; i++) {
    const x = all[sampled ? Math.round((i * (all.length - 1)) / (count - 1)) : i] ?? 0;
    rows.push({ x, values: curves.map((curve) => valueAt(curve, x, sampled)) });
  }
  return { columns: [...curves], rows, sampled };
}

function valueAt(curve: Curve, x: number, near: boolean): number | null {
  const point = curve.at(x);
  if (!point || !Number.isFinite(point.y)) return null;
  return near || point.x === x ? point.y : null;
}

/** The table as CSV (RFC 4180), every point of the curves in the range. */
export function curvesCsv(curves: readonly Curve[], range: Range | null, xName: string): string {
  const { columns, rows } = curveTable(curves, range, Infinity);
  const lines = [[xName, ...columns.map((curve) => curve.label)].map(csvField).join(',')];
  for (const { x, values } of rows)
    lines.push([x, ...values].map((value) => (value === null ? '' : String(value))).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function csvField(text: string): string {
  // A leading sign of a formula would be run by spreadsheets.
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
