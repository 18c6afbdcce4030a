/**
 * Intervals and tests for shares of right predictions. Tests compare each with SciPy or statsmodels
 * (test/fixtures/analysis).
 */

/** A 95% interval [low, high] of a share, 0..1, or of a difference, -1..1. */
export type Interval = [low: number, high: number];

/** The 97.5% quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

/**
 * Wilson's score interval of a share (Wilson 1927).
 * @param count successes among `n` trials
 * @returns [0, 1] for no trials
 */
export function wilson(count: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const p = count / n;
  const z2 = Z95 * Z95;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  return [count === 0 ? 0 : center - half, count === n ? 1 : center + half];
}

/**
 * McNemar's exact test of two models on the same examples: the two-sided binomial test of the examples on which
 * exactly one of them is right.
 * @param onlyA examples that only the first model answers correctly
 * @returns the p-value; 1 if the models never differ
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const smallest = Math.min(onlyA, onlyB);
  let sum = 0;
  for (let k = 0; k <= smallest; k++) sum += Math.exp(logChoose(n, k) - n * Math.LN2);
  return Math.min(1, 2 * sum);
}

/**
 * Fisher's exact test, two-sided, of a two by two table [[a, b], [c, d]]: the probability of all tables with the same
 * margins that are at most as likely as this one.
 */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  const row = a + b;
  const column = a + c;
  const total = row + c + d;
  const base = logChoose(total, column);
  const log = (k: number): number => logChoose(row, k) + logChoose(total - row, column - k) - base;
  // Tolerance for rounding, so that equally likely tables are all counted.
  const limit = log(a) + 1e-7;
  let sum = 0;
  for (let k = Math.max(0, column + row - total); k <= Math.min(row, column); k++) {
    const each = log(k);
    if (each <= limit) sum += Math.exp(each);
  }
  return Math.min(1, sum);
}

/**
 * Benjamini and Hochberg's correction for multiple tests (1995): the false discovery rate at which each is significant.
 * @returns q-values in the order of `p`
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => p[j] - p[i]);
  const q = new Array<number>(p.length);
  let least = 1;
  order.forEach((i, place) => {
    least = Math.min(least, (p[i] * p.length) / (p.length - place));
    q[i] = least;
  });
  return q;
}

/** Number of examples, and of right ones among them, for each cluster (the examples of a sentence). */
export interface ClusterSums {
  examples: Int32Array;
  right: Int32Array;
}

/**
 * The two-sided z test of the accuracy inside a slice against that outside, with standard errors that are robust to
 * correlation within a sentence (Liang and Zeger 1986; equals a linear model of correctness on membership with
 * clustered covariance, without small sample correction).
 * @param inside sums of the examples in the slice
 * @param all sums of these and the examples that they are compared with, by the same clusters
 * @returns the p-value; NaN if one side is empty or the variance is 0
 */
export function clusteredDifferenceTest(inside: ClusterSums, all: ClusterSums): number {
  const n = total(inside.examples);
  const rest = total(all.examples) - n;
  if (n === 0 || rest === 0) return NaN;
  const pIn = total(inside.right) / n;
  const pOut = (total(all.right) - total(inside.right)) / rest;
  let variance = 0;
  for (let i = 0; i < all.examples.length; i++) {
    const outside = all.examples[i] - inside.examples[i];
    const outsideRight = all.right[i] - inside.right[i];
    const score =
      (inside.right[i] - pIn * inside.examples[i]) / n - (outsideRight - pOut * outside) / rest;
    variance += score * score;
  }
  return variance === 0 ? NaN : normalTwoSided((pIn - pOut) / Math.sqrt(variance));
}

function total(counts: Int32Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/** The probability that a standard normal variable is further from 0 than `z`. */
export function normalTwoSided(z: number): number {
  return erfc(Math.abs(z) / Math.SQRT2);
}

/**
 * An interval of the difference of two shares of the same examples: Wald's with half an example added to each cell
 * (Bonett and Price 2012). For few examples, for which the bootstrap is too narrow.
 * @returns the interval of share b minus share a
 */
export function pairedDifference(onlyA: number, onlyB: number, n: number): Interval {
  const a = (onlyA + 1) / (n + 2);
  const b = (onlyB + 1) / (n + 2);
  const half = Z95 * Math.sqrt((a + b - (a - b) ** 2) / (n + 2));
  return [Math.max(-1, b - a - half), Math.min(1, b - a + half)];
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const logFactorials = [0, 0];

/** Computed by summation, which is exact to rounding; cached, as the tests of many slices use the same values. */
function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++)
    logFactorials.push(logFactorials[i - 1] + Math.log(i));
  return logFactorials[n];
}

/**
 * The complementary error function for x ≥ 0, to about 1e-11 relative: its series below 2, its continued fraction
 * (Lentz) from there.
 */
function erfc(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && k < 200; k++) {
      term *= (-x * x) / k;
      sum += term / (2 * k + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  if (x > 38) return 0;
  // erfc(x) = exp(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …))))
  let fraction = x;
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
