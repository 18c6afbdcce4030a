/** Interprets scalars as the curves of a training: fractions from 0 to 1, evaluations, epochs. */
import type { Split } from '../events';
import { isFraction, type CurveMapping, type CurveName } from './curveNames';
import { Series, type SeriesTable } from './series';

/** The results of a split after a step; null for missing values. */
export interface Evaluation {
  split: Split;
  step: number;
  time: number;
  /** From 0. */
  epoch: number;
  accuracy: number | null;
  consistency: number | null;
  loss: number | null;
}

const SPLITS = ['train', 'val', 'test'] as const;
const EMPTY = new Series();
/** Limit for logs whose epoch column contains something else. */
const MAX_EPOCHS = 100_000;

/** A snapshot of a table with scalars assigned to curves. Create a new one after the table has grown. */
export class TrainingCurves {
  /** Steps of the evaluations, which determine the epochs if there is no epoch curve. */
  private readonly evaluationSteps: readonly number[];
  private readonly scales: Partial<Record<CurveName, number>>;
  /** Whether epochs are fractional (progress); otherwise they are integers that start at `firstEpoch`. */
  private readonly isFractional: boolean;
  private readonly firstEpoch: number;

  constructor(
    private readonly table: SeriesTable,
    private readonly chosen: CurveMapping,
  ) {
    this.scales = Object.fromEntries(
      (Object.keys(chosen) as CurveName[])
        .filter(
          (curve) => isFraction(curve) && this.series(curve).values.some((value) => value > 1.5),
        )
        .map((curve) => [curve, 0.01]),
    );
    const { values } = this.series('epoch');
    this.isFractional = values.some((value) => !Number.isInteger(value));
    this.firstEpoch = values[0] >= 1 ? 1 : 0;
    const val = this.stepsOf('val');
    this.evaluationSteps = val.length > 0 ? val : this.stepsOf('test');
  }

  series(curve: CurveName): Series {
    const scalar = this.chosen[curve];
    return (scalar === undefined ? undefined : this.table.get(scalar)) ?? EMPTY;
  }

  /** Curves that are logged in percent. */
  get inPercent(): CurveName[] {
    return Object.keys(this.scales) as CurveName[];
  }

  /** The series whose steps are the rows of the run. */
  get rows(): Series {
    const candidates = ['loss/train', 'lr', 'gradient_norm', 'examples_per_second'] as const;
    return candidates.map((curve) => this.series(curve)).find(({ length }) => length > 0) ?? EMPTY;
  }

  /** The value of a fraction or loss at a step; null if it is missing or not finite. */
  scaledValue(curve: CurveName, step: number): number | null {
    const value = this.series(curve).valueAt(step);
    return value === undefined || Number.isNaN(value) ? null : value * (this.scales[curve] ?? 1);
  }

  /** Evaluations, sorted by step. */
  evaluations(): Evaluation[] {
    return SPLITS.flatMap((split) =>
      this.stepsOf(split).map((step) => ({
        split,
        step,
        time: this.timeAt(split, step),
        epoch: this.epochAt(step),
        accuracy: this.scaledValue(`accuracy/${split}`, step),
        consistency: split === 'train' ? null : this.scaledValue(`consistency/${split}`, step),
        loss: split === 'train' ? null : this.scaledValue(`loss/${split}`, step),
      })),
    ).sort((a, b) => a.step - b.step);
  }

  /** The last step of each epoch, from epoch 0. */
  epochEnds(): number[] {
    const { steps, values } = this.series('epoch');
    if (steps.length === 0) return [...this.evaluationSteps];
    const ends: number[] = [];
    values.forEach((value, i) => {
      const epoch = Math.min(this.toEpochIndex(value), MAX_EPOCHS);
      // An epoch without a point ends at the end of the previous one.
      while (ends.length < epoch) ends.push(ends.at(-1) ?? 0);
      ends[epoch] = steps[i];
    });
    return ends;
  }

  epochAt(step: number): number {
    const value = this.series('epoch').lastValueAt(step) ?? this.series('epoch').values[0];
    if (value !== undefined) return this.toEpochIndex(value);
    let [low, high] = [0, this.evaluationSteps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.evaluationSteps[middle] < step) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, Math.max(0, this.evaluationSteps.length - 1));
  }

  /** Converts an epoch of the log, which starts at 0 or 1 or is fractional (transformers), to an index from 0. */
  private toEpochIndex(value: number): number {
    if (!Number.isFinite(value)) return 0;
    return Math.max(0, this.isFractional ? Math.ceil(value) - 1 : value - this.firstEpoch);
  }

  private stepsOf(split: Split): number[] {
    const curves: CurveName[] =
      split === 'train'
        ? ['accuracy/train']
        : [`accuracy/${split}`, `consistency/${split}`, `loss/${split}`];
    return [...new Set(curves.flatMap((curve) => this.series(curve).steps))].sort((a, b) => a - b);
  }

  private timeAt(split: Split, step: number): number {
    const curves = [`accuracy/${split}`, `consistency/${split}`, `loss/${split}`] as CurveName[];
    for (const curve of curves) {
      const series = this.series(curve);
      const place = series.countUpTo(step) - 1;
      if (series.steps[place] === step) return series.times[place];
    }
    return Number.NaN;
  }
}
