/**
 * Records of the starts of a program on a run folder: `attempts/<id>.json`. The process that starts the program creates the
 * record; the program updates it and writes its outcome. See docs/run-status.md.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { makeFolder } from '../../util/diskError';
import { parseLocalizedMessage, type StoredAdvice } from '../../util/localize';
import { parseAllowOption, type AllowOption } from '../../util/userError';
import { parseOwner, type Owner } from './owner';
import type { RunFolder } from '../runFolder';

/** Format marker of the files. */
const ATTEMPT_FORMAT = 'nlvr-attempt';
const ATTEMPT_VERSION = 1;
/** Older attempts are removed, because a job script may start a run thousands of times. */
const MAX_ATTEMPTS = 50;
/** Number of attempts that are read; older ones do not affect the status of the run. */
const READ_ATTEMPTS = 8;

/** `resume`: a training that continues from a checkpoint, or starts over because none was saved yet. */
export type AttemptKind = 'train' | 'resume' | 'evaluate';

/**
 * Phase of the program. `waiting`: waits for the folder, whose owner may have ended. `checking`: checks configuration and
 * data. `loading`: loads TensorFlow and weights. `recording`: traces the graph, until the first step is done.
 */
export type Phase =
  | 'starting'
  | 'waiting'
  | 'checking'
  | 'loading'
  | 'recording'
  | 'training'
  | 'evaluating'
  | 'saving';

const phases: readonly Phase[] = [
  'starting',
  'waiting',
  'checking',
  'loading',
  'recording',
  'training',
  'evaluating',
  'saving',
];

/** A key of the configuration that a resume changed; null if the configuration does not have it. */
export interface ConfigChange {
  key: string;
  from: string | null;
  to: string | null;
}

/** Outcome of an attempt. `refused`: it ended before it wrote any part of the run. */
export interface AttemptOutcome extends Partial<StoredAdvice> {
  state: 'finished' | 'stopped' | 'failed' | 'refused';
  /** null: it was killed. */
  exitCode: number | null;
  /** ISO 8601 */
  ended: string;
  /** Refused because the folder belongs to a process that cannot be looked up; `--take_over` would take it over. */
  takeable?: boolean;
  /** Refused; this option allows it. */
  allowedBy?: AllowOption;
}

export interface Attempt {
  format: typeof ATTEMPT_FORMAT;
  schema: number;
  /** Sorts by time as a string. */
  id: string;
  kind: AttemptKind;
  /** Arguments of the command line. */
  arguments: readonly string[];
  /** The configuration file that the user chose, absolute; null if there is none. */
  configFile: string | null;
  askedBy: 'editor' | 'terminal';
  /** Time of the request, ISO 8601. */
  created: string;
  /** The process of the attempt; null until it has started. */
  owner: Owner | null;
  phase: Phase;
  /** Progress of an evaluation, 0..1; null if unknown. */
  progress: number | null;
  /** ISO 8601; renewed by the process of the attempt. */
  heartbeat: string;
  /** Changes of the run's configuration by a resume. */
  changes: readonly ConfigChange[];
  outcome: AttemptOutcome | null;
}

/** Creates an attempt with the current time. */
export function newAttempt(
  request: Pick<Attempt, 'kind' | 'arguments' | 'configFile' | 'askedBy'>,
): Attempt {
  const now = new Date();
  return {
    format: ATTEMPT_FORMAT,
    schema: ATTEMPT_VERSION,
    id: `${now.toISOString().replace(/\D/g, '')}-${randomBytes(3).toString('hex')}`,
    ...request,
    created: now.toISOString(),
    owner: null,
    phase: 'starting',
    progress: null,
    heartbeat: now.toISOString(),
    changes: [],
    outcome: null,
  };
}

/** Writes the record of an attempt before its process starts. @returns the absolute path of the file */
export function writeAttempt(folder: RunFolder, attempt: Attempt): string {
  makeFolder(folder.attempts);
  const file = join(folder.attempts, `${attempt.id}.json`);
  writeFileAtomic(file, `${JSON.stringify(attempt, null, 2)}\n`);
  return file;
}

