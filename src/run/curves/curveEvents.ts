/** The curves of an imported run as events, which grow while the file or folder that they are read from does. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storedAdvice } from '../../util/localize';
import type { EventBatch, PlacedEvent } from '../read/eventReader';
import type { RunEvent } from '../events';
import { RunFolder } from '../runFolder';
import { openScalars, readCurvesFile, type CurvesFile } from './curvesFile';
import type { ScalarSource, Series, SeriesTable } from './series';
import { TrainingCurves, type Evaluation } from './trainingCurves';

export interface CurveEvents {
  /** Always 0: what cannot be read is a note. */
  readonly skipped: number;
  /** Folder of what is read; undefined where it is gone. */
  elsewhere(): Promise<string | undefined>;
  /** What was added since the last call (see `EventReader.read`). */
  read(): Promise<EventBatch>;
}

/** @param folder of the run that was imported */
export function curveEvents(folder: string): CurveEvents {
  const files = new RunFolder(folder);
  let file: CurvesFile | undefined;
  let scalars: ScalarSource | undefined;
  let reported: Reported | undefined;
  let state = '';
  return {
    skipped: 0,
    elsewhere: () => elsewhere(files),
    async read() {
      file ??= await readCurvesFile(files);
      if (!file) return batch(false, []);
      scalars ??= openScalars(file);
      await scalars.read();
      if (reported && scalars.state === state) return batch(false, []);
      state = scalars.state;
      const curves = new TrainingCurves(scalars.series, file.curves);
      const notes = notesOf(scalars);
      const goesOn = reported?.goesOn(scalars.series, curves, notes.length) ?? false;
      const last = goesOn ? reported : undefined;
      const next = new Reported(scalars.series, curves, notes.length);
      const events = [...newEvents(curves, last), ...notes.slice(last?.notes ?? 0)];
      const reset = reported !== undefined && !goesOn;
      reported = next;
      return batch(reset, events);
    },
  };
}

async function elsewhere(files: RunFolder): Promise<string | undefined> {
  try {
    const file = await readCurvesFile(files);
    const found = file && (await stat(file.source));
    return found?.isDirectory() ? file?.source : file && dirname(file.source);
  } catch {
    // Reading says why.
    return undefined;
  }
}

function batch(reset: boolean, events: readonly RunEvent[]): EventBatch {
  return {
    reset,
    voidBeyond: null,
    events: events.map((event): PlacedEvent => ({
      step: 'step' in event ? (event.step ?? 0) : 0,
      event,
    })),
  };
}

/** How far the curves were reported, and whether their current state continues from there. */
class Reported {
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
    this.ends = [...table].map(([name, series]) => ({ name, ...endOf(series, series.length) }));
  }

  /** Nothing that was reported has changed, and nothing new belongs before it. */
  goesOn(table: SeriesTable, curves: TrainingCurves, notes: number): boolean {
    if (curves.inPercent.join() !== this.percent || notes < this.notes) return false;
    for (const { name, length, step, value } of this.ends) {
      const series = table.get(name);
      if (!series || series.length < length) return false;
      const end = endOf(series, length);
      if (end.step !== step || !Object.is(end.value, value)) return false;
    }
    const added = curves.evaluations().slice(this.evaluations);
    return added.every(({ step }) => step >= this.lastRow);
  }
}

function endOf({ steps, values }: Series, length: number) {
  return { length, step: steps[length - 1] ?? -1, value: values[length - 1] ?? 0 };
}

/** What was not reported yet, in the order of steps. */
function newEvents(curves: TrainingCurves, reported: Reported | undefined): RunEvent[] {
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
    const gradNorm = curves.of('gradient_norm').valueAt(step);
    const speed = curves.of('examples_per_second').valueAt(step);
    events.push({
      type: 'step',
      time: times[row],
      step,
      epoch: curves.epochAt(step),
      loss: curves.at('loss/train', step),
      lr: curves.of('lr').heldAt(step) ?? Number.NaN,
      ...(gradNorm !== undefined && { gradNorm }),
      ...(speed !== undefined && { speed }),
    });
  }
  report(Infinity);
  curves.epochEnds().forEach((step, epoch) => {
    if (epoch < (reported?.epochs ?? 0) - 1) return;
    const lr = curves.of('lr').heldAt(step) ?? Number.NaN;
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

function notesOf({ problems }: ScalarSource): RunEvent[] {
  return problems.map((message, i) => ({
    type: 'note',
    time: Number.NaN,
    level: 'warning',
    code: `curves-${i}`,
    ...storedAdvice(message),
  }));
}
