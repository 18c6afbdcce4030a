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

/** The finite values of a column that has one only now and then, with the steps and times they belong to. */
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

/** What the webview knows of one run: columns that grow, the rest as last sent. */
export class RunData {
  header: RunHeader;
  history: RunHistory = emptyHistory;
  /** Seconds to the end of the training under way; null while they are not known. */
  timeLeft: number | null = null;
  /** Why its events cannot be read now. */
  problem: { message: string; hint: string | null } | null = null;
  /** Columns; only the first `count` values of each are used. */
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

  /** Steps of fewer ranks than others have NaN for the rest. */
  private appendRanks(added: readonly Float32Array[]): void {
    if (added.length === 0 && !this.columns.ranks) return;
    const ranks = (this.columns.ranks ??= []);
    while (ranks.length < added.length)
      ranks.push(new Float32Array(this.columns.step.length).fill(Number.NaN));
    for (const [rank, seconds] of added.entries()) ranks[rank]?.set(seconds, this.count);
  }

  /** Seconds that a rank took for its own part of the last step, or null. */
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
   * Values that grow at their end, smoothed; weight 0 is the values themselves. The result is reused by the next call.
   * @param name what the values are, the same at each call
   */
  smoothed(name: string, values: Float32Array, count: number, weight: number): Float32Array {
    if (weight === 0) return values;
    let smoother = this.smoothers.get(name);
    if (smoother?.weight !== weight) this.smoothers.set(name, (smoother = new Smoother(weight)));
    return smoother.extend(values, count);
  }

  /** Such columns are known for some steps only. The result is reused by the next call. */
  sparseColumn(name: SparseName): SparseColumn {
    let view = this.sparse.get(name);
    if (!view) this.sparse.set(name, (view = new SparseView()));
    return view.extend(this.columns, name, this.count);
  }

  /** The last known value of a column, or null. */
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
