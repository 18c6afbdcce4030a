/** Ticks of an axis at round values. */

/**
 * Multiples of 1, 2 or 5 times a power of ten, within the range.
 * @param max maximum number of ticks
 */
export function ticks(low: number, high: number, max: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / max;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}
