/** Decimation of long curves without visible loss: minimum and maximum per pixel column. */

/** Column of numbers. */
export type Column = Float32Array | Float64Array | Uint32Array;

export interface Point {
  x: number;
  /** NaN interrupts the line. */
  y: number;
}

/** Returns the first index in `0..count` whose value is not less than `value`. The column must be ascending. */
export function lowerBound(column: Column, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Returns the points of a curve between two x values, plus one on each side so that lines reach the edges.
 * More than `2 * buckets` points are reduced to the minimum and the maximum of each bucket, in their order. A bucket with a
 * missing value ends with a gap, which is visible at any zoom.
 * @param xs ascending; the first `count` values are used
 * @param mapX converts column values to chart units (for example steps to epochs); must be monotonically increasing
 */
export function decimate(
  xs: Column,
  ys: Column,
  count: number,
  from: number,
  to: number,
  buckets: number,
  mapX: (x: number) => number = (x) => x,
): Point[] {
  const first = Math.max(0, lowerBound(xs, count, from) - 1);
  const end = Math.min(count, lowerBound(xs, count, to) + 1);
  const length = end - first;
  if (length <= 2 * buckets) return allPoints(xs, ys, first, end, mapX);
  const points: Point[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = first + Math.floor((bucket * length) / buckets);
    const stop = first + Math.floor(((bucket + 1) * length) / buckets);
    extremes(xs, ys, start, stop, mapX, points);
  }
  return points;
}

function allPoints(
  xs: Column,
  ys: Column,
  first: number,
  end: number,
  mapX: (x: number) => number,
): Point[] {
  const points: Point[] = new Array<Point>(end - first);
  for (let i = first; i < end; i++)
    points[i - first] = { x: mapX(xs[i] ?? 0), y: ys[i] ?? Number.NaN };
  return points;
}

function extremes(
  xs: Column,
  ys: Column,
  start: number,
  stop: number,
  mapX: (x: number) => number,
  points: Point[],
): void {
  let low = -1;
  let high = -1;
  let lowest = Infinity;
  let highest = -Infinity;
  let missing = false;
  for (let i = start; i < stop; i++) {
    const y = ys[i];
    // Comparisons with NaN are false: such values never become an extreme.
    if (y < lowest) {
      lowest = y;
      low = i;
    }
    if (y > highest) {
      highest = y;
      high = i;
    }
    if (Number.isNaN(y)) missing = true;
  }
  if (low < 0 || high < 0) {
    points.push({ x: mapX(xs[start] ?? 0), y: Number.NaN });
    return;
  }
  const [a, b] = low <= high ? [low, high] : [high, low];
  points.push({ x: mapX(xs[a] ?? 0), y: ys[a] ?? Number.NaN });
  if (b !== a) points.push({ x: mapX(xs[b] ?? 0), y: ys[b] ?? Number.NaN });
  if (missing) points.push({ x: mapX(xs[stop - 1] ?? 0), y: Number.NaN });
}

/** Returns the index of the value closest to `value` in an ascending column; -1 if the column is empty. */
export function nearest(column: Column, count: number, value: number): number {
  if (count === 0) return -1;
  const after = lowerBound(column, count, value);
  if (after === 0) return 0;
  if (after === count) return count - 1;
  const left = value - (column[after - 1] ?? 0);
  const right = (column[after] ?? 0) - value;
  return left <= right ? after - 1 : after;
}
