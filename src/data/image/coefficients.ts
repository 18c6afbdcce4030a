/** Filter for one direction: output i is the weighted sum of `counts[i]` inputs that start at `starts[i]`. */
export interface Coefficients {
  starts: Int32Array;
  counts: Int32Array;
  /** [outputs, taps]: fixed-point weights, 1.0 is 2^22. */
  weights: Int32Array;
  /** Row length of `weights`. */
  taps: number;
}

/** Fractional bits of Pillow's 8-bit resampling. */
export const precisionBits = 22;

const cache = new Map<string, Coefficients>();
const MAX_CACHED = 128;

/** Cubic convolution with a = -0.5 (Keys). */
function bicubic(position: number): number {
  const x = Math.abs(position);
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/**
 * Computes Pillow's bicubic filter from `input` to `output` pixels (`precompute_coeffs` and `normalize_coeffs_8bpc` in
 * Resample.c): widened for downscaling, renormalized at the borders.
 */
export function bicubicCoefficients(input: number, output: number): Coefficients {
  const key = `${input}:${output}`;
  const known = cache.get(key);
  if (known) return known;
  const scale = input / output;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(output);
  const counts = new Int32Array(output);
  const weights = new Int32Array(output * taps);
  const row = new Float64Array(taps);
  for (let i = 0; i < output; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(input, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = bicubic((tap + start - center + 0.5) * (1 / filterScale));
      row[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = (row[tap] / sum) * 2 ** precisionBits;
      weights[i * taps + tap] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    starts[i] = start;
    counts[i] = count;
  }
  const coefficients = { starts, counts, weights, taps };
  if (cache.size >= MAX_CACHED) {
    const oldest = cache.keys().next();
    if (!oldest.done) cache.delete(oldest.value);
  }
  cache.set(key, coefficients);
  return coefficients;
}
