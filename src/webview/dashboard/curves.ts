import { percent, bytes, count, shortExponent, significant } from '../shared/numbers';
import { t } from '../shared/translate';
import { decimate, lowerBound, nearest, type Column, type Point } from './decimate';
import { EpochScale } from './epochScale';
import type { EvalPoint } from './messages';
import type { RunData } from './runData';
import { stepWeight } from './smooth';

export type XAxis = 'step' | 'epoch' | 'time';
export type ChartId = 'loss' | 'accuracy' | 'lr' | 'speed' | 'memory';

/** One line of a chart, in chart units: steps, epochs or seconds on x. */
export interface Curve {
  /** Stable; curves are switched off by it. */
  id: string;
  /** Key of the run. */
  run: string;
  /** What the legend says, such as `val` or `calm-fox-1 val`. */
  label: string;
  /** Index into the theme's series colours. */
  colour: number;
  dash: readonly number[];
  /** Dots at the points, for curves with few of them. */
  marker: 'none' | 'circle' | 'triangle' | 'rect' | 'rectRot';
  /** Drawn thin and pale behind its `of` curve, with which it is switched off. */
  faintOf?: string;
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
  memory: (value) => bytes(value),
};

/** How a place on the x axis is told. */
export function xText(axis: XAxis, x: number, runs: readonly RunData[]): string {
  if (axis === 'step') return t('step {0}', count(x));
  if (axis === 'epoch') return t('epoch {0}', significant(x));
  const seconds = Math.round(x);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const step = runs.length === 1 && runs[0] ? stepAt(runs[0], x) : null;
  return step === null ? clock : `${clock} · ${t('step {0}', count(step))}`;
}

function stepAt(run: RunData, time: number): number | null {
  const index = nearest(run.columns.time, run.count, time);
  return index < 0 ? null : (run.columns.step[index] ?? null);
}

interface Units {
  /** Whether x comes from the column of times. */
  timed: boolean;
  /** From column values to chart units and back; both ascend. */
  to: (value: number) => number;
  from: (x: number) => number;
}

const same = (value: number) => value;

function unitsOf(run: RunData, axis: XAxis): Units {
  if (axis !== 'epoch') return { timed: axis === 'time', to: same, from: same };
  const scale = new EpochScale(run.history.epochs, run.header.stepsPerEpoch);
  return {
    timed: false,
    to: (step) => scale.toEpochs(step),
    from: (epochs) => scale.toSteps(epochs),
  };
}

interface Source {
  step: Column;
  time: Column;
  values: Float32Array;
  count: number;
}

/** A curve over columns. `source` is asked at each use: columns are replaced when they grow. */
function columnCurve(
  run: RunData,
  axis: XAxis,
  source: () => Source,
  look: Pick<Curve, 'id' | 'label' | 'colour' | 'dash' | 'marker' | 'faintOf'>,
  /** Points for each one asked for: a smooth curve does with fewer. */
  density = 1,
): Curve {
  const units = unitsOf(run, axis);
  const xs = (data: Source) => (units.timed ? data.time : data.step);
  return {
    ...look,
    run: run.header.key,
    points(from, to, buckets) {
      const data = source();
      return decimate(
        xs(data),
        data.values,
        data.count,
        units.from(from),
        units.from(to),
        Math.ceil(buckets * density),
        units.to,
      );
    },
    at(x) {
      const data = source();
      const index = nearest(xs(data), data.count, units.from(x));
      if (index < 0) return null;
      return { x: units.to(xs(data)[index] ?? 0), y: data.values[index] ?? Number.NaN };
    },
    get end() {
      const data = source();
      return units.to(xs(data)[data.count - 1] ?? 0);
    },
  };
}

/** A curve over a handful of points. */
function pointCurve(
  run: RunData,
  points: Point[],
  look: Pick<Curve, 'id' | 'label' | 'colour' | 'dash' | 'marker' | 'faintOf'>,
): Curve {
  const xs = Float64Array.from(points, (point) => point.x);
  return {
    ...look,
    run: run.header.key,
    points(from, to) {
      const first = Math.max(0, lowerBound(xs, xs.length, from) - 1);
      return points.slice(first, lowerBound(xs, xs.length, to) + 1);
    },
    at(x) {
      const index = nearest(xs, xs.length, x);
      return points[index] ?? null;
    },
    end: xs[xs.length - 1] ?? 0,
  };
}

/** The label of a curve: with several runs the run's name comes first. */
function labelOf(run: RunData, runs: readonly RunData[], what: string): string {
  return runs.length > 1 ? `${run.header.name} ${what}` : what;
}

