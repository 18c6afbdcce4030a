/**
 * The output folder of BLIP's `train_nlvr.py` or of LAVIS (`log.txt`, `config.yaml`, `checkpoint_best.pth`), shown as a
 * run, also while it is being trained. Nothing is written to it. A log that holds several runs is several: the newest
 * training is the folder's, the others have the path of the log and a number.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { storedAdvice, localize, type MessageText } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import { isBlipFolder, isOtherRunOfLog, LOG, placeOf, readLog, type ReadLog } from './blipFolder';
import type { EvalEvent, RunEvent } from '../events';
import { RUN_SCHEMA_VERSION, type BestResult, type RunInfo, type RunState } from '../runInfo';
import { parseTrainingLog, type LoggedEpoch, type LoggedRun } from './trainingLog';

/** Longest time that an epoch may take without the run being taken for dead after three of them. */
const LONGEST_EPOCH_S = 8 * 3600;
const SHORTEST_EPOCH_S = 5 * 60;
/** Used when nothing indicates how long one takes. */
const UNKNOWN_EPOCH_S = 3600;

/**
 * Describes a run of BLIP or LAVIS.
 * @param path the output folder, or a path of `otherRunsOfLog`
 * @throws {UserError} when `log.txt` is missing or is no log of theirs
 */
export async function blipRunInfo(path: string): Promise<RunInfo> {
  const log = await readLog(path);
  const { folder, number } = placeOf(path);
  const { run, at } = chosenRun(log, number, path);
  const { epochs, evaluation } = run;
  const isOwn = number === undefined;
  const last = Math.max(0, ...epochs.map(({ epoch }) => epoch));
  const trains = run.evaluation === undefined;
  const maxEpoch = trains
    ? Math.max(run.maxEpoch ?? log.maxEpoch ?? 0, epochs.length === 0 ? 0 : last + 1)
    : 0;
  const state = stateOf(run, maxEpoch, isOwn);
  const started = new Date(log.began).toISOString();
  const written = new Date(log.written).toISOString();
  const done = epochs.length === 0 ? 0 : last + 1;
  return {
    schema: RUN_SCHEMA_VERSION,
    id: `blip-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`,
    name: isOwn ? basename(folder) : `${basename(folder)} #${at + 1}`,
    // Neither writes a metrics.json; `nlvr train --evaluate` does.
    kind: !trains && (await pathExists(join(folder, 'metrics.json'))) ? 'evaluate' : 'imported',
    state,
    created: started,
    started,
    ended: state === 'running' ? null : written,
    pid: 0,
    processStart: null,
    host: '',
    heartbeat: written,
    ...(state === 'running' && { heartbeatEvery: secondsOfEpoch(log, run) }),
    configFile: join(folder, 'config.yaml'),
    configHash: createHash('sha256').update(log.config).digest('hex'),
    versions: { nlvr: run.program, node: '', tensorflow: null },
    device: null,
    precision: null,
    threads: null,
    lanes: null,
    epoch: last,
    maxEpoch,
    step: done,
    totalSteps: maxEpoch,
    best: bestOf(epochs) ?? resultOf(evaluation),
    message: null,
    hint: null,
  };
}

/**
 * The epochs of a log as events. Steps and times are not logged: an epoch counts as one step, and every event carries
 * the time the file was last written.
 */
export async function blipEvents(path: string): Promise<RunEvent[]> {
  const log = await readLog(path);
  const { number } = placeOf(path);
  const { run, at } = chosenRun(log, number, path);
  const time = log.written / 1000;
  const events: RunEvent[] = [];
  const remark = (code: string, message: MessageText): void =>
    void events.push({
      type: 'note',
      time,
      level: 'info',
      code,
      ...storedAdvice(message),
      step: 0,
    });
  if (log.runs.length > 1)
    remark(
      'several-runs',
      localize(
        'log.txt contains {0} runs. This is number {1}; the others are in the list of runs.',
        log.runs.length,
        at + 1,
      ),
    );
  if (run.percentages)
    remark('percentages', localize('log.txt has accuracies in percent. They were divided by 100.'));
  events.push(...run.epochs.flatMap((epoch) => epochEvents(epoch, time)));
  for (const split of ['val', 'test'] as const) {
    const accuracy = run.evaluation?.[split];
    if (accuracy !== undefined)
      events.push(evalEvent({ split, epoch: null, step: 1, accuracy }, time));
  }
  const best = bestOf(run.epochs);
  if (number === undefined && best)
    for (const split of ['val', 'test'] as const) {
      const measured = log.own[split];
      if (!measured) continue;
      const place = { split, epoch: null, step: best.step, accuracy: measured.accuracy };
      const predictions = `predictions/${split}.jsonl`;
      events.push({ ...evalEvent(place, time), ...measured, predictions });
    }
  return events;
}

