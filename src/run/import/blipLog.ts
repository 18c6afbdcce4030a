/**
 * Presents the output folder of BLIP's `train_nlvr.py` or of LAVIS (`log.txt`, `config.yaml`, `checkpoint_best.pth`) as a
 * run, also during the training, without writing to it. If a log contains several runs, the newest training is the main
 * run of the folder; the paths of the others are the path of the log plus a number.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { storedAdvice, localize, type MessageText } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import {
  isBlipFolder,
  isOtherRunOfLog,
  LOG_FILE,
  parseLogPath,
  readLog,
  type BlipLog,
} from './blipFolder';
import type { EvalEvent, RunEvent } from '../events';
import { RUN_SCHEMA_VERSION, type BestResult, type RunInfo, type RunState } from '../runInfo';
import { parseTrainingLog, type LoggedEpoch, type LoggedRun } from './trainingLog';

/** Limits of the estimated time of an epoch; after three times the estimate without output, the run counts as lost. */
const MAX_EPOCH_SECONDS = 8 * 3600;
const MIN_EPOCH_SECONDS = 5 * 60;
/** Used if the time of an epoch is unknown. */
const DEFAULT_EPOCH_SECONDS = 3600;

/**
 * Describes a run of BLIP or LAVIS.
 * @param path the output folder, or a path of `otherRunsOfLog`
 * @throws {UserError} if `log.txt` is missing or is not a log of BLIP or LAVIS
 */
export async function blipRunInfo(path: string): Promise<RunInfo> {
  const log = await readLog(path);
  const { folder, number } = parseLogPath(path);
  const { run, at } = selectRun(log, number, path);
  const { epochs, evaluation } = run;
  const isOwn = number === undefined;
  const last = Math.max(0, ...epochs.map(({ epoch }) => epoch));
  const trains = run.evaluation === undefined;
  const maxEpoch = trains
    ? Math.max(run.maxEpoch ?? log.maxEpoch ?? 0, epochs.length === 0 ? 0 : last + 1)
    : 0;
  const state = deriveState(run, maxEpoch, isOwn);
  const started = new Date(log.startedAt).toISOString();
  const written = new Date(log.writtenAt).toISOString();
  const done = epochs.length === 0 ? 0 : last + 1;
  return {
    schema: RUN_SCHEMA_VERSION,
    id: `blip-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`,
    name: isOwn ? basename(folder) : `${basename(folder)} #${at + 1}`,
    // BLIP and LAVIS do not write metrics.json; `nlvr train --evaluate` does.
    kind: !trains && (await pathExists(join(folder, 'metrics.json'))) ? 'evaluate' : 'imported',
    state,
    created: started,
    started,
    ended: state === 'running' ? null : written,
    pid: 0,
    processStart: null,
    host: '',
    heartbeat: written,
    ...(state === 'running' && { heartbeatEvery: estimateEpochSeconds(log, run) }),
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
    best: bestResult(epochs) ?? evaluationResult(evaluation),
    message: null,
    hint: null,
  };
}

/**
 * Converts the epochs of a log to events. The log has no steps and times: each epoch counts as one step, and every event
 * has the modification time of the file.
 */
export async function blipEvents(path: string): Promise<RunEvent[]> {
  const log = await readLog(path);
  const { number } = parseLogPath(path);
  const { run, at } = selectRun(log, number, path);
  const time = log.writtenAt / 1000;
  const events: RunEvent[] = [];
  const addNote = (code: string, message: MessageText): void =>
    void events.push({
      type: 'note',
      time,
      level: 'info',
      code,
      ...storedAdvice(message),
      step: 0,
    });
  if (log.runs.length > 1)
    addNote(
      'several-runs',
      localize(
        'log.txt contains {0} runs. This is number {1}; the others are in the list of runs.',
        log.runs.length,
        at + 1,
      ),
    );
  if (run.percentages)
    addNote(
      'percentages',
      localize('log.txt has accuracies in percent. They were divided by 100.'),
    );
  events.push(...run.epochs.flatMap((epoch) => epochEvents(epoch, time)));
  for (const split of ['val', 'test'] as const) {
    const accuracy = run.evaluation?.[split];
    if (accuracy !== undefined)
      events.push(evalEvent({ split, epoch: null, step: 1, accuracy }, time));
  }
  const best = bestResult(run.epochs);
  if (number === undefined && best)
    for (const split of ['val', 'test'] as const) {
      const measured = log.results[split];
      if (!measured) continue;
      const place = { split, epoch: null, step: best.step, accuracy: measured.accuracy };
      const predictions = `predictions/${split}.jsonl`;
      events.push({ ...evalEvent(place, time), ...measured, predictions });
    }
  return events;
}

