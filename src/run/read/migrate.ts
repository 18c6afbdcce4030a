/** Reads `run.json` of any version. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { missingPartsIn } from '../../config/modelParts';
import { localize, parseLocalizedMessage } from '../../util/localize';
import { parsePythonJson } from '../../util/pythonJson';
import { UserError, errnoOf } from '../../util/userError';
import { isBlipFolder } from '../import/blipFolder';
import { blipRunInfo } from '../import/blipLog';
import type { RankInfo } from '../events';
import { RunFolder } from '../runFolder';
import { isRunJson } from './runFormat';
import { utcTime, addTimeZones } from './runTimes';
import { RUN_SCHEMA_VERSION, type BestResult, type RunInfo, type RunState } from '../runInfo';
import { isPrecision } from '../../util/precision';

const states: readonly RunState[] = ['starting', 'running', 'stopped', 'finished', 'failed'];
const kinds: readonly RunInfo['kind'][] = ['train', 'evaluate', 'imported'];

/** Migrations from each schema version to the next. A file without a version has version 0. */
const migrations: readonly ((raw: Record<string, unknown>) => Record<string, unknown>)[] = [
  // 0 → 1: `best` was a number, the accuracy.
  (raw) => ({
    ...raw,
    ...(typeof raw.best === 'number' && {
      best: { epoch: numberOr(raw.bestEpoch, 0), accuracy: raw.best },
    }),
  }),
];

/**
 * Converts the content of a `run.json` of any version to the current schema. Missing or invalid fields get default values;
 * unknown fields of newer versions are ignored.
 * @param folder the run folder, whose name is the default name of the run
 * @throws {UserError} if it is not a JSON object
 */
export function migrateRunInfo(content: unknown, folder: string): RunInfo {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new UserError(localize('{0} does not describe a run.', join(folder, 'run.json')), {
      hint: localize(
        'The file is damaged. The events and checkpoints of the run are not affected.',
      ),
    });
  let raw = content as Record<string, unknown>;
  for (let version = numberOr(raw.schema, 0); version < RUN_SCHEMA_VERSION; version++)
    raw = migrations[version]?.(raw) ?? raw;
  const text = (key: string, otherwise: string): string => {
    const value = raw[key];
    return typeof value === 'string' ? value : otherwise;
  };
  const heartbeatEvery = numberOr(raw.heartbeatEvery, 0);
  const phrase = parseLocalizedMessage(raw.phrase);
  const hintPhrase = parseLocalizedMessage(raw.hintPhrase);
  const incomplete = missingPartsIn(raw.incomplete);
  const ranks = ranksOf(raw.ranks);
  const started = utcTime(raw.started) ?? utcTime(raw.created) ?? new Date(0).toISOString();
  return {
    schema: Math.max(numberOr(raw.schema, 0), RUN_SCHEMA_VERSION),
    id: text('id', basename(folder)),
    name: text('name', basename(folder)),
    kind: oneOf(kinds, raw.kind, 'train'),
    // An unknown state of a newer version counts as stopped.
    state: oneOf(states, raw.state, 'stopped'),
    created: utcTime(raw.created) ?? started,
    started,
    ended: utcTime(raw.ended) ?? null,
    pid: numberOr(raw.pid, 0),
    processStart: textOrNull(raw.processStart),
    host: text('host', ''),
    ...('boot' in raw && { boot: textOrNull(raw.boot) }),
    ...('pidNamespace' in raw && { pidNamespace: textOrNull(raw.pidNamespace) }),
    ...(typeof raw.attempt === 'string' && { attempt: raw.attempt }),
    heartbeat: utcTime(raw.heartbeat) ?? started,
    ...(heartbeatEvery > 0 && { heartbeatEvery }),
    ...(typeof raw.trainer === 'string' && { trainer: raw.trainer }),
    configFile: text('configFile', ''),
    configHash: text('configHash', ''),
    versions: versionsOf(raw.versions),
    device: textOrNull(raw.device),
    precision: isPrecision(raw.precision) ? raw.precision : null,
    threads: numberOrNull(raw.threads),
    lanes: numberOrNull(raw.lanes),
    epoch: numberOr(raw.epoch, 0),
    maxEpoch: numberOr(raw.maxEpoch, 0),
    step: numberOr(raw.step, 0),
    totalSteps: numberOr(raw.totalSteps, 0),
    ...(typeof raw.trainedSeconds === 'number' && { trainedSeconds: raw.trainedSeconds }),
    best: bestOf(raw.best),
    ...(ranks && { ranks }),
    ...(incomplete && { incomplete }),
    message: textOrNull(raw.message),
    hint: textOrNull(raw.hint),
    ...(phrase && { phrase: phrase }),
    ...(hintPhrase && { hintPhrase: hintPhrase }),
  };
}

/**
 * Reads the description of a run: `run.json` of any version, or an output folder of BLIP.
 * @returns undefined if the folder contains no run, or a `run.json` of an unrelated program
 * @throws {UserError} if the description is damaged
 */
export async function readRunInfo(folder: string): Promise<RunInfo | undefined> {
  const file = join(folder, 'run.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return (await isBlipFolder(folder)) ? blipRunInfo(folder) : undefined;
    throw error;
  }
  if (!isRunJson(text, new RunFolder(folder))) return undefined;
  let content: unknown;
  try {
    content = parsePythonJson(text);
  } catch (cause) {
    throw new UserError(localize('{0} is not valid JSON.', file), {
      hint: localize(
        'The file is damaged. The events and checkpoints of the run are not affected.',
      ),
      cause,
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return migrateRunInfo(content, folder);
  const { mtimeMs } = await stat(file);
  return migrateRunInfo(addTimeZones({ ...content }, mtimeMs), folder);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function oneOf<T extends string>(values: readonly T[], value: unknown, otherwise: T): T {
  return values.find((known) => known === value) ?? otherwise;
}

/** Reads the ranks; undefined unless all are valid, because the index of a rank is its number. */
function ranksOf(value: unknown): RankInfo[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const ranks = (value as unknown[]).map((each, place): RankInfo | undefined => {
    if (typeof each !== 'object' || each === null) return undefined;
    const { rank, host, pid, localRank } = each as Record<string, unknown>;
    return rank === place && typeof host === 'string'
      ? { rank, host, pid: numberOr(pid, 0), localRank: numberOr(localRank, 0) }
      : undefined;
  });
  return ranks.every((rank) => rank !== undefined) ? ranks : undefined;
}

function versionsOf(value: unknown): RunInfo['versions'] {
  const raw = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return {
    nlvr: textOrNull(raw.nlvr) ?? '',
    node: textOrNull(raw.node) ?? '',
    tensorflow: textOrNull(raw.tensorflow),
  };
}

function bestOf(value: unknown): BestResult | null {
  if (typeof value !== 'object' || value === null) return null;
  const raw = value as Record<string, unknown>;
  const accuracy = numberOrNull(raw.accuracy);
  if (accuracy === null) return null;
  return {
    epoch: numberOr(raw.epoch, 0),
    step: numberOr(raw.step, 0),
    accuracy,
    consistency: numberOrNull(raw.consistency),
    testAccuracy: numberOrNull(raw.testAccuracy),
  };
}