/** Paths of the runs of a log that are not shown as the folder's; none where the folder has a `run.json`. */
export async function otherRunsOfLog(folder: string): Promise<string[]> {
  if (isOtherRunOfLog(folder) || !(await isBlipFolder(folder))) return [];
  const { runs } = parseTrainingLog(await readFile(join(folder, LOG), 'utf8').catch(() => ''));
  const own = newestTraining(runs);
  // Without a training it is our own evaluation, of which the last counts.
  if (runs.every(({ evaluation }) => evaluation)) return [];
  return runs.flatMap((_, i) => (i === own ? [] : [join(folder, LOG, String(i + 1))]));
}

function newestTraining(runs: readonly LoggedRun[]): number {
  const training = runs.findLastIndex(({ evaluation }) => evaluation === undefined);
  return training >= 0 ? training : runs.length - 1;
}

const nothingYet: LoggedRun = {
  program: 'BLIP',
  epochs: [],
  evaluation: undefined,
  ended: false,
  maxEpoch: null,
  percentages: false,
};

function chosenRun(
  { runs }: ReadLog,
  number: number | undefined,
  path: string,
): { run: LoggedRun; at: number } {
  const at = number === undefined ? Math.max(0, newestTraining(runs)) : number - 1;
  const run = runs[at] ?? (number === undefined ? nothingYet : undefined);
  if (!run)
    throw new UserError(localize('{0} no longer exists: the log was replaced.', path), {
      hint: localize('Import the folder again.'),
    });
  return { run, at };
}

/** Of an earlier run that did not say so, another start is what ended it. */
function stateOf(run: LoggedRun, maxEpoch: number, isOwn: boolean): RunState {
  const { program, epochs, evaluation, ended } = run;
  if (ended || evaluation) return 'finished';
  // LAVIS says nothing at its end.
  const last = epochs.at(-1);
  const validates = epochs.some(({ val }) => val !== undefined);
  if (program === 'LAVIS' && epochs.length >= maxEpoch && (!validates || last?.val !== undefined))
    return 'finished';
  return isOwn ? 'running' : 'stopped';
}

/** How long an epoch takes, within limits. */
function secondsOfEpoch({ began, written }: ReadLog, { epochs }: LoggedRun): number {
  if (epochs.length === 0) return LONGEST_EPOCH_S;
  if (began >= written) return UNKNOWN_EPOCH_S;
  const seconds = (written - began) / 1000 / epochs.length;
  return Math.min(LONGEST_EPOCH_S, Math.max(SHORTEST_EPOCH_S, seconds));
}

function epochEvents({ epoch, lr, loss, val, test }: LoggedEpoch, time: number): RunEvent[] {
  const step = epoch + 1;
  const events: RunEvent[] = [
    {
      type: 'epoch',
      time,
      epoch,
      step,
      loss: loss ?? null,
      accuracy: null,
      lr: lr ?? 0,
      seconds: 0,
    },
  ];
  if (val !== undefined) events.push(evalEvent({ split: 'val', epoch, step, accuracy: val }, time));
  if (test !== undefined)
    events.push(evalEvent({ split: 'test', epoch, step, accuracy: test }, time));
  return events;
}

function evalEvent(
  of: Pick<EvalEvent, 'split' | 'epoch' | 'step' | 'accuracy'>,
  time: number,
): EvalEvent {
  return {
    type: 'eval',
    time,
    ...of,
    consistency: null,
    loss: null,
    examples: 0,
    seconds: 0,
    groups: [],
    predictions: '',
  };
}

/** The result of a run that is an evaluation alone. */
function resultOf(evaluation: LoggedRun['evaluation']): BestResult | null {
  const accuracy = evaluation?.val ?? null;
  if (accuracy === null) return null;
  return { epoch: 0, step: 0, accuracy, consistency: null, testAccuracy: evaluation?.test ?? null };
}

/** BLIP's rule: the first epoch whose validation accuracy no other exceeds; an accuracy of 0 saves nothing. */
function bestOf(epochs: readonly LoggedEpoch[]): BestResult | null {
  let best: BestResult | null = null;
  for (const { epoch, val, test } of epochs)
    if (typeof val === 'number' && val > (best?.accuracy ?? 0))
      best = {
        epoch,
        step: epoch + 1,
        accuracy: val,
        consistency: null,
        testAccuracy: test ?? null,
      };
  return best;
}
