/** Time series of scalars, as read from TensorBoard event files and tables. */
import type { MessageText } from '../../util/localize';

/** Whether a step is valid. The dashboard stores steps as unsigned 32-bit integers. */
export function isStep(step: number): boolean {
  return step >= 0 && step < 2 ** 32;
}

/** The values of one scalar, in ascending order of steps. */
export class Series {
  readonly steps: number[] = [];
  /** Seconds since 1970; NaN if unknown. */
  readonly times: number[] = [];
  /** NaN if the value was not finite. */
  readonly values: number[] = [];

  get length(): number {
    return this.steps.length;
  }

  /** Appends a point. If its step is not after the last one, training went back: later points are removed first. */
  push(step: number, time: number, value: number): void {
    if (this.length > 0 && step <= this.steps[this.length - 1]) this.truncate(step);
    this.steps.push(step);
    this.times.push(time);
    this.values.push(Number.isFinite(value) ? value : Number.NaN);
  }

  /** Inserts a point at its step. Replaces the value of an existing point and keeps its time. */
  insert(step: number, time: number, value: number): void {
    const place = this.countUpTo(step - 1);
    const again = this.steps[place] === step;
    this.steps.splice(place, again ? 1 : 0, step);
    this.times.splice(place, again ? 1 : 0, again ? this.times[place] : time);
    this.values.splice(place, again ? 1 : 0, value);
  }

  /** Removes the points from `step` on. */
  truncate(step: number): void {
    const end = this.countUpTo(step - 1);
    for (const column of [this.steps, this.times, this.values]) column.length = end;
  }

  /** The value of the last point up to `step`; undefined before the first point. */
  lastValueAt(step: number): number | undefined {
    const end = this.countUpTo(step);
    return end === 0 ? undefined : this.values[end - 1];
  }

  /** The value at exactly this step; undefined if there is none. */
  valueAt(step: number): number | undefined {
    const end = this.countUpTo(step);
    return this.steps[end - 1] === step ? this.values[end - 1] : undefined;
  }

  /** Number of points up to and including `step`. */
  countUpTo(step: number): number {
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

/** Series by name, in the order of their first occurrence. */
export type SeriesTable = Map<string, Series>;

export function getSeries(table: SeriesTable, name: string): Series {
  let series = table.get(name);
  if (!series) table.set(name, (series = new Series()));
  return series;
}

/** A file or folder with scalars, which may grow. */
export interface ScalarSource {
  /** The scalars of the last `read`; a new object if everything was read again. */
  readonly series: SeriesTable;
  /** Parts that could not be read. */
  readonly problems: readonly MessageText[];
  /** Fingerprint of the files at the last `read`. */
  readonly state: string;
  /**
   * Returns the current fingerprint of the files, which equals `state` if nothing has changed.
   * @throws {UserError} if the source no longer exists
   */
  fingerprint(): Promise<string>;
  /**
   * Reads new data.
   * @throws {UserError} if the source no longer exists or has another format
   */
  read(): Promise<void>;
}
