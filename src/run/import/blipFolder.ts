/** Reads the output folder of BLIP's `train_nlvr.py` or of LAVIS, without writing to it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isUrl } from '../../config/paths';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import type { EvalEvent, GroupAccuracy } from '../events';
import { RunFolder } from '../runFolder';
import { parseTrainingLog, type LoggedRun } from './trainingLog';

/** Name of the log file of both programs. */
export const LOG_FILE = 'log.txt';
/** Location of a run in a log: the folder, and the number of the run from 1 if it is not the main run of the folder. */
export interface LogLocation {
  folder: string;
  number: number | undefined;
}

export function parseLogPath(path: string): LogLocation {
  const number = Number(basename(path));
  return basename(dirname(path)) === LOG_FILE && Number.isInteger(number)
    ? { folder: dirname(dirname(path)), number }
    : { folder: path, number: undefined };
}

/** Returns the folder that contains the run, also for one of several runs in a log. */
export function folderOfRun(path: string): string {
  return parseLogPath(path).folder;
}

/** Whether a path refers to one of several runs in a log that is not the main run of the folder. */
export function isOtherRunOfLog(path: string): boolean {
  return parseLogPath(path).number !== undefined;
}

/** Whether a folder is output of BLIP or LAVIS, or of `nlvr evaluate`, which writes the same log. */
export async function isBlipFolder(path: string): Promise<boolean> {
  const { folder, number } = parseLogPath(path);
  if (await pathExists(new RunFolder(folder).runJson)) return false;
  if (await pathExists(join(folder, LOG_FILE))) return true;
  return number === undefined && isBlipBeforeFirstEpoch(folder);
}

/** Whether BLIP has written only its configuration: it writes the log after the first epoch. nlvr creates a lock before. */
async function isBlipBeforeFirstEpoch(folder: string): Promise<boolean> {
  const { config, lock, attempts, events } = new RunFolder(folder);
  const text = await readFile(config, 'utf8').catch(() => undefined);
  if (text === undefined || !isBlipConfigDump(text)) return false;
  return !(await Promise.all([lock, attempts, events].map(pathExists))).includes(true);
}

/** Whether a configuration was written by BLIP's `yaml.dump`, not by hand: sorted keys, no comments. */
function isBlipConfigDump(text: string): boolean {
  const keys = Array.from(text.matchAll(/^(\w+):/gm), ([, key]) => key);
  const needed = ['ann_root', 'image_root', 'max_epoch', 'pretrained'];
  return (
    needed.every((key) => keys.includes(key)) &&
    keys.every((key, i) => i === 0 || keys[i - 1] < key) &&
    !/^\s*#/m.test(text)
  );
}

/** The contents of a folder. */
export interface BlipLog {
  runs: LoggedRun[];
  /** Last modification of the log, and start of the program according to the files; ms since 1970. */
  writtenAt: number;
  startedAt: number;
  /** From BLIP's configuration. */
  maxEpoch: number | null;
  config: string;
  results: EvaluationResults;
}

/** Results of `nlvr evaluate` for a checkpoint in the folder, by split. */
type EvaluationResults = Partial<Record<'val' | 'test', Measured>>;
type Measured = Pick<EvalEvent, 'accuracy' | 'consistency' | 'loss' | 'examples' | 'groups'>;

/** Whether BLIP or LAVIS trained in a folder; `nlvr evaluate` also writes a log. */
export async function isTrainedByBlip(folder: string): Promise<boolean> {
  if (await pathExists(new RunFolder(folder).runJson)) return false;
  const { runs } = parseTrainingLog(await readFile(join(folder, LOG_FILE), 'utf8').catch(() => ''));
  return runs.some(({ evaluation }) => evaluation === undefined);
}

/** Fingerprint of the files, which changes when there is new data. */
export async function logFingerprint(path: string): Promise<string> {
  const { folder } = parseLogPath(path);
  const stamps = [LOG_FILE, 'metrics.json'].map(async (name) => {
    const found = await stat(join(folder, name)).catch(() => undefined);
    return found ? `${found.mtimeMs}/${found.size}` : '';
  });
  return (await Promise.all(stamps)).join(' ');
}

/** Reads the log of a folder. @throws {UserError} if `log.txt` is missing or is not a log of BLIP or LAVIS */
export async function readLog(path: string): Promise<BlipLog> {
  const { folder } = parseLogPath(path);
  const file = join(folder, LOG_FILE);
  const configFile = new RunFolder(folder).config;
  const config = await readFile(configFile, 'utf8').catch(() => '');
  const configured = await stat(configFile).catch(() => undefined);
  const maxEpoch = /^max_epoch:\s*(\d+)\s*$/m.exec(config)?.[1];
  let text = '';
  let times: { mtimeMs: number; birthtimeMs: number };
  try {
    [text, times] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  } catch (cause) {
    if (!configured || (await pathExists(file)) || !isBlipConfigDump(config))
      throw new UserError(localize('{0} has no readable log.txt.', folder), {
        hint: localize(
          "Choose the output folder of BLIP's train_nlvr.py or of LAVIS: it contains log.txt and, after the first epoch, checkpoint_best.pth.",
        ),
        cause,
      });
    times = configured;
  }
  const { runs, unknown } = parseTrainingLog(text);
  if (text.trim() !== '' && runs.length === 0 && !isBeingWritten(text))
    throw invalidLogError(file, unknown);
  const writtenAt = times.mtimeMs;
  const starts = [configured?.mtimeMs, times.birthtimeMs].filter(
    (time): time is number => time !== undefined && time > 0 && time <= writtenAt,
  );
  return {
    runs,
    writtenAt,
    startedAt: starts[0] ?? writtenAt,
    maxEpoch: maxEpoch === undefined ? null : Number(maxEpoch),
    config,
    results: await readEvaluationResults(folder),
  };
}

/** Whether the first line, or LAVIS's configuration, is still being written. */
function isBeingWritten(text: string): boolean {
  return text.startsWith('{') && !/^[^\n]*\}|^\}/m.test(text);
}

function invalidLogError(file: string, unknown: readonly string[]): UserError {
  const found =
    unknown.length === 0
      ? localize('{0} is not a log of a training: no epoch was found in it.', file)
      : localize(
          '{0} is not a log of BLIP or LAVIS on NLVR2: its objects have {1}.',
          file,
          unknown.slice(0, 6).join(', '),
        );
  return new UserError(found, {
    hint: localize(
      'Expected lines as BLIP writes them (JSON objects with train_loss, val_acc, test_acc and epoch), or a LAVIS log: its configuration, then objects with train_loss, val_acc and test_acc.',
    ),
  });
}

/** Reads the metrics in `metrics.json` of checkpoints in the folder itself. */
async function readEvaluationResults(folder: string): Promise<EvaluationResults> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(new RunFolder(folder).metrics, 'utf8'));
  } catch {
    return {};
  }
  const results: EvaluationResults = {};
  for (const split of ['val', 'test'] as const) {
    const measured = (content as Partial<Record<string, unknown>> | null)?.[split];
    if (typeof measured !== 'object' || measured === null) continue;
    const { checkpoint, accuracy, consistency, loss, examples, groups } = measured as Record<
      string,
      unknown
    >;
    if (typeof checkpoint !== 'string' || isUrl(checkpoint) || isAbsolute(checkpoint)) continue;
    const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
    results[split] = {
      accuracy: number(accuracy),
      consistency: number(consistency),
      loss: number(loss),
      examples: number(examples) ?? 0,
      groups: Array.isArray(groups) ? (groups as GroupAccuracy[]) : [],
    };
  }
  return results;
}
