import { t } from '../shared/translate';
import { smoothedCharts, type Curve, type MetricChartId, type XAxis } from './curve';
import {
  columnCurve,
  labelOf,
  pointCurve,
  unitsOf,
  type CurveStyle,
  type Source,
} from './curveBuilders';
import type { Point } from './decimate';
import type { EvalPoint } from './messages';
import type { RunData } from './runData';
import { stepWeight } from './smooth';

export function lossCurves(runs: readonly RunData[], axis: XAxis, smoothing: number): Curve[] {
  return [
    ...trainingLossCurves(runs, axis, smoothing),
    ...runs.flatMap((run) => valLossCurve(run, runs, axis)),
  ];
}

function trainingLossCurves(runs: readonly RunData[], axis: XAxis, smoothing: number): Curve[] {
  const weight = weightOf(runs, smoothing);
  return runs.flatMap((run) => {
    // An imported run has mean losses of epochs but no steps.
    if (run.count === 0) return epochLossCurve(run, runs, axis);
    return smoothedCurves(run, axis, weight, {
      name: 'loss',
      source: () => ({ ...run.columns, values: run.columns.loss, count: run.count }),
      style: {
        id: `loss:${run.header.key}`,
        label: runs.length > 1 ? run.header.name : t('smoothed'),
        color: run.header.color,
        dash: [],
        marker: 'none',
      },
      rawLabel: labelOf(run, runs, smoothing > 0 ? t('each step') : t('loss')),
    });
  });
}

/** Returns the smoothing weight per step for these runs. */
function weightOf(runs: readonly RunData[], smoothing: number): number {
  return stepWeight(
    smoothing,
    runs.reduce((most, run) => Math.max(most, run.count), 0),
  );
}

/** Values by step that are drawn raw and smoothed. */
interface SmoothableSeries {
  /** Name of the values, by which their smoothing is continued. */
  name: string;
  source: () => Source;
  /** Style of the smoothed curve. */
  style: CurveStyle;
  /** Label of the raw values. */
  rawLabel: string;
}

/** Returns the raw values as a faint curve, and the smoothed curve; without smoothing only the raw values. */
function smoothedCurves(
  run: RunData,
  axis: XAxis,
  weight: number,
  series: SmoothableSeries,
): Curve[] {
  const { name, source, style, rawLabel } = series;
  const marker = source().count < 60 ? ('circle' as const) : style.marker;
  if (weight === 0) return [columnCurve(run, axis, source, { ...style, label: rawLabel, marker })];
  const raw = columnCurve(run, axis, source, {
    ...style,
    id: `${style.id}:raw`,
    label: rawLabel,
    marker,
    smoothedCurve: style.id,
  });
  const smoothed = (): Source => {
    const data = source();
    return { ...data, values: run.smoothed(name, data.values, data.count, weight) };
  };
  return [raw, columnCurve(run, axis, smoothed, style, 0.4)];
}

function epochLossCurve(run: RunData, runs: readonly RunData[], axis: XAxis): Curve[] {
  const units = unitsOf(run, axis);
  const points = run.history.epochs.map((epoch) => ({
    x: units.to(units.timed ? epoch.time : epoch.step),
    // A loss that is not a number is a gap.
    y: epoch.loss ?? Number.NaN,
  }));
  if (points.every(({ y }) => Number.isNaN(y))) return [];
  return [
    pointCurve(run, points, {
      id: `loss:${run.header.key}`,
      label: labelOf(run, runs, t('loss, mean of the epoch')),
      color: run.header.color,
      dash: [],
      marker: 'circle',
    }),
  ];
}

/** Returns the curve of the mean loss on the validation split, if evaluations contain it. */
function valLossCurve(run: RunData, runs: readonly RunData[], axis: XAxis): Curve[] {
  const units = unitsOf(run, axis);
  const points = run.history.evals
    .filter(({ split, loss }) => split === 'val' && loss !== null)
    .map((point) => ({
      x: units.to(units.timed ? point.time : point.step),
      y: point.loss ?? Number.NaN,
    }));
  if (points.length === 0) return [];
  return [
    pointCurve(run, points, {
      id: `loss:val:${run.header.key}`,
      label: labelOf(run, runs, t('val loss')),
      color: run.header.color + (runs.length > 1 ? 0 : 1),
      dash: [8, 4],
      marker: 'circle',
    }),
  ];
}

const accuracyStyles = {
  val: { color: 0, dash: [], marker: 'circle' },
  train: { color: 3, dash: [2, 3], marker: 'none' },
  test: { color: 1, dash: [8, 4], marker: 'triangle' },
  consistency: { color: 2, dash: [8, 3, 2, 3], marker: 'rectRot' },
  testConsistency: { color: 4, dash: [8, 3, 2, 3, 2, 3], marker: 'rect' },
} as const;
type AccuracyKind = keyof typeof accuracyStyles;
const kinds = Object.keys(accuracyStyles) as AccuracyKind[];

