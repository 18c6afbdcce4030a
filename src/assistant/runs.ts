/** Tools about runs: the list of runs, and status, metrics and curves of one run. */
import { readMetrics } from '../analysis/metricsFile';
import { tableOf, type RunTable } from '../analysis/runTable';
import { curvesFromEvents } from '../run/curves/exportCurves';
import type { CurveName } from '../run/curves/curveNames';
import type { Series } from '../run/curves/series';
import { openEvents } from '../run/read/eventSource';
import type { EventWithStep } from '../run/read/eventReader';
import type { EpochEvent, EvalEvent, NoteEvent } from '../run/events';
import { listSets } from '../run/read/predictionSets';
import { readRun, type ReadRun } from '../run/read/readRun';
import { RunFolder } from '../run/runFolder';
import { isActiveStatus } from '../run/record/runStatus';
import { statusReport } from '../run/statusReport';
import { TimeLeft } from '../run/record/timeLeft';
import { inEnglish, localize } from '../util/localize';
import { UserError } from '../util/userError';
import { leftOut } from './bounded';
import { DEFAULT_POINTS, DEFAULT_RUNS } from './definitions';
import { requireContained, requireRun, shownFolder, type ReadAccess } from './readAccess';

const MAX_KEYS = 20;
const MAX_UNREADABLE = 10;
/** Limits of lists; their newest elements are returned. */
const MAX_NOTES = 20;
const MAX_SETS = 60;
const MAX_EPOCHS = 100;

export interface ListRunsInput {
  name?: string;
  state?: string;
  offset?: number;
  limit?: number;
}

/** Returns a page of the requested runs. */
export async function listRuns(
  { name = '', state, offset = 0, limit = DEFAULT_RUNS }: ListRunsInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const { rows, unreadable, differing } = await readableTable(access);
  const wanted = name.toLowerCase();
  const found = rows.flatMap((row, i) =>
    (state === undefined || row.state === state) &&
    [row.name, row.run].some((text) => text.toLowerCase().includes(wanted))
      ? [i]
      : [],
  );
  const page = found.slice(offset, offset + limit);
  const keys = differing
    .filter(({ values }) => page.some((i) => values[i] !== values[page[0]]))
    .slice(0, MAX_KEYS);
  return {
    total: found.length,
    offset,
    runs: page.map((i) => ({
      ...rows[i],
      configuration: Object.fromEntries(keys.map(({ key, values }) => [key, values[i]])),
    })),
    unreadable: unreadable
      .slice(0, MAX_UNREADABLE)
      .map(({ folder, message }) => ({ folder, message: inEnglish(message) })),
    ...leftOut({
      runs: found.length - offset - page.length,
      unreadable: unreadable.length - MAX_UNREADABLE,
    }),
  };
}

/** The table of the runs that may be read; other runs are listed as unreadable. */
async function readableTable(access: ReadAccess): Promise<RunTable> {
  const own: string[] = [];
  const refused: RunTable['unreadable'] = [];
  for (const folder of await access.runFolders())
    try {
      await requireContained(folder, access, true);
      own.push(folder);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused.push({ folder, message: error.messageText });
    }
  const table = await tableOf(own, (folder) => shownFolder(folder, access));
  return { ...table, unreadable: [...refused, ...table.unreadable] };
}

/** Returns the status of one run. */
export async function runStatus(
  { run: text }: { run: string },
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const { folder, run } = await openRun(text, access);
  const { info } = run;
  const events = await eventsOf(folder, info.kind);
  const timeLeft = new TimeLeft();
  if (isActiveStatus(run.status)) for (const { event } of events) timeLeft.add(event);
  const notes = notesIn(events);
  const sets = await listSets(folder);
  return {
    ...statusReport(folder, run),
    ...{ epochs: info.maxEpoch, steps: info.totalSteps, secondsLeft: timeLeft.seconds },
    ...{ started: info.started, ended: info.ended, lastSign: info.heartbeat },
    ...{ host: info.host, device: info.device, precision: info.precision },
    ...{ processes: info.ranks?.length ?? 1, trainer: info.trainer ?? 'nlvr' },
    configuration: info.configFile,
    notes: notes.slice(-MAX_NOTES).map(({ level, code, message, step }) => ({
      ...{ level, code, message, step },
    })),
    predictions: sets.slice(-MAX_SETS),
    ...leftOut({
      notes: notes.length - MAX_NOTES,
      predictions: sets.length - MAX_SETS,
    }),
  };
}

