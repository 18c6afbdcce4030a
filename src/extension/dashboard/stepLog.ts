import type { StepEvent } from '../../run/events';
import type { StepColumns } from '../../webview/dashboard/messages';

/** Maximum rows per chunk: 2 MB, quick to copy into a message. */
const MAX_CHUNK_ROWS = 65_536;
const FIRST_CHUNK_ROWS = 1024;

function allocate(rows: number): StepColumns {
  const floats = () => new Float32Array(rows);
  return {
    step: new Uint32Array(rows),
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

const names = Object.keys(allocate(0)) as Exclude<keyof StepColumns, 'ranks'>[];

/** Copies rows of a chunk into new buffers: a message transfers whole buffers, not views. */
function slice(columns: StepColumns, from: number, to: number): StepColumns {
  const part = allocate(to - from);
  for (const name of names) part[name].set(columns[name].subarray(from, to));
  if (columns.ranks) part.ranks = columns.ranks.map((seconds) => seconds.slice(from, to));
  return part;
}

/** Sets the step times of the ranks, whose number may change when a run is resumed. */
function setRanks(columns: StepColumns, row: number, seconds: readonly number[] = []): void {
  if (seconds.length === 0 && !columns.ranks) return;
  const ranks = (columns.ranks ??= []);
  while (ranks.length < seconds.length)
    ranks.push(new Float32Array(columns.step.length).fill(Number.NaN));
  for (const [rank, column] of ranks.entries()) column[row] = seconds[rank] ?? Number.NaN;
}

interface Chunk {
  columns: StepColumns;
  rows: number;
}

/** Number of rows that one consumer has taken. */
export interface StepCursor {
  taken: number;
}

/** The steps of a run as columns, in chunks, for several consumers. */
export class StepLog {
  private chunks: Chunk[] = [];
  private readonly cursors = new Set<StepCursor>();
  private rows = 0;

  get count(): number {
    return this.rows;
  }

  /** @param time seconds of training since the run began. */
  push(event: StepEvent, time: number): void {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.rows === chunk.columns.step.length) {
      const rows = chunk
        ? Math.min(MAX_CHUNK_ROWS, chunk.columns.step.length * 2)
        : FIRST_CHUNK_ROWS;
      chunk = { columns: allocate(rows), rows: 0 };
      this.chunks.push(chunk);
    }
    const { columns } = chunk;
    const row = chunk.rows++;
    columns.step[row] = event.step;
    columns.time[row] = time;
    columns.loss[row] = event.loss ?? Number.NaN;
    columns.lr[row] = event.lr;
    columns.accuracy[row] = event.accuracy ?? Number.NaN;
    columns.speed[row] = event.speed ?? Number.NaN;
    columns.wait[row] = event.wait ?? Number.NaN;
    columns.memory[row] = event.memory ?? Number.NaN;
    columns.gradNorm[row] = event.gradNorm ?? Number.NaN;
    columns.gpuMemory[row] = event.gpuMemory ?? Number.NaN;
    columns.gpuUse[row] = event.gpuUse ?? Number.NaN;
    setRanks(columns, row, event.rankSeconds);
    this.rows++;
  }

  /** The time of the last row; 0 when there is none. */
  get lastTime(): number {
    const chunk = this.chunks.at(-1);
    return chunk?.columns.time[chunk.rows - 1] ?? 0;
  }

  /** Creates a cursor at the first row. Release it with `drop`. */
  cursor(): StepCursor {
    const cursor = { taken: 0 };
    this.cursors.add(cursor);
    return cursor;
  }

  drop(cursor: StepCursor): void {
    this.cursors.delete(cursor);
  }

  /** The step of the last row; 0 when there is none. */
  get lastStep(): number {
    const chunk = this.chunks.at(-1);
    return chunk?.columns.step[chunk.rows - 1] ?? 0;
  }

  /** Takes the next rows, at most one chunk; undefined when there are none. */
  take(cursor: StepCursor): StepColumns | undefined {
    let start = 0;
    for (const { columns, rows } of this.chunks) {
      const from = cursor.taken - start;
      start += rows;
      if (from >= rows) continue;
      cursor.taken = start;
      return slice(columns, from, rows);
    }
    return undefined;
  }

  /** Moves a cursor to the first row. */
  rewind(cursor: StepCursor): void {
    cursor.taken = 0;
  }

  clear(): void {
    this.chunks = [];
    this.rows = 0;
    for (const cursor of this.cursors) cursor.taken = 0;
  }

  /**
   * Removes the rows of steps beyond `step`.
   * @returns whether a cursor had taken any of them
   */
  truncate(step: number): boolean {
    const kept: Chunk[] = [];
    let rows = 0;
    for (const chunk of this.chunks) {
      let end = chunk.rows;
      while (end > 0 && (chunk.columns.step[end - 1] ?? 0) > step) end--;
      if (end > 0) kept.push({ columns: chunk.columns, rows: end });
      rows += end;
      if (end < chunk.rows) break;
    }
    // A truncated chunk is filled again; those after it are gone.
    this.chunks = kept;
    this.rows = rows;
    let removed = false;
    for (const cursor of this.cursors) {
      removed ||= cursor.taken > rows;
      cursor.taken = Math.min(cursor.taken, rows);
    }
    return removed;
  }
}
