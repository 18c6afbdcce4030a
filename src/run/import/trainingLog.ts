/** Parses `log.txt` of BLIP's `train_nlvr.py` and LAVIS into its runs. */
import { parsePythonJson } from '../../util/pythonJson';

/** An epoch of a log. `undefined`: not logged; `null`: logged as `nan`. */
export interface LoggedEpoch {
  /** From 0. */
  epoch: number;
  lr: number | null | undefined;
  loss: number | null | undefined;
  /** Accuracies, 0..1. */
  val: number | null | undefined;
  test: number | null | undefined;
}

/** One run of the program. BLIP appends to an existing log. */
export interface LoggedRun {
  program: 'BLIP' | 'LAVIS';
  epochs: LoggedEpoch[];
  /** Results of `--evaluate`, which does not train. */
  evaluation: Pick<LoggedEpoch, 'val' | 'test'> | undefined;
  /** Whether the log contains the end of the run. */
  ended: boolean;
  /** From LAVIS's configuration at the start of the log; null if unknown. */
  maxEpoch: number | null;
  /** Whether the log has accuracies in percent. */
  percentages: boolean;
}

export interface TrainingLog {
  /** In the order of the log. */
  runs: LoggedRun[];
  /** Keys of the first object that is from neither program; empty if there is none. */
  unknown: string[];
}

type Line = { kind: 'object'; value: Record<string, unknown>; indented: boolean } | { kind: 'end' };

/**
 * Parses a log. Incomplete lines (still being written, or left by a killed program) are skipped. BLIP writes "best epoch:
 * N" at the end without a newline, so the output of a later run may follow on the same line.
 */
export function parseTrainingLog(text: string): TrainingLog {
  const runs: LoggedRun[] = [];
  let unknown: string[] = [];
  let current: LoggedRun | undefined;
  const startRun = (program: LoggedRun['program']): LoggedRun => {
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
  for (const line of parseLines(text)) {
    if (line.kind === 'end') {
      if (current) current.ended = true;
      continue;
    }
    const { value } = line;
    if (line.indented) {
      // The lines before a configuration belong to another run.
      if (isLavisConfig(value)) startRun('LAVIS').maxEpoch = maxEpochOf(value);
      else unknown = unknown.length > 0 ? unknown : Object.keys(value);
      continue;
    }
    if (current?.program === 'LAVIS' && addLavisLine(current, value)) continue;
    const blip = parseBlipLine(value);
    if (blip === undefined) {
      unknown = unknown.length > 0 ? unknown : Object.keys(value);
    } else if (blip.epoch === null) {
      startRun('BLIP').evaluation = { val: blip.val, test: blip.test };
      current = undefined;
      const evaluated = runs.at(-1);
      if (evaluated) evaluated.ended = true;
    } else {
      const training = current?.program === 'BLIP' ? current : undefined;
      const target = training && !startsNewRun(training, blip.epoch) ? training : startRun('BLIP');
      target.ended = false;
      // An epoch that was trained again after a restart replaces the earlier one.
      target.epochs = target.epochs.filter(({ epoch }) => epoch < blip.epoch);
      target.epochs.push(blip);
    }
  }
  const reported = runs.filter(
    ({ epochs, evaluation, maxEpoch }) => epochs.length > 0 || evaluation || maxEpoch !== null,
  );
  return { runs: reported.map(toFractions), unknown };
}

/** Whether an epoch is the first of another run: BLIP cannot resume, and other trainers resume after their first epoch. */
function startsNewRun({ epochs }: LoggedRun, epoch: number): boolean {
  const [first] = epochs;
  return first !== undefined && epoch <= first.epoch;
}

/** Yields the objects of a log and the ends of trainings. */
function* parseLines(text: string): Generator<Line> {
  let block: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (block) {
      block.push(line);
      if (line !== '}') continue;
      const value = parseObject(block.join('\n'));
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
      const value = parseObject(found);
      if (value) yield { kind: 'object', value, indented: false };
    }
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = parsePythonJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a number, which BLIP writes as a string with four decimals. */
function numberField(value: Record<string, unknown>, key: string): number | null | undefined {
  if (!Object.hasOwn(value, key)) return undefined;
  const raw = value[key];
  const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** Parses a line of BLIP; `epoch` is null for an evaluation. @returns undefined if it is not from BLIP */
function parseBlipLine(
  value: Record<string, unknown>,
):
  | (Omit<LoggedEpoch, 'epoch'> & { epoch: number })
  | (Pick<LoggedEpoch, 'val' | 'test'> & { epoch: null })
  | undefined {
  const val = numberField(value, 'val_acc');
  const test = numberField(value, 'test_acc');
  if (val === undefined && test === undefined) return undefined;
  const loss = numberField(value, 'train_loss');
  const epoch = numberField(value, 'epoch');
  if (epoch === undefined && loss === undefined) return { epoch: null, val, test };
  if (typeof epoch !== 'number' || loss === undefined) return undefined;
  return { epoch, lr: numberField(value, 'train_lr'), loss, val, test };
}

function isLavisConfig(value: Record<string, unknown>): boolean {
  return ['run', 'model', 'datasets'].every((key) => typeof value[key] === 'object');
}

function maxEpochOf({ run }: Record<string, unknown>): number {
  return numberField(run as Record<string, unknown>, 'max_epoch') ?? 0;
}

/**
 * Adds a line of LAVIS. It writes a line for each split of an epoch, whose keys start with the name of the split, without
 * the number of the epoch: `train_loss`, then `val_acc` (or only `val_agg_metrics`), then `test_acc`.
 * @returns whether it is such a line
 */
function addLavisLine(run: LoggedRun, value: Record<string, unknown>): boolean {
  const keys = Object.keys(value);
  const split = (['train', 'val', 'test'] as const).find((name) =>
    keys.every((key) => key.startsWith(`${name}_`)),
  );
  if (split === undefined || keys.length === 0) return false;
  if (split === 'train') {
    const [lr, loss] = [numberField(value, 'train_lr'), numberField(value, 'train_loss')];
    run.epochs.push({ epoch: run.epochs.length, lr, loss, val: undefined, test: undefined });
    return true;
  }
  const accuracy = numberField(value, `${split}_acc`) ?? numberField(value, `${split}_agg_metrics`);
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

/** Converts accuracies above 1, which some forks log in percent, to fractions. */
function toFractions(run: LoggedRun): LoggedRun {
  const all = [...run.epochs, ...(run.evaluation ? [run.evaluation] : [])];
  const accuracies = all.flatMap(({ val, test }) => [val, test]);
  if (!accuracies.some((accuracy) => (accuracy ?? 0) > 1)) return run;
  const toFraction = (accuracy: number | null | undefined): number | null | undefined =>
    typeof accuracy === 'number' ? accuracy / 100 : accuracy;
  const converted = <T extends Pick<LoggedEpoch, 'val' | 'test'>>(part: T): T => ({
    ...part,
    val: toFraction(part.val),
    test: toFraction(part.test),
  });
  return {
    ...run,
    percentages: true,
    epochs: run.epochs.map(converted),
    evaluation: run.evaluation && converted(run.evaluation),
  };
}
