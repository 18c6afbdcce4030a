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
/** Charts of a value that is known for some steps, one curve a run. */
export type MetricChartId = Exclude<ChartId, 'loss' | 'accuracy' | 'ranks'>;
/** Charts whose values vary from step to step, so that they are smoothed. */
export const smoothedCharts: readonly ChartId[] = ['loss', 'gradNorm', 'speed', 'ranks', 'gpuUse'];

/** One line of a chart, in chart units: steps, epochs or seconds on x. */
export interface Curve {
  /** Stable; curves are switched off by it. */
  id: string;
  /** Key of the run. */
  run: string;
  runName: string;
  /** What the legend says, such as `val` or `calm-fox-1 val`. */
  label: string;
  /** Index into the theme's series colors. */
  color: number;
  dash: readonly number[];
  /** Dots at the points, for curves with few of them. */
  marker: 'none' | 'circle' | 'triangle' | 'rect' | 'rectRot';
  /** Drawn thin and pale behind the curve with this id, with which it is switched off. */
  smoothedCurve?: string;
  /** Of several runs: which of the kinds of accuracy it is; kinds are switched off for all runs at once. */
  kind?: { id: string; label: string };
  points(from: number, to: number, buckets: number): Point[];
  /** The point of the data closest to x; null when there is none. */
  at(x: number): Point | null;
  /** Largest x. */
  end: number;
}

/** How the values of a chart are written. */
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

/** How a position on the x axis is shown. */
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

/** Whether a curve is switched off: by itself, with the curve it belongs to, with its run or its kind. */
export function isHidden(curve: Curve, hidden: readonly string[]): boolean {
  return [curve.id, curve.smoothedCurve, curve.kind?.id, curve.kind && runGroup(curve.run)].some(
    (id) => id !== undefined && hidden.includes(id),
  );
}

/** The id by which all kinds of accuracy of a run are switched off. */
export function runGroup(run: string): string {
  return `run:${run}`;
}
