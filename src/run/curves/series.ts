/** Scalars of a training by their names: what TensorBoard's event files and tables of curves hold. */
import type { MessageText } from '../../util/localize';

/** Steps are a column of unsigned integers in the dashboard. */
export function isStep(step: number): boolean {
  return step >= 0 && step < 2 ** 32;
}

/** One scalar over the steps, which ascend. */
export class Series {
  readonly steps: number[] = [];
  /** Seconds since 1970; NaN where the file does not say. */
  readonly times: number[] = [];
  /** NaN where the value was not finite. */
  readonly values: number[] = [];

  get length(): number {
    return this.steps.length;
  }

  /** A step that does not come after the last one does those since it again: the later word counts. */
  push(step: number, time: number, value: number): void {
    if (this.length > 0 && step <= this.steps[this.length - 1]) this.cut(step);
    this.steps.push(step);
    this.times.push(time);
    this.values.push(Number.isFinite(value) ? value : Number.NaN);
  }

  /** A point in any order; one of a step that is there takes its place, at the time of the earlier. */
  put(step: number, time: number, value: number): void {
    const place = this.after(step - 1);
    const again = this.steps[place] === step;
    this.steps.splice(place, again ? 1 : 0, step);
    this.times.splice(place, again ? 1 : 0, again ? this.times[place] : time);
    this.values.splice(place, again ? 1 : 0, value);
  }

  /** Removes what is of `step` and of later ones. */
  cut(step: number): void {
    const end = this.after(step - 1);
    for (const column of [this.steps, this.times, this.values]) column.length = end;
  }

  /** The value at the last step that is not later; undefined before the first. */
  heldAt(step: number): number | undefined {
    const end = this.after(step);
    return end === 0 ? undefined : this.values[end - 1];
  }

  /** The value at exactly this step; undefined where there is none. */
  valueAt(step: number): number | undefined {
    const end = this.after(step);
    return this.steps[end - 1] === step ? this.values[end - 1] : undefined;
  }

  /** Number of points whose step is not later. */
  after(step: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Series by their names, in the order in which they were met. */
export type SeriesTable = Map<string, Series>;

export function seriesOf(table: SeriesTable, name: string): Series {
  let series = table.get(name);
  if (!series) table.set(name, (series = new Series()));
  return series;
}

/** A file or folder of scalars, which may grow. */
export interface ScalarSource {
  /** The scalars as they were last read; another object where all were read again. */
  readonly series: SeriesTable;
  /** What could not be read of it. */
  readonly problems: readonly MessageText[];
  /** What the files were when they were last read. */
  readonly state: string;
  /**
   * What the files are now: the same text where nothing has changed.
   * @throws {UserError} when the source is gone
   */
  look(): Promise<string>;
  /**
   * Reads what was added.
   * @throws {UserError} when the source is gone or is no such thing
   */
  read(): Promise<void>;
}
