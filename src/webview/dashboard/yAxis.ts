/** Ranges of a chart's y axis: what zooming and panning make of them, and what is left when outliers are left out. */
import type { Range } from './range';

/** A y axis as it is on the screen. */
export interface YAxis {
  range: Range;
  logarithmic: boolean;
}

const identity = (value: number): number => value;

/** Distances on the screen are differences of these. */
function scaleOf({ range, logarithmic }: YAxis): {
  to: (value: number) => number;
  from: (place: number) => number;
} {
  return logarithmic && range[0] > 0
    ? { to: Math.log, from: Math.exp }
    : { to: identity, from: identity };
}

/**
 * @param factor below 1 zooms in
 * @param fixed value that keeps its place; the middle by default
 */
export function zoomedY(axis: YAxis, factor: number, fixed?: number): [number, number] {
  const { to, from } = scaleOf(axis);
  const [low, high] = [to(axis.range[0]), to(axis.range[1])];
  const center = fixed === undefined ? (low + high) / 2 : to(fixed);
  return [from(center - (center - low) * factor), from(center + (high - center) * factor)];
}

/** @param share of the height, up for positive numbers */
export function pannedY(axis: YAxis, share: number): [number, number] {
  const { to, from } = scaleOf(axis);
  const [low, high] = [to(axis.range[0]), to(axis.range[1])];
  const by = share * (high - low);
  return [from(low + by), from(high + by)];
}

/** Outliers lie beyond these quantiles by more than their distance times MARGIN. */
const QUANTILES = [0.05, 0.95] as const;
const MARGIN = 0.5;

/**
 * What an axis shows without outliers: the 5% to the 95% quantile and half of their distance on both sides (TensorBoard
 * leaves out the outer 5% likewise), but never more than there is.
 * @param values in any order; what is not finite, and what a logarithmic axis has no place for, does not count
 * @returns null where nothing is left out
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