/** Writes the outcome of an attempt whose process ended without writing it. */
export function closeAttempt(file: string, outcome: Omit<AttemptOutcome, 'ended'>): void {
  const attempt = readAttemptFile(file);
  if (!attempt || attempt.outcome) return;
  const ended = new Date().toISOString();
  writeFileAtomic(
    file,
    `${JSON.stringify({ ...attempt, outcome: { ...outcome, ended } }, null, 2)}\n`,
  );
}

/** @returns undefined if the file does not exist or is not a record of an attempt */
export function readAttemptFile(file: string): Attempt | undefined {
  try {
    return parseAttempt(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Reads the newest attempts in a run folder, newest first. Skips other files. */
export async function readAttempts(folder: RunFolder): Promise<Attempt[]> {
  const names = (await readdir(folder.attempts).catch(() => [])).filter(isAttemptName);
  const newest = names.sort().slice(-READ_ATTEMPTS).reverse();
  const texts = await Promise.all(
    newest.map((name) => readFile(join(folder.attempts, name), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => parseAttempt(text) ?? []);
}

/** Whether a file name in `attempts/` is that of a record. */
export function isAttemptName(name: string): boolean {
  return /^\d{17}-[0-9a-f]{6}\.json$/.test(name);
}

/** Removes the oldest attempts above the limit. */
export function pruneAttempts(folder: RunFolder): void {
  try {
    const names = readdirSync(folder.attempts).filter(isAttemptName).sort();
    for (const name of names.slice(0, -MAX_ATTEMPTS))
      rmSync(join(folder.attempts, name), { force: true });
  } catch {
    // The folder does not exist, or the files cannot be removed.
  }
}

/** @returns undefined if the text is not a record of an attempt */
function parseAttempt(text: string): Attempt | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Record<string, unknown>;
  const { format, id, kind, created } = raw;
  if (format !== ATTEMPT_FORMAT || typeof id !== 'string' || typeof created !== 'string')
    return undefined;
  if (kind !== 'train' && kind !== 'resume' && kind !== 'evaluate') return undefined;
  return {
    format: ATTEMPT_FORMAT,
    schema: typeof raw.schema === 'number' ? raw.schema : ATTEMPT_VERSION,
    id,
    kind,
    arguments: Array.isArray(raw.arguments)
      ? raw.arguments.filter((each) => typeof each === 'string')
      : [],
    configFile: typeof raw.configFile === 'string' ? raw.configFile : null,
    askedBy: raw.askedBy === 'editor' ? 'editor' : 'terminal',
    created,
    owner: parseOwner(raw.owner) ?? null,
    phase: phases.find((known) => known === raw.phase) ?? 'training',
    progress: typeof raw.progress === 'number' ? raw.progress : null,
    heartbeat: typeof raw.heartbeat === 'string' ? raw.heartbeat : created,
    changes: Array.isArray(raw.changes) ? raw.changes.flatMap(parseChange) : [],
    outcome: parseOutcome(raw.outcome),
  };
}

function parseChange(value: unknown): ConfigChange[] {
  if (typeof value !== 'object' || value === null) return [];
  const { key, from, to } = value as Record<string, unknown>;
  if (typeof key !== 'string') return [];
  const text = (side: unknown): string | null => (typeof side === 'string' ? side : null);
  return [{ key, from: text(from), to: text(to) }];
}

function parseOutcome(value: unknown): AttemptOutcome | null {
  if (typeof value !== 'object' || value === null) return null;
  const raw = value as Record<string, unknown>;
  const state = (['finished', 'stopped', 'failed', 'refused'] as const).find(
    (known) => known === raw.state,
  );
  const phrase = parseLocalizedMessage(raw.phrase);
  const hintPhrase = parseLocalizedMessage(raw.hintPhrase);
  return {
    // An unknown state of a newer version.
    state: state ?? 'failed',
    exitCode: typeof raw.exitCode === 'number' ? raw.exitCode : null,
    ended: typeof raw.ended === 'string' ? raw.ended : new Date(0).toISOString(),
    ...(typeof raw.message === 'string' && { message: raw.message }),
    ...(phrase && { phrase }),
    ...(typeof raw.hint === 'string' && { hint: raw.hint }),
    ...(hintPhrase && { hintPhrase }),
    ...(raw.takeable === true && { takeable: true }),
    ...parseAllowOption(raw.allowedBy),
  };
}
