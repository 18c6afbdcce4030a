import {
  bytes,
  count,
  duration,
  percent,
  shortExponent,
  significant,
  stepTime,
} from '../shared/numbers';
import { t } from '../shared/translate';
import { nearest, type Point } from './decimate';
import type { RunData } from './runData';

export type XAxis = 'step' | 'epoch' | 'time';
export type ChartId =
  'loss' | 'accuracy' | 'lr' | 'gradNorm' | 'speed' | 'ranks' | 'memory' | 'gpuMemory' | 'gpuUse';
/** Charts with one metric and one curve per run. */
export type MetricChartId = Exclude<ChartId, 'loss' | 'accuracy' | 'ranks'>;
/** Charts whose values are noisy and therefore smoothed. */
export const smoothedCharts: readonly ChartId[] = ['loss', 'gradNorm', 'speed', 'ranks', 'gpuUse'];

/** Curve of a chart; x is in chart units: steps, epochs or seconds. */
export interface Curve {
  /** Stable id, by which the curve is hidden. */
  id: string;
  /** Key of the run. */
  run: string;
  runName: string;
  /** Label in the legend, such as `val` or `calm-fox-1 val`. */
  label: string;
  /** Index into the theme's series colors. */
  color: number;
  dash: readonly number[];
  /** Shape of the dots, for curves with few points. */
  marker: 'none' | 'circle' | 'triangle' | 'rect' | 'rectRot';
  /** For raw values: id of their smoothed curve. They are drawn thin and faint behind it, and hidden with it. */
  smoothedCurve?: string;
  /** With several runs: the kind of accuracy. A kind is hidden for all runs together. */
  kind?: { id: string; label: string };
  points(from: number, to: number, buckets: number): Point[];
  /** Returns the data point closest to x; null if there is none. */
  at(x: number): Point | null;
  /** Maximum x. */
  end: number;
}

/** Formats the values of each chart. */
export const valueText: Record<ChartId, (value: number) => string> = {
  loss: (value) => significant(value),
  accuracy: (value) => percent(value),
  lr: (value) => shortExponent(value, 3),
  speed: (value) => significant(value),
  ranks: (value) => stepTime(value),
  memory: (value) => bytes(value),
  gradNorm: (value) => significant(value),
  gpuMemory: (value) => bytes(value),
  gpuUse: (value) => percent(value),
};

/** Formats a position on the x axis. */
export function xText(axis: XAxis, x: number, runs: readonly RunData[]): string {
  if (axis === 'step') return t('step {0}', count(x));
  if (axis === 'epoch') return t('epoch {0}', significant(x));
  const step = runs.length === 1 && runs[0] ? stepAt(runs[0], x) : null;
  return step === null ? duration(x) : `${duration(x)} · ${t('step {0}', count(step))}`;
}

function stepAt(run: RunData, time: number): number | null {
  const index = nearest(run.columns.time, run.count, time);
  return index < 0 ? null : (run.columns.step[index] ?? null);
}

/** Whether a curve is hidden: itself, its smoothed curve, its run or its kind. */
export function isHidden(curve: Curve, hidden: readonly string[]): boolean {
  return [curve.id, curve.smoothedCurve, curve.kind?.id, curve.kind && runGroup(curve.run)].some(
    (id) => id !== undefined && hidden.includes(id),
  );
}

/** Returns the id by which all kinds of accuracy of a run are hidden. */
export function runGroup(run: string): string {
  return `run:${run}`;
}
