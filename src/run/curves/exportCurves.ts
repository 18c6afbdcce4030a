/** The curves of any run for other programs: TensorBoard's event files, or a table. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileAsync } from '../../util/atomicFile';
import { csvRow } from '../../util/csv';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { PlacedEvent } from '../read/eventReader';
import { openEvents } from '../read/eventSource';
import type { RunEvent } from '../events';
import type { RunInfo } from '../runInfo';
import { recordOf } from '../tensorboard/records';
import { scalarMessage, versionMessage, type Scalar } from '../tensorboard/scalars';
import { CURVES, type CurveName } from './roles';
import { Series } from './series';

export type Curves = Record<CurveName, Series>;

/**
 * The curves of a run.
 * @throws {UserError} when its events cannot be read, or it has none with a number
 */
export async function curvesOf(folder: string, kind: RunInfo['kind']): Promise<Curves> {
  const { events } = await openEvents(folder, kind).read();
  const curves = curvesIn(events);
  if (CURVES.every((name) => curves[name].length === 0))
    throw new UserError(localize('The run in {0} has no curves yet.', folder));
  return curves;
}

/** The curves of a run in its events; empty ones where it has none. */
export function curvesIn(events: readonly PlacedEvent[]): Curves {
  const curves = Object.fromEntries(CURVES.map((name) => [name, new Series()])) as Curves;
  for (const { event } of events) add(curves, event);
  // A run without steps has the mean loss of each epoch.
  if (curves['loss/train'].length === 0)
    for (const { event } of events)
      if (event.type === 'epoch' && event.loss !== null)
        curves['loss/train'].push(event.step, event.time, event.loss);
  return curves;
}

function add(curves: Curves, event: RunEvent): void {
  const push = (name: CurveName, value: number | null | undefined): void => {
    if (value !== undefined && 'step' in event && event.step !== undefined)
      // Evaluations may come in another order than the training went.
      curves[name][event.type === 'step' ? 'push' : 'put'](
        event.step,
        event.time,
        value ?? Number.NaN,
      );
  };
  if (event.type === 'step') {
    push('loss/train', event.loss);
    push('epoch', event.epoch);
    if (Number.isFinite(event.lr)) push('lr', event.lr);
    push('gradient_norm', event.gradNorm);
    push('examples_per_second', event.speed);
  } else if (event.type === 'epoch') {
    push('epoch', event.epoch);
    push('accuracy/train', event.accuracy ?? undefined);
  } else if (event.type === 'eval') {
    const { split } = event;
    push(`accuracy/${split}`, event.accuracy ?? undefined);
    if (split === 'train') return;
    push(`consistency/${split}`, event.consistency ?? undefined);
    push(`loss/${split}`, event.loss ?? undefined);
  }
}

/** One step of all curves. */
interface Row {
  step: number;
  time: number;
  values: Partial<Record<CurveName, number>>;
}

/** The curves side by side, a row for each step that one of them has. */
function* rowsOf(curves: Curves): Generator<Row> {
  const at = Object.fromEntries(CURVES.map((name) => [name, 0])) as Record<CurveName, number>;
  for (;;) {
    let step = Infinity;
    for (const name of CURVES) step = Math.min(step, curves[name].steps[at[name]] ?? Infinity);
    if (step === Infinity) return;
    const row: Row = { step, time: Number.NaN, values: {} };
    for (const name of CURVES) {
      const { steps, times, values } = curves[name];
      const place = at[name];
      if (steps[place] !== step) continue;
      row.values[name] = values[place];
      // Evaluations come after the step that they are of.
      const time = times[place];
      if (Number.isFinite(time) && !(row.time >= time)) row.time = time;
      at[name]++;
    }
    yield row;
  }
}

/** A table that `nlvr import` reads: a column a curve that the run has, a row a step. */
export function* csvLines(curves: Curves): Generator<string> {
  const names = CURVES.filter((name) => curves[name].length > 0);
  yield csvRow(['step', 'wall_time', ...names]);
  for (const { step, time, values } of rowsOf(curves))
    yield csvRow([
      step,
      Number.isFinite(time) ? time : '',
      ...names.map((name) => values[name] ?? ''),
    ]);
}

/** The name of a run's event file: the same again, so that exporting twice leaves one. */
export function eventFileOf(folder: string, started: string): string {
  const seconds = Math.floor(Date.parse(started) / 1000) || 0;
  return join(folder, `events.out.tfevents.${String(seconds).padStart(10, '0')}.nlvr`);
}

const BLOCK_RECORDS = 4096;

/** Writes an event file of TensorBoard, and its folder where there is none. @returns how many scalars it has */
export async function writeEventFile(file: string, curves: Curves): Promise<number> {
  mkdirSync(join(file, '..'), { recursive: true });
  let scalars = 0;
  await replaceFileAsync(file, async (handle) => {
    let block: Uint8Array[] = [];
    const flush = async (): Promise<void> => {
      await handle.appendFile(Buffer.concat(block));
      block = [];
    };
    for (const { step, time, values } of rowsOf(curves)) {
      const wall = Number.isFinite(time) ? time : 0;
      if (scalars === 0) block.push(recordOf(versionMessage(wall)));
      const list = Object.entries(values).map(([tag, value]): Scalar => ({ tag, value }));
      scalars += list.length;
      block.push(recordOf(scalarMessage(step, wall, list)));
      if (block.length >= BLOCK_RECORDS) await flush();
    }
    await flush();
  });
  return scalars;
}