export function lossCurves(runs: readonly RunData[], axis: XAxis, smoothing: number): Curve[] {
  const longest = runs.reduce((most, run) => Math.max(most, run.count), 0);
  const weight = stepWeight(smoothing, longest);
  return runs.flatMap((run, index) => {
    const { key, name } = run.header;
    const id = `loss:${key}`;
    // An imported run has the mean loss of each epoch and no steps.
    if (run.count === 0) return epochLossCurve(run, index, runs, axis);
    const raw = columnCurve(
      run,
      axis,
      () => ({ ...run.columns, values: run.columns.loss, count: run.count }),
      {
        id: `${id}:raw`,
        label: labelOf(run, runs, smoothing > 0 ? t('each step') : t('loss')),
        colour: index,
        dash: [],
        marker: run.count < 60 ? 'circle' : 'none',
        ...(smoothing > 0 && { faintOf: id }),
      },
    );
    if (smoothing === 0)
      return [
        {
          ...raw,
          id,
          get end() {
            return raw.end;
          },
        },
      ];
    const smoothed = columnCurve(
      run,
      axis,
      () => ({ ...run.columns, values: run.smoothedLoss(weight), count: run.count }),
      {
        id,
        label: runs.length > 1 ? name : t('smoothed'),
        colour: index,
        dash: [],
        marker: 'none',
      },
      0.4,
    );
    return [raw, smoothed];
  });
}

function epochLossCurve(
  run: RunData,
  colour: number,
  runs: readonly RunData[],
  axis: XAxis,
): Curve[] {
  const units = unitsOf(run, axis);
  const points = run.history.epochs
    .filter((epoch) => epoch.loss !== null)
    .map((epoch) => ({
      x: units.to(units.timed ? epoch.time : epoch.step),
      y: epoch.loss ?? Number.NaN,
    }));
  if (points.length === 0) return [];
  return [
    pointCurve(run, points, {
      id: `loss:${run.header.key}`,
      label: labelOf(run, runs, t('loss, mean of the epoch')),
      colour,
      dash: [],
      marker: 'circle',
    }),
  ];
}

const splitLooks = {
  val: { colour: 0, dash: [], marker: 'circle' },
  train: { colour: 3, dash: [2, 3], marker: 'none' },
  test: { colour: 1, dash: [8, 4], marker: 'triangle' },
  consistency: { colour: 2, dash: [8, 3, 2, 3], marker: 'rectRot' },
} as const;
type AccuracyKind = keyof typeof splitLooks;
const kinds = Object.keys(splitLooks) as AccuracyKind[];

export function accuracyCurves(runs: readonly RunData[], axis: XAxis): Curve[] {
  return runs.flatMap((run, runIndex) =>
    kinds.flatMap((kind) => {
      const points = accuracyPoints(run, kind, axis);
      if (points.length === 0) return [];
      const words: Record<AccuracyKind, string> = {
        train: t('train'),
        val: t('val'),
        test: t('test'),
        consistency: t('consistency'),
      };
      const look = splitLooks[kind];
      return pointCurve(run, points, {
        id: `${kind}:${run.header.key}`,
        label: labelOf(run, runs, words[kind]),
        // One run: a colour for each kind. Several: a colour for each run, the kind by dashes and markers.
        colour: runs.length > 1 ? runIndex : look.colour,
        dash: look.dash,
        // A dot shows a lone first epoch that no line could.
        marker: points.length === 1 && look.marker === 'none' ? 'circle' : look.marker,
      });
    }),
  );
}

function accuracyPoints(run: RunData, kind: AccuracyKind, axis: XAxis): Point[] {
  const units = unitsOf(run, axis);
  const place = (point: { step: number; time: number }) =>
    units.to(units.timed ? point.time : point.step);
  const measured = (point: EvalPoint) =>
    kind === 'consistency' ? point.consistency : point.accuracy;
  if (kind === 'train')
    return run.history.epochs
      .filter((epoch) => epoch.accuracy !== null)
      .map((epoch) => ({ x: place(epoch), y: epoch.accuracy ?? Number.NaN }));
  const split = kind === 'consistency' ? 'val' : kind;
  return run.history.evals
    .filter((point) => point.split === split && measured(point) !== null)
    .map((point) => ({ x: place(point), y: measured(point) ?? Number.NaN }));
}

/** Learning rate, examples per second and memory. */
export function meterCurves(
  chart: 'lr' | 'speed' | 'memory',
  runs: readonly RunData[],
  axis: XAxis,
): Curve[] {
  const words = { lr: t('learning rate'), speed: t('examples/s'), memory: t('memory') };
  return runs.flatMap((run, index) => {
    const source = (): Source =>
      chart === 'lr'
        ? { ...run.columns, values: run.columns.lr, count: run.count }
        : run.sparseColumn(chart);
    if (source().count === 0) return [];
    return columnCurve(run, axis, source, {
      id: `${chart}:${run.header.key}`,
      label: runs.length > 1 ? run.header.name : words[chart],
      colour: index,
      dash: [],
      marker: 'none',
    });
  });
}
