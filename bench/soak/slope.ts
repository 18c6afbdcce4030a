/** The straight line through measurements over time, and how far its slope is uncertain. */
export interface Line {
  /** Per unit of `x`. */
  slope: number;
  /** Standard error of the slope. */
  error: number;
}

/**
 * Least squares. The standard error assumes measurements that do not depend on each other: where memory moves slowly it is
 * too small, and a line over a longer time is worth more.
 * @param x at least three values that are not all the same
 */
export function fitLine(x: readonly number[], y: readonly number[]): Line {
  const n = x.length;
  if (n < 3 || y.length !== n) throw new RangeError(`a line needs three points, not ${n}`);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / n;
  const [mx, my] = [mean(x), mean(y)];
  const square = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  const slope = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0) / square;
  const rest = x.reduce((sum, value, i) => sum + (y[i] - my - slope * (value - mx)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (n - 2) / square) };
}