/** The unresolved notes of a run, oldest first. */
function notesIn(events: readonly EventWithStep[]): NoteEvent[] {
  let notes: NoteEvent[] = [];
  for (const { event } of events)
    if (event.type === 'note') notes.push(event);
    else if (event.type === 'resolved') notes = notes.filter(({ code }) => code !== event.code);
  return notes;
}

/** Curves over steps; other values are in the evaluations and epochs. */
const OVER_STEPS = ['loss/train', 'lr', 'gradient_norm', 'examples_per_second'] as const;

export interface RunMetricsInput {
  run: string;
  points?: number;
}

/** Returns evaluations, epochs and a summary of the curves of one run. */
export async function runMetrics(
  { run: text, points = DEFAULT_POINTS }: RunMetricsInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const { folder, run } = await openRun(text, access);
  const { info } = run;
  const events = await eventsOf(folder, info.kind);
  const curves = curvesFromEvents(events);
  const evaluations = evaluationsIn(events);
  const epochs = epochsIn(events);
  return {
    folder,
    name: info.name,
    state: run.status,
    best: info.best,
    newest: await readMetrics(new RunFolder(folder).metrics),
    evaluations: evaluations.slice(-MAX_EPOCHS),
    epochs: epochs.slice(-MAX_EPOCHS),
    curves: OVER_STEPS.flatMap((name) =>
      curves[name].length === 0 ? [] : [summaryOf(name, curves[name], points)],
    ),
    ...leftOut({
      evaluations: evaluations.length - MAX_EPOCHS,
      epochs: epochs.length - MAX_EPOCHS,
    }),
  };
}

/** The evaluations in order; only the last one of the same split and epoch. */
function evaluationsIn(events: readonly EventWithStep[]): Partial<EvalEvent>[] {
  const found = new Map<string, Partial<EvalEvent>>();
  for (const { event } of events) {
    if (event.type !== 'eval') continue;
    const { split, epoch, step, accuracy, consistency, loss, examples } = event;
    const key = `${split} ${epoch}`;
    found.delete(key);
    found.set(key, { split, epoch, step, accuracy, consistency, loss, examples });
  }
  return [...found.values()];
}

function epochsIn(events: readonly EventWithStep[]): Partial<EpochEvent>[] {
  return events.flatMap(({ event }) => {
    if (event.type !== 'epoch') return [];
    const { epoch, step, loss, accuracy, lr, seconds } = event;
    return [{ epoch, step, loss, accuracy, lr, seconds }];
  });
}

/** Summarizes a curve. `points` are pairs of a step and the mean of the values up to it. */
function summaryOf(curve: CurveName, { steps, values }: Series, points: number): unknown {
  const finite = values.filter(Number.isFinite);
  const parts = Math.min(points, values.length);
  const from = (part: number): number => Math.floor((part * values.length) / parts);
  return {
    curve,
    length: values.length,
    notFinite: values.length - finite.length,
    first: values[0],
    last: values.at(-1),
    least: finite.reduce((least, value) => Math.min(least, value), Infinity),
    greatest: finite.reduce((greatest, value) => Math.max(greatest, value), -Infinity),
    points: Array.from({ length: parts }, (_, part) => [
      steps[from(part + 1) - 1],
      meanOf(values.slice(from(part), from(part + 1)).filter(Number.isFinite)),
    ]),
  };
}

/** The mean; null without values. */
function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Opens a run. @throws {UserError} if it does not exist or may not be read */
async function openRun(
  text: string,
  access: ReadAccess,
): Promise<{ folder: string; run: ReadRun }> {
  const folder = await requireRun(text, access);
  const run = await readRun(folder);
  if (!run) throw new UserError(localize('{0} does not contain a run.', folder));
  return { folder, run };
}

async function eventsOf(folder: string, kind: ReadRun['info']['kind']): Promise<EventWithStep[]> {
  return (await openEvents(folder, kind).read()).events;
}
