/** Reads the output folder of BLIP's `train_nlvr.py` or of LAVIS. Nothing is written to it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isUrl } from '../../config/paths';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import type { EvalEvent, GroupAccuracy } from '../events';
import { RunFolder } from '../runFolder';
import { parseTrainingLog, type LoggedRun } from './trainingLog';

/** The name of the log that both write. */
export const LOG = 'log.txt';
/** Where a run of a log is: the folder, and its number from 1 where it is not the folder's own. */
export interface LogPlace {
  folder: string;
  number: number | undefined;
}

export function placeOf(path: string): LogPlace {
  const number = Number(basename(path));
  return basename(dirname(path)) === LOG && Number.isInteger(number)
    ? { folder: dirname(dirname(path)), number }
    : { folder: path, number: undefined };
}

/** The folder that contains a run of a log; any other run's folder is itself. */
export function folderOfRun(path: string): string {
  return placeOf(path).folder;
}

/** Whether a path names one of several runs of a log, and not the one that is shown as the folder's. */
export function isOtherRunOfLog(path: string): boolean {
  return placeOf(path).number !== undefined;
}

/** Whether a folder looks like the output of BLIP or LAVIS, or of our evaluation, which writes the same log. */
export async function isBlipFolder(path: string): Promise<boolean> {
  const { folder, number } = placeOf(path);
  if (await pathExists(new RunFolder(folder).runJson)) return false;
  if (await pathExists(join(folder, LOG))) return true;
  return number === undefined && isBlipBeforeItsFirstEpoch(folder);
}

/** BLIP writes its configuration first, and the log after an epoch. Ours is in a folder with a lock by then. */
async function isBlipBeforeItsFirstEpoch(folder: string): Promise<boolean> {
  const { config, lock, attempts, events } = new RunFolder(folder);
  const text = await readFile(config, 'utf8').catch(() => undefined);
  if (text === undefined || !isDumpedByBlip(text)) return false;
  return !(await Promise.all([lock, attempts, events].map(pathExists))).includes(true);
}

/** Python's `yaml.dump` of BLIP's configuration, and none that somebody wrote: sorted keys, no comments. */
function isDumpedByBlip(text: string): boolean {
  const keys = Array.from(text.matchAll(/^(\w+):/gm), ([, key]) => key);
  const needed = ['ann_root', 'image_root', 'max_epoch', 'pretrained'];
  return (
    needed.every((key) => keys.includes(key)) &&
    keys.every((key, i) => i === 0 || keys[i - 1] < key) &&
    !/^\s*#/m.test(text)
  );
}

/** What is read of a folder. */
export interface ReadLog {
  runs: LoggedRun[];
  /** When the log was written last, and when the program was started as far as the files say; ms since 1970. */
  written: number;
  began: number;
  /** By BLIP's configuration. */
  maxEpoch: number | null;
  config: string;
  own: OwnResults;
}

/** What `nlvr evaluate` found of the folder's own checkpoint, by split. */
type OwnResults = Partial<Record<'val' | 'test', Measured>>;
type Measured = Pick<EvalEvent, 'accuracy' | 'consistency' | 'loss' | 'examples' | 'groups'>;

/** Whether BLIP or LAVIS trained in a folder; our own evaluation leaves a log, too. */
export async function isTrainedByBlip(folder: string): Promise<boolean> {
  if (await pathExists(new RunFolder(folder).runJson)) return false;
  const { runs } = parseTrainingLog(await readFile(join(folder, LOG), 'utf8').catch(() => ''));
  return runs.some(({ evaluation }) => evaluation === undefined);
}

/** What changes when there is something new to read. */
export async function logStamp(path: string): Promise<string> {
  const { folder } = placeOf(path);
  const stamps = [LOG, 'metrics.json'].map(async (name) => {
    const found = await stat(join(folder, name)).catch(() => undefined);
    return found ? `${found.mtimeMs}/${found.size}` : '';
  });
  return (await Promise.all(stamps)).join(' ');
}

/** @throws {UserError} when `log.txt` is missing or is no log of theirs */
export async function readLog(path: string): Promise<ReadLog> {
  const { folder } = placeOf(path);
  const file = join(folder, LOG);
  const configFile = new RunFolder(folder).config;
  const config = await readFile(configFile, 'utf8').catch(() => '');
  const configured = await stat(configFile).catch(() => undefined);
  const maxEpoch = /^max_epoch:\s*(\d+)\s*$/m.exec(config)?.[1];
  let text = '';
  let times: { mtimeMs: number; birthtimeMs: number };
  try {
    [text, times] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  } catch (cause) {
    if (!configured || (await pathExists(file)) || !isDumpedByBlip(config))
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
    throw notALog(file, unknown);
  const written = times.mtimeMs;
  const starts = [configured?.mtimeMs, times.birthtimeMs].filter(
    (time): time is number => time !== undefined && time > 0 && time <= written,
  );
  return {
    runs,
    written,
    began: starts[0] ?? written,
    maxEpoch: maxEpoch === undefined ? null : Number(maxEpoch),
    config,
    own: await ownResults(folder),
  };
}

/** The first line, or LAVIS's configuration, is not whole yet. */
function isBeingWritten(text: string): boolean {
  return text.startsWith('{') && !/^[^\n]*\}|^\}/m.test(text);
}

function notALog(file: string, unknown: readonly string[]): UserError {
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

/** Of `metrics.json`, what concerns weights that lie in the folder itself. */
async function ownResults(folder: string): Promise<OwnResults> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(new RunFolder(folder).metrics, 'utf8'));
  } catch {
    return {};
  }
  const results: OwnResults = {};
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
