import type { RunHeader, RunHistory, StepColumns } from './messages';
import { Smoother } from './smooth';

export type ColumnName = Exclude<keyof StepColumns, 'ranks'>;

const columnNames: readonly ColumnName[] = [
  'step',
  'time',
  'loss',
  'lr',
  'accuracy',
  'speed',
  'wait',
  'memory',
  'gradNorm',
  'gpuMemory',
  'gpuUse',
];

function emptyColumns(capacity: number): StepColumns {
  const floats = () => new Float32Array(capacity);
  return {
    step: new Uint32Array(capacity),
    time: floats(),
    loss: floats(),
    lr: floats(),
    accuracy: floats(),
    speed: floats(),
    wait: floats(),
    memory: floats(),
    gradNorm: floats(),
    gpuMemory: floats(),
    gpuUse: floats(),
  };
}

export const emptyHistory: RunHistory = {
  evals: [],
  epochs: [],
  notes: [],
  watched: [],
  marks: [],
  evaluating: null,
  skippedLines: 0,
};

/** Finite values of a sparse column, with their steps and times. */
export interface SparseColumn {
  step: Uint32Array;
  time: Float32Array;
  values: Float32Array;
  count: number;
}

const sparseColumnNames = ['speed', 'wait', 'memory', 'gradNorm', 'gpuMemory', 'gpuUse'] as const;
type SparseName = (typeof sparseColumnNames)[number];

class SparseView implements SparseColumn {
  step = new Uint32Array(0);
  time = new Float32Array(0);
  values = new Float32Array(0);
  count = 0;
  private seen = 0;

  extend(columns: StepColumns, name: SparseName, total: number): this {
    if (this.step.length < total) {
      const step = new Uint32Array(columns.step.length);
      const time = new Float32Array(columns.step.length);
      const values = new Float32Array(columns.step.length);
      step.set(this.step.subarray(0, this.count));
      time.set(this.time.subarray(0, this.count));
      values.set(this.values.subarray(0, this.count));
      Object.assign(this, { step, time, values });
    }
    const source = columns[name];
    for (let i = this.seen; i < total; i++) {
      const value = source[i] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      this.step[this.count] = columns.step[i] ?? 0;
      this.time[this.count] = columns.time[i] ?? 0;
      this.values[this.count] = value;
      this.count++;
    }
    this.seen = total;
    return this;
  }
}

/** Data of one run in the webview: growing columns, and the latest header and history. */
export class RunData {
  header: RunHeader;
  history: RunHistory = emptyHistory;
  /** Estimated seconds to the end of the running training; null while unknown. */
  timeLeft: number | null = null;
  /** Why the events of the run cannot be read at the moment. */
  problem: { message: string; hint: string | null } | null = null;
  /** Columns of the steps; only the first `count` values of each are used. */
  columns = emptyColumns(0);
  count = 0;
  private readonly smoothers = new Map<string, Smoother>();
  private sparse = new Map<SparseName, SparseView>();

  constructor(header: RunHeader) {
    this.header = header;
  }

  reset(): void {
    this.count = 0;
    this.timeLeft = null;
    this.columns = emptyColumns(0);
    this.smoothers.clear();
    this.sparse.clear();
  }

  append(columns: StepColumns): void {
    const total = this.count + columns.step.length;
    if (this.columns.step.length < total) this.grow(Math.max(1024, total, this.count * 2));
    for (const name of columnNames) this.columns[name].set(columns[name], this.count);
    this.appendRanks(columns.ranks ?? []);
    this.count = total;
  }

  /** Appends the columns of ranks. Steps with fewer ranks have NaN for the missing ones. */
  private appendRanks(added: readonly Float32Array[]): void {
    if (added.length === 0 && !this.columns.ranks) return;
    const ranks = (this.columns.ranks ??= []);
    while (ranks.length < added.length)
      ranks.push(new Float32Array(this.columns.step.length).fill(Number.NaN));
    for (const [rank, seconds] of added.entries()) ranks[rank]?.set(seconds, this.count);
  }

  /** Returns the seconds that a rank took for its own part of the last step; null if unknown. */
  lastRankSeconds(rank: number): number | null {
    const value = this.columns.ranks?.[rank]?.[this.count - 1];
    return value !== undefined && Number.isFinite(value) ? value : null;
  }

  private grow(capacity: number): void {
    const larger = emptyColumns(capacity);
    for (const name of columnNames) larger[name].set(this.columns[name].subarray(0, this.count));
    if (this.columns.ranks)
      larger.ranks = this.columns.ranks.map((seconds) => {
        const column = new Float32Array(capacity).fill(Number.NaN);
        column.set(seconds.subarray(0, this.count));
        return column;
      });
    this.columns = larger;
  }

  /**
   * Returns smoothed values and continues the previous smoothing when values were appended. Weight 0 returns the values
   * themselves. The result buffer is reused by the next call.
   * @param name identifies the values over calls
   */
  smoothed(name: string, values: Float32Array, count: number, weight: number): Float32Array {
    if (weight === 0) return values;
    let smoother = this.smoothers.get(name);
    if (smoother?.weight !== weight) this.smoothers.set(name, (smoother = new Smoother(weight)));
    return smoother.extend(values, count);
  }

  /** Returns the known values of a sparse column. The result buffer is reused by the next call. */
  sparseColumn(name: SparseName): SparseColumn {
    let view = this.sparse.get(name);
    if (!view) this.sparse.set(name, (view = new SparseView()));
    return view.extend(this.columns, name, this.count);
  }

  /** Returns the last known value of a column, or null. */
  last(name: ColumnName): number | null {
    const sparse = sparseColumnNames.find((each) => each === name);
    if (sparse) {
      const { values, count } = this.sparseColumn(sparse);
      return values[count - 1] ?? null;
    }
    const value = this.columns[name][this.count - 1];
    return value !== undefined && Number.isFinite(value) ? value : null;
  }
}
