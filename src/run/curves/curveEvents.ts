/** Converts the curves of an imported run to events, incrementally while the source file or folder grows. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storedAdvice } from '../../util/localize';
import type { EventBatch, EventWithStep } from '../read/eventReader';
import type { RunEvent } from '../events';
import { RunFolder } from '../runFolder';
import { openScalars, readCurvesFile, type CurvesFile } from './curvesFile';
import type { ScalarSource, Series, SeriesTable } from './series';
import { TrainingCurves, type Evaluation } from './trainingCurves';

export interface CurveEvents {
  /** Always 0: problems are reported as notes. */
  readonly skipped: number;
  /** The folder of the source; undefined if it no longer exists. */
  sourceFolder(): Promise<string | undefined>;
  /** Reads the events since the last call (see `EventReader.read`). */
  read(): Promise<EventBatch>;
}

/** Opens the curves of an imported run. @param folder run folder */
export function curveEvents(folder: string): CurveEvents {
  const files = new RunFolder(folder);
  let file: CurvesFile | undefined;
  let scalars: ScalarSource | undefined;
  let reported: DeliveredState | undefined;
  let state = '';
  return {
    skipped: 0,
    sourceFolder: () => sourceFolder(files),
    async read() {
      file ??= await readCurvesFile(files);
      if (!file) return batch(false, []);
      scalars ??= openScalars(file);
      await scalars.read();
      if (reported && scalars.state === state) return batch(false, []);
      state = scalars.state;
      const curves = new TrainingCurves(scalars.series, file.curves);
      const notes = problemNotes(scalars);
      const isContinuation =
        reported?.isContinuation(scalars.series, curves, notes.length) ?? false;
      const last = isContinuation ? reported : undefined;
      const next = new DeliveredState(scalars.series, curves, notes.length);
      const events = [...newEvents(curves, last), ...notes.slice(last?.notes ?? 0)];
      const reset = reported !== undefined && !isContinuation;
      reported = next;
      return batch(reset, events);
    },
  };
}

async function sourceFolder(files: RunFolder): Promise<string | undefined> {
  try {
    const file = await readCurvesFile(files);
    const found = file && (await stat(file.source));
    return found?.isDirectory() ? file?.source : file && dirname(file.source);
  } catch {
    // `read` reports the error.
    return undefined;
  }
}

function batch(reset: boolean, events: readonly RunEvent[]): EventBatch {
  return {
    reset,
    voidBeyond: null,
    events: events.map((event): EventWithStep => ({
      step: 'step' in event ? (event.step ?? 0) : 0,
      event,
    })),
  };
}

/** The state of the curves when they were last delivered, to determine whether new data only continues them. */
class DeliveredState {
  readonly rows: number;
  readonly lastRow: number;
  readonly evaluations: number;
  readonly epochs: number;
  private readonly ends: { name: string; length: number; step: number; value: number }[];
  private readonly percent: string;

  constructor(
    table: SeriesTable,
    curves: TrainingCurves,
    readonly notes: number,
  ) {
    const { steps, length } = curves.rows;
    this.rows = length;
    this.lastRow = steps[length - 1] ?? -1;
    this.evaluations = curves.evaluations().length;
    this.epochs = curves.epochEnds().length;
    this.percent = curves.inPercent.join();
    this.ends = [...table].map(([name, series]) => ({ name, ...lastPoint(series, series.length) }));
  }

  /** Whether the delivered data is unchanged and all new data comes after it. */
  isContinuation(table: SeriesTable, curves: TrainingCurves, notes: number): boolean {
    if (curves.inPercent.join() !== this.percent || notes < this.notes) return false;
    for (const { name, length, step, value } of this.ends) {
      const series = table.get(name);
      if (!series || series.length < length) return false;
      const end = lastPoint(series, length);
      if (end.step !== step || !Object.is(end.value, value)) return false;
    }
    const added = curves.evaluations().slice(this.evaluations);
    return added.every(({ step }) => step >= this.lastRow);
  }
}

function lastPoint({ steps, values }: Series, length: number) {
  return { length, step: steps[length - 1] ?? -1, value: values[length - 1] ?? 0 };
}

/** Events that were not delivered yet, sorted by step. */
function newEvents(curves: TrainingCurves, reported: DeliveredState | undefined): RunEvent[] {
  const events: RunEvent[] = [];
  const { steps, times } = curves.rows;
  const evaluations = curves.evaluations().slice(reported?.evaluations ?? 0);
  let next = 0;
  const report = (until: number): void => {
    for (; evaluations[next] && evaluations[next].step < until; next++)
      events.push(evalEvent(evaluations[next]));
  };
  for (let row = reported?.rows ?? 0; row < steps.length; row++) {
    const step = steps[row];
    report(step);
    const gradNorm = curves.series('gradient_norm').valueAt(step);
    const speed = curves.series('examples_per_second').valueAt(step);
    events.push({
      type: 'step',
      time: times[row],
      step,
      epoch: curves.epochAt(step),
      loss: curves.scaledValue('loss/train', step),
      lr: curves.series('lr').lastValueAt(step) ?? Number.NaN,
      ...(gradNorm !== undefined && { gradNorm }),
      ...(speed !== undefined && { speed }),
    });
  }
  report(Infinity);
  curves.epochEnds().forEach((step, epoch) => {
    if (epoch < (reported?.epochs ?? 0) - 1) return;
    const lr = curves.series('lr').lastValueAt(step) ?? Number.NaN;
    const time = Number.NaN;
    events.push({ type: 'epoch', time, epoch, step, loss: null, accuracy: null, lr, seconds: 0 });
  });
  return events;
}

function evalEvent({ split, step, time, ...measured }: Evaluation): RunEvent {
  return {
    type: 'eval',
    time,
    split,
    step,
    ...measured,
    examples: 0,
    seconds: 0,
    groups: [],
    predictions: '',
  };
}

function problemNotes({ problems }: ScalarSource): RunEvent[] {
  return problems.map((message, i) => ({
    type: 'note',
    time: Number.NaN,
    level: 'warning',
    code: `curves-${i}`,
    ...storedAdvice(message),
  }));
}
