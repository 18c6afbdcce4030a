/** The text of `log.txt` as BLIP's `train_nlvr.py` and LAVIS write it, taken apart into the runs that it holds. */
import { parsePythonJson } from '../../util/pythonJson';

/** An epoch of a log. `undefined`: the log does not say; `null`: it says that it is no number (`nan`). */
export interface LoggedEpoch {
  /** From 0. */
  epoch: number;
  lr: number | null | undefined;
  loss: number | null | undefined;
  /** Shares, 0..1. */
  val: number | null | undefined;
  test: number | null | undefined;
}

/** One start of the program. BLIP appends to the log of an earlier one. */
export interface LoggedRun {
  program: 'BLIP' | 'LAVIS';
  epochs: LoggedEpoch[];
  /** Of `--evaluate`, which trains no epoch. */
  evaluation: Pick<LoggedEpoch, 'val' | 'test'> | undefined;
  /** The log says that it came to its end. */
  ended: boolean;
  /** By LAVIS's configuration at the head of the log; null where it is not known. */
  maxEpoch: number | null;
  /** Accuracies are percentages in the log. */
  percentages: boolean;
}

export interface TrainingLog {
  /** In the order of the log. */
  runs: LoggedRun[];
  /** Keys of the first object that is no line of either program; empty where there is none. */
  unknown: string[];
}

type Line = { kind: 'object'; value: Record<string, unknown>; indented: boolean } | { kind: 'end' };

/**
 * Takes a log apart. A line that is still being written, or that a killed program left half written, is passed over.
 * BLIP writes "best epoch: N" at the end, without a newline before what a later run appends to it.
 */
export function parseTrainingLog(text: string): TrainingLog {
  const runs: LoggedRun[] = [];
  let unknown: string[] = [];
  let current: LoggedRun | undefined;
  const begin = (program: LoggedRun['program']): LoggedRun => {
    current = {
      program,
      epochs: [],
      evaluation: undefined,
      ended: false,
      maxEpoch: null,
      percentages: false,
    };
    runs.push(current);
    return current;
  };
  for (const line of linesOf(text)) {
    if (line.kind === 'end') {
      if (current) current.ended = true;
      continue;
    }
    const { value } = line;
    if (line.indented) {
      // What is before it belongs to another run.
      if (isLavisConfig(value)) begin('LAVIS').maxEpoch = maxEpochOf(value);
      else unknown = unknown.length > 0 ? unknown : Object.keys(value);
      continue;
    }
    if (current?.program === 'LAVIS' && addLavisLine(current, value)) continue;
    const blip = blipLine(value);
    if (blip === undefined) {
      unknown = unknown.length > 0 ? unknown : Object.keys(value);
    } else if (blip.epoch === null) {
      begin('BLIP').evaluation = { val: blip.val, test: blip.test };
      current = undefined;
      const evaluated = runs.at(-1);
      if (evaluated) evaluated.ended = true;
    } else {
      const training = current?.program === 'BLIP' ? current : undefined;
      const into = training && !startsOver(training, blip.epoch) ? training : begin('BLIP');
      into.ended = false;
      // An epoch that was trained again after a restart takes the place of the earlier one.
      into.epochs = into.epochs.filter(({ epoch }) => epoch < blip.epoch);
      into.epochs.push(blip);
    }
  }
  const reported = runs.filter(
    ({ epochs, evaluation, maxEpoch }) => epochs.length > 0 || evaluation || maxEpoch !== null,
  );
  return { runs: reported.map(asShares), unknown };
}

/** Whether an epoch is the first of another run: BLIP cannot resume; trainers that can resume continue somewhere in the middle. */
function startsOver({ epochs }: LoggedRun, epoch: number): boolean {
  const [first] = epochs;
  return first !== undefined && epoch <= first.epoch;
}

