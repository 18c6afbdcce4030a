/** Exports the curves of any run as TensorBoard event files or as a table. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileAsync } from '../../util/atomicFile';
import { csvRow } from '../../util/csv';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { EventWithStep } from '../read/eventReader';
import { openEvents } from '../read/eventSource';
import type { RunEvent } from '../events';
import type { RunInfo } from '../runInfo';
import { encodeRecord } from '../tensorboard/records';
import { scalarMessage, versionMessage, type Scalar } from '../tensorboard/scalars';
import { CURVES, type CurveName } from './curveNames';
import { Series } from './series';

export type Curves = Record<CurveName, Series>;

/**
 * Reads the curves of a run.
 * @throws {UserError} if its events cannot be read or contain no values
 */
export async function readCurves(folder: string, kind: RunInfo['kind']): Promise<Curves> {
  const { events } = await openEvents(folder, kind).read();
  const curves = curvesFromEvents(events);
  if (CURVES.every((name) => curves[name].length === 0))
    throw new UserError(localize('The run in {0} has no curves yet.', folder));
  return curves;
}

/** Extracts the curves from events; curves without values are empty. */
export function curvesFromEvents(events: readonly EventWithStep[]): Curves {
  const curves = Object.fromEntries(CURVES.map((name) => [name, new Series()])) as Curves;
  for (const { event } of events) addEvent(curves, event);
  // For a run without steps, use the mean loss of each epoch.
  if (curves['loss/train'].length === 0)
    for (const { event } of events)
      if (event.type === 'epoch' && event.loss !== null)
        curves['loss/train'].push(event.step, event.time, event.loss);
  return curves;
}

function addEvent(curves: Curves, event: RunEvent): void {
  const push = (name: CurveName, value: number | null | undefined): void => {
    if (value !== undefined && 'step' in event && event.step !== undefined)
      // Evaluations may not be in the order of steps.
      curves[name][event.type === 'step' ? 'push' : 'insert'](
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

/** The values of all curves at one step. */
interface Row {
  step: number;
  time: number;
  values: Partial<Record<CurveName, number>>;
}

/** Iterates over all steps of the curves, a row for each step that any of them has. */
function* iterateRows(curves: Curves): Generator<Row> {
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
      // An evaluation is later than its step; use the latest time.
      const time = times[place];
      if (Number.isFinite(time) && !(row.time >= time)) row.time = time;
      at[name]++;
    }
    yield row;
  }
}

/** Formats a table that `nlvr import` reads: a column per curve and a row per step. */
export function* csvLines(curves: Curves): Generator<string> {
  const names = CURVES.filter((name) => curves[name].length > 0);
  yield csvRow(['step', 'wall_time', ...names]);
  for (const { step, time, values } of iterateRows(curves))
    yield csvRow([
      step,
      Number.isFinite(time) ? time : '',
      ...names.map((name) => values[name] ?? ''),
    ]);
}

/** Path of a run's event file. It depends only on the start of the run, so a second export replaces the first. */
export function eventFilePath(folder: string, started: string): string {
  const seconds = Math.floor(Date.parse(started) / 1000) || 0;
  return join(folder, `events.out.tfevents.${String(seconds).padStart(10, '0')}.nlvr`);
}

const BLOCK_RECORDS = 4096;

/** Writes a TensorBoard event file and creates its folder if necessary. @returns the number of scalars */
export async function writeEventFile(file: string, curves: Curves): Promise<number> {
  mkdirSync(join(file, '..'), { recursive: true });
  let scalars = 0;
  await replaceFileAsync(file, async (handle) => {
    let block: Uint8Array[] = [];
    const flush = async (): Promise<void> => {
      await handle.appendFile(Buffer.concat(block));
      block = [];
    };
    for (const { step, time, values } of iterateRows(curves)) {
      const wall = Number.isFinite(time) ? time : 0;
      if (scalars === 0) block.push(encodeRecord(versionMessage(wall)));
      const list = Object.entries(values).map(([tag, value]): Scalar => ({ tag, value }));
      scalars += list.length;
      block.push(encodeRecord(scalarMessage(step, wall, list)));
      if (block.length >= BLOCK_RECORDS) await flush();
    }
    await flush();
  });
  return scalars;
}