/** Returns the paths of the runs in a log other than the main one; empty if the folder has a `run.json`. */
export async function otherRunsOfLog(folder: string): Promise<string[]> {
  if (isOtherRunOfLog(folder) || !(await isBlipFolder(folder))) return [];
  const { runs } = parseTrainingLog(await readFile(join(folder, LOG_FILE), 'utf8').catch(() => ''));
  const own = newestTraining(runs);
  // A log without a training is from `nlvr evaluate`; only its last evaluation is shown.
  if (runs.every(({ evaluation }) => evaluation)) return [];
  return runs.flatMap((_, i) => (i === own ? [] : [join(folder, LOG_FILE, String(i + 1))]));
}

function newestTraining(runs: readonly LoggedRun[]): number {
  const training = runs.findLastIndex(({ evaluation }) => evaluation === undefined);
  return training >= 0 ? training : runs.length - 1;
}

const emptyRun: LoggedRun = {
  program: 'BLIP',
  epochs: [],
  evaluation: undefined,
  ended: false,
  maxEpoch: null,
  percentages: false,
};

function selectRun(
  { runs }: BlipLog,
  number: number | undefined,
  path: string,
): { run: LoggedRun; at: number } {
  const at = number === undefined ? Math.max(0, newestTraining(runs)) : number - 1;
  const run = runs[at] ?? (number === undefined ? emptyRun : undefined);
  if (!run)
    throw new UserError(localize('{0} no longer exists: the log was replaced.', path), {
      hint: localize('Import the folder again.'),
    });
  return { run, at };
}

/** The state of a run. An earlier run without an end in the log was stopped, because another one started after it. */
function deriveState(run: LoggedRun, maxEpoch: number, isOwn: boolean): RunState {
  const { program, epochs, evaluation, ended } = run;
  if (ended || evaluation) return 'finished';
  // LAVIS does not log the end of a training.
  const last = epochs.at(-1);
  const validates = epochs.some(({ val }) => val !== undefined);
  if (program === 'LAVIS' && epochs.length >= maxEpoch && (!validates || last?.val !== undefined))
    return 'finished';
  return isOwn ? 'running' : 'stopped';
}

/** Estimates the time of an epoch, within limits. */
function estimateEpochSeconds({ startedAt, writtenAt }: BlipLog, { epochs }: LoggedRun): number {
  if (epochs.length === 0) return MAX_EPOCH_SECONDS;
  if (startedAt >= writtenAt) return DEFAULT_EPOCH_SECONDS;
  const seconds = (writtenAt - startedAt) / 1000 / epochs.length;
  return Math.min(MAX_EPOCH_SECONDS, Math.max(MIN_EPOCH_SECONDS, seconds));
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

/** The result of a run that only evaluates. */
function evaluationResult(evaluation: LoggedRun['evaluation']): BestResult | null {
  const accuracy = evaluation?.val ?? null;
  if (accuracy === null) return null;
  return { epoch: 0, step: 0, accuracy, consistency: null, testAccuracy: evaluation?.test ?? null };
}

/** The best epoch by BLIP's rule: the first one with the maximum validation accuracy, if it is above 0. */
function bestResult(epochs: readonly LoggedEpoch[]): BestResult | null {
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
