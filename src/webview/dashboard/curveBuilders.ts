import type { Curve, XAxis } from './curve';
import { decimate, lowerBound, nearest, type Column, type Point } from './decimate';
import { EpochScale } from './epochScale';
import type { RunData } from './runData';

/** Properties of a curve in addition to its points. */
export type CurveStyle = Pick<
  Curve,
  'id' | 'label' | 'color' | 'dash' | 'marker' | 'smoothedCurve' | 'kind'
>;

interface Units {
  /** Whether x is read from the time column. */
  timed: boolean;
  /** Convert column values to chart units and back; both are monotonically increasing. */
  to: (value: number) => number;
  from: (x: number) => number;
}

const identity = (value: number) => value;

/** Returns the conversion of a run's steps to the units of the x axis. */
export function unitsOf(run: RunData, axis: XAxis): Units {
  if (axis !== 'epoch') return { timed: axis === 'time', to: identity, from: identity };
  const scale = new EpochScale(run.history.epochs, run.header.stepsPerEpoch);
  return {
    timed: false,
    to: (step) => scale.toEpochs(step),
    from: (epochs) => scale.toSteps(epochs),
  };
}

/** Columns of equal length that contain the points of a curve. */
export interface Source {
  step: Column;
  time: Column;
  values: Float32Array;
  count: number;
}

/** Creates a curve from columns. Calls `source` on each use, because columns are replaced when they grow. */
export function columnCurve(
  run: RunData,
  axis: XAxis,
  source: () => Source,
  style: CurveStyle,
  /** Share of the requested points to return: a smooth curve needs fewer. */
  density = 1,
): Curve {
  const units = unitsOf(run, axis);
  const xs = (data: Source) => (units.timed ? data.time : data.step);
  return {
    ...style,
    run: run.header.key,
    runName: run.header.name,
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

/**
 * Creates a curve from a few points.
 * @param unordered in any order: epochs may be evaluated or imported in another order than they were trained
 */
export function pointCurve(run: RunData, unordered: readonly Point[], style: CurveStyle): Curve {
  const points = [...unordered].sort((a, b) => a.x - b.x);
  const xs = Float64Array.from(points, (point) => point.x);
  return {
    ...style,
    run: run.header.key,
    runName: run.header.name,
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

/** Returns the label of a curve. With several runs it starts with the run's name. */
export function labelOf(run: RunData, runs: readonly RunData[], what: string): string {
  return runs.length > 1 ? `${run.header.name} ${what}` : what;
}