export function accuracyCurves(runs: readonly RunData[], axis: XAxis): Curve[] {
  return runs.flatMap((run) =>
    kinds.flatMap((kind) => {
      const points = accuracyPoints(run, kind, axis);
      const known = points.filter(({ y }) => !Number.isNaN(y)).length;
      if (known === 0) return [];
      const names: Record<AccuracyKind, string> = {
        train: t('train'),
        val: t('val'),
        test: t('test'),
        consistency: t('consistency'),
        testConsistency: t('test consistency'),
      };
      const style = accuracyStyles[kind];
      return pointCurve(run, points, {
        id: `${kind}:${run.header.key}`,
        label: labelOf(run, runs, names[kind]),
        ...(runs.length > 1 && { kind: { id: `kind:${kind}`, label: names[kind] } }),
        // One run: a color per kind, the run's own for val. Several runs: a color per run, kinds differ in dashes and markers.
        color: run.header.color + (runs.length > 1 ? 0 : style.color),
        dash: style.dash,
        // A single point has no line, so it needs a dot.
        marker: known === 1 && style.marker === 'none' ? 'circle' : style.marker,
      });
    }),
  );
}

function accuracyPoints(run: RunData, kind: AccuracyKind, axis: XAxis): Point[] {
  const units = unitsOf(run, axis);
  const xOf = (point: { step: number; time: number }) =>
    units.to(units.timed ? point.time : point.step);
  // The trainer records it with epochs, imported curves with evaluations.
  if (kind === 'train')
    return [
      ...(run.history.epochs.some(({ accuracy }) => accuracy !== null) ? run.history.epochs : []),
      ...run.history.evals.filter((point) => point.split === 'train' && point.epoch !== null),
    ].map((point) => ({ x: xOf(point), y: point.accuracy ?? Number.NaN }));
  const isConsistency = kind === 'consistency' || kind === 'testConsistency';
  const measured = (point: EvalPoint) => (isConsistency ? point.consistency : point.accuracy);
  const split = kind === 'val' || kind === 'consistency' ? 'val' : 'test';
  return run.history.evals
    .filter((point) => point.split === split)
    .map((point) => ({ x: xOf(point), y: measured(point) ?? Number.NaN }));
}

/** Returns the curves of a chart with one metric: learning rate, gradient norm, throughput, or memory. */
export function metricCurves(
  chart: MetricChartId,
  runs: readonly RunData[],
  axis: XAxis,
  smoothing = 0,
): Curve[] {
  const names: Record<MetricChartId, string> = {
    lr: t('learning rate'),
    gradNorm: t('gradient norm'),
    speed: t('examples/s'),
    memory: t('memory'),
    gpuMemory: t('GPU memory'),
    gpuUse: t('GPU use'),
  };
  const weight = smoothedCharts.includes(chart) ? weightOf(runs, smoothing) : 0;
  return runs.flatMap((run) => {
    const source = (): Source =>
      chart === 'lr'
        ? { ...run.columns, values: run.columns.lr, count: run.count }
        : run.sparseColumn(chart);
    const { values, count } = source();
    if (!values.subarray(0, count).some(Number.isFinite)) return [];
    const label = runs.length > 1 ? run.header.name : names[chart];
    return smoothedCurves(run, axis, weight, {
      name: chart,
      source,
      style: {
        id: `${chart}:${run.header.key}`,
        label: weight > 0 && runs.length === 1 ? t('smoothed') : label,
        color: run.header.color,
        dash: [],
        marker: 'none',
      },
      rawLabel: weight > 0 ? labelOf(run, runs, t('each step')) : label,
    });
  });
}

const rankDashes = [[], [8, 4], [2, 3], [8, 3, 2, 3]] as const;
/** Number of series colors; further curves differ in their dashes. */
const SERIES_COLORS = 6;

/** Returns the curves of the seconds that each rank took for its own part of a step. */
export function rankCurves(runs: readonly RunData[], axis: XAxis, smoothing = 0): Curve[] {
  const several = runs.length > 1;
  const weight = weightOf(runs, smoothing);
  return runs.flatMap((run) =>
    (run.columns.ranks ?? []).flatMap((_, rank) => {
      const label = labelOf(run, runs, t('rank {0}', rank));
      const curves = smoothedCurves(run, axis, weight, {
        name: `rank${rank}`,
        source: () => ({
          ...run.columns,
          values: run.columns.ranks?.[rank] ?? new Float32Array(0),
          count: run.count,
        }),
        style: {
          id: `rank${rank}:${run.header.key}`,
          label,
          // One run: a color per rank. Several runs: a color per run, ranks differ in dashes.
          color: several ? run.header.color : rank,
          dash: rankDashes[(several ? rank : Math.floor(rank / SERIES_COLORS)) % 4] ?? [],
          marker: 'none',
        },
        rawLabel: label,
      });
      // Many overlapping faint curves would not be readable.
      return curves.filter((curve) => curve.smoothedCurve === undefined);
    }),
  );
}