/** The objects of a log, and where it says that a training has ended. */
function* linesOf(text: string): Generator<Line> {
  let block: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (block) {
      block.push(line);
      if (line !== '}') continue;
      const value = objectIn(block.join('\n'));
      block = undefined;
      if (value) yield { kind: 'object', value, indented: true };
      continue;
    }
    if (line === '{') {
      block = [line];
      continue;
    }
    for (const [found] of line.matchAll(/best epoch: \d+|\{[^{}]*\}/g)) {
      if (!found.startsWith('{')) {
        yield { kind: 'end' };
        continue;
      }
      const value = objectIn(found);
      if (value) yield { kind: 'object', value, indented: false };
    }
  }
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value = parsePythonJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** BLIP writes numbers as strings of four decimals. */
function numberIn(value: Record<string, unknown>, key: string): number | null | undefined {
  if (!Object.hasOwn(value, key)) return undefined;
  const raw = value[key];
  const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** @returns undefined when it is no line of BLIP's training or evaluation; `epoch` is null for an evaluation. */
function blipLine(
  value: Record<string, unknown>,
):
  | (Omit<LoggedEpoch, 'epoch'> & { epoch: number })
  | (Pick<LoggedEpoch, 'val' | 'test'> & { epoch: null })
  | undefined {
  const val = numberIn(value, 'val_acc');
  const test = numberIn(value, 'test_acc');
  if (val === undefined && test === undefined) return undefined;
  const loss = numberIn(value, 'train_loss');
  const epoch = numberIn(value, 'epoch');
  if (epoch === undefined && loss === undefined) return { epoch: null, val, test };
  if (typeof epoch !== 'number' || loss === undefined) return undefined;
  return { epoch, lr: numberIn(value, 'train_lr'), loss, val, test };
}

function isLavisConfig(value: Record<string, unknown>): boolean {
  return ['run', 'model', 'datasets'].every((key) => typeof value[key] === 'object');
}

function maxEpochOf({ run }: Record<string, unknown>): number {
  return numberIn(run as Record<string, unknown>, 'max_epoch') ?? 0;
}

/**
 * LAVIS writes a line for each part of an epoch, all of whose keys begin with the name of the split, and says nowhere
 * which epoch it is: `train_loss`, then `val_acc` (or `val_agg_metrics` alone), then `test_acc`.
 * @returns whether it is such a line
 */
function addLavisLine(run: LoggedRun, value: Record<string, unknown>): boolean {
  const keys = Object.keys(value);
  const split = (['train', 'val', 'test'] as const).find((name) =>
    keys.every((key) => key.startsWith(`${name}_`)),
  );
  if (split === undefined || keys.length === 0) return false;
  if (split === 'train') {
    const [lr, loss] = [numberIn(value, 'train_lr'), numberIn(value, 'train_loss')];
    run.epochs.push({ epoch: run.epochs.length, lr, loss, val: undefined, test: undefined });
    return true;
  }
  const accuracy = numberIn(value, `${split}_acc`) ?? numberIn(value, `${split}_agg_metrics`);
  const last = run.epochs.at(-1);
  if (last) last[split] = accuracy ?? null;
  else
    run.evaluation = {
      val: undefined,
      test: undefined,
      ...run.evaluation,
      [split]: accuracy ?? null,
    };
  return true;
}

/** Some forks log percentages. No share exceeds 1. */
function asShares(run: LoggedRun): LoggedRun {
  const all = [...run.epochs, ...(run.evaluation ? [run.evaluation] : [])];
  const accuracies = all.flatMap(({ val, test }) => [val, test]);
  if (!accuracies.some((accuracy) => (accuracy ?? 0) > 1)) return run;
  const share = (accuracy: number | null | undefined): number | null | undefined =>
    typeof accuracy === 'number' ? accuracy / 100 : accuracy;
  const shared = <T extends Pick<LoggedEpoch, 'val' | 'test'>>(part: T): T => ({
    ...part,
    val: share(part.val),
    test: share(part.test),
  });
  return {
    ...run,
    percentages: true,
    epochs: run.epochs.map(shared),
    evaluation: run.evaluation && shared(run.evaluation),
  };
}
