/** Zooming, panning and outlier clipping of a chart's y axis. */
import type { Range } from './range';

/** Visible range and type of a y axis. */
export interface YAxis {
  range: Range;
  logarithmic: boolean;
}

const identity = (value: number): number => value;

/** Conversion between values and positions on the screen. */
function scaleOf({ range, logarithmic }: YAxis): {
  to: (value: number) => number;
  from: (place: number) => number;
} {
  return logarithmic && range[0] > 0
    ? { to: Math.log, from: Math.exp }
    : { to: identity, from: identity };
}

/**
 * Returns the range after zooming.
 * @param factor less than 1 zooms in
 * @param fixed value that keeps its position; the center by default
 */
export function zoomedY(axis: YAxis, factor: number, fixed?: number): [number, number] {
  const { to, from } = scaleOf(axis);
  const [low, high] = [to(axis.range[0]), to(axis.range[1])];
  const center = fixed === undefined ? (low + high) / 2 : to(fixed);
  return [from(center - (center - low) * factor), from(center + (high - center) * factor)];
}

/** Returns the range after panning. @param share of the height; positive values pan up */
export function pannedY(axis: YAxis, share: number): [number, number] {
  const { to, from } = scaleOf(axis);
  const [low, high] = [to(axis.range[0]), to(axis.range[1])];
  const by = share * (high - low);
  return [from(low + by), from(high + by)];
}

/** Outliers exceed these quantiles by more than MARGIN times the distance of the quantiles. */
const QUANTILES = [0.05, 0.95] as const;
const MARGIN = 0.5;

/**
 * Returns the range of an axis without outliers: the 5% to the 95% quantile plus half of their distance on both sides
 * (TensorBoard also excludes the outer 5%), limited to the range of the values.
 * @param values in any order; values that are not finite or not positive on a logarithmic axis are ignored
 * @returns null if nothing is excluded
 */
export function withoutOutliers(
  values: readonly number[],
  logarithmic: boolean,
): [number, number] | null {
  const to = logarithmic ? Math.log : identity;
  const sorted = Float64Array.from(values.map(to).filter(Number.isFinite)).sort();
  if (sorted.length < 2) return null;
  const [low, high] = QUANTILES.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  const margin = MARGIN * (high - low);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  const shown = [Math.max(least, low - margin), Math.min(most, high + margin)];
  if (shown[1] <= shown[0] || (shown[0] === least && shown[1] === most)) return null;
  const from = logarithmic ? Math.exp : identity;
  return [from(shown[0]), from(shown[1])];
}
