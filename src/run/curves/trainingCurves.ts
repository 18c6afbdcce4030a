/** Scalars as the curves of a training: shares from 0 to 1, evaluations, epochs. */
import type { Split } from '../events';
import { isShare, type Chosen, type CurveName } from './roles';
import { Series, type SeriesTable } from './series';

/** The results of a split after a step; null where there is none. */
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
const none = new Series();
/** Of a log that counts something else as epochs. */
const MAX_EPOCHS = 100_000;

/** What the chosen scalars of a table say; made again for each look, as the table may have grown. */
export class TrainingCurves {
  /** Steps of the evaluations by which epochs are counted where nothing else says them. */
  private readonly counted: readonly number[];
  private readonly scales: Partial<Record<CurveName, number>>;
  /** How the epochs of a log are numbered: by the share that is done, else from this one on. */
  private readonly byShare: boolean;
  private readonly firstEpoch: number;

  constructor(
    private readonly table: SeriesTable,
    private readonly chosen: Chosen,
  ) {
    this.scales = Object.fromEntries(
      (Object.keys(chosen) as CurveName[])
        .filter((curve) => isShare(curve) && this.of(curve).values.some((value) => value > 1.5))
        .map((curve) => [curve, 0.01]),
    );
    const { values } = this.of('epoch');
    this.byShare = values.some((value) => !Number.isInteger(value));
    this.firstEpoch = values[0] >= 1 ? 1 : 0;
    const val = this.stepsOf('val');
    this.counted = val.length > 0 ? val : this.stepsOf('test');
  }

  of(curve: CurveName): Series {
    const scalar = this.chosen[curve];
    return (scalar === undefined ? undefined : this.table.get(scalar)) ?? none;
  }

  /** Curves that are logged in percent. */
  get inPercent(): CurveName[] {
    return Object.keys(this.scales) as CurveName[];
  }

  /** The series whose steps are the rows of the run. */
  get rows(): Series {
    const candidates = ['loss/train', 'lr', 'gradient_norm', 'examples_per_second'] as const;
    return candidates.map((curve) => this.of(curve)).find(({ length }) => length > 0) ?? none;
  }

  /** The value of a share or loss at a step; null where there is none that is finite. */
  at(curve: CurveName, step: number): number | null {
    const value = this.of(curve).valueAt(step);
    return value === undefined || Number.isNaN(value) ? null : value * (this.scales[curve] ?? 1);
  }

  /** Evaluations in the order of their steps. */
  evaluations(): Evaluation[] {
    return SPLITS.flatMap((split) =>
      this.stepsOf(split).map((step) => ({
        split,
        step,
        time: this.timeAt(split, step),
        epoch: this.epochAt(step),
        accuracy: this.at(`accuracy/${split}`, step),
        consistency: split === 'train' ? null : this.at(`consistency/${split}`, step),
        loss: split === 'train' ? null : this.at(`loss/${split}`, step),
      })),
    ).sort((a, b) => a.step - b.step);
  }

  /** The last step of each epoch, from epoch 0. */
  epochEnds(): number[] {
    const { steps, values } = this.of('epoch');
    if (steps.length === 0) return [...this.counted];
    const ends: number[] = [];
    values.forEach((value, i) => {
      const epoch = Math.min(this.numbered(value), MAX_EPOCHS);
      // An epoch without a point of its own ends where the one before it does.
      while (ends.length < epoch) ends.push(ends.at(-1) ?? 0);
      ends[epoch] = steps[i];
    });
    return ends;
  }

  epochAt(step: number): number {
    const value = this.of('epoch').heldAt(step) ?? this.of('epoch').values[0];
    if (value !== undefined) return this.numbered(value);
    let [low, high] = [0, this.counted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.counted[middle] < step) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, Math.max(0, this.counted.length - 1));
  }

  /** Epochs are counted from 0; logs count from 0 or from 1, or give the share that is done (transformers). */
  private numbered(value: number): number {
    if (!Number.isFinite(value)) return 0;
    return Math.max(0, this.byShare ? Math.ceil(value) - 1 : value - this.firstEpoch);
  }

  private stepsOf(split: Split): number[] {
    const curves: CurveName[] =
      split === 'train'
        ? ['accuracy/train']
        : [`accuracy/${split}`, `consistency/${split}`, `loss/${split}`];
    return [...new Set(curves.flatMap((curve) => this.of(curve).steps))].sort((a, b) => a - b);
  }

  private timeAt(split: Split, step: number): number {
    const curves = [`accuracy/${split}`, `consistency/${split}`, `loss/${split}`] as CurveName[];
    for (const curve of curves) {
      const series = this.of(curve);
      const place = series.after(step) - 1;
      if (series.steps[place] === step) return series.times[place];
    }
    return Number.NaN;
  }
}
