/**
 * One record for each start of a program on a run folder: `attempts/<id>.json`. The process that starts the program writes it
 * before, the program updates it while it works, and says in it how it ended. See docs/run-status.md.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { makeFolder } from '../../util/diskError';
import { parseLocalizedMessage, type StoredAdvice } from '../../util/localize';
import { parseAllowOption, type AllowOption } from '../../util/userError';
import { ownerFrom, type Owner } from './owner';
import type { RunFolder } from '../runFolder';

/** What such a file is recognised by. */
const ATTEMPT_FORMAT = 'nlvr-attempt';
const ATTEMPT_VERSION = 1;
/** Earlier ones are removed: a job script may start a run thousands of times. */
const MOST_ATTEMPTS = 50;
/** Older ones do not affect the status of the run. */
const READ_ATTEMPTS = 8;

/** `resume`: a training that continues from a checkpoint, or starts over because none was saved yet. */
export type AttemptKind = 'train' | 'resume' | 'evaluate';

/**
 * What the program is at. `waiting`: for the folder, whose owner may be gone. `checking`: configuration and data.
 * `loading`: TensorFlow and weights. `recording`: the model as a graph, until the first step is done.
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

/** A key of the configuration that a resume changed; null where one of the two does not have it. */
export interface ConfigChange {
  key: string;
  from: string | null;
  to: string | null;
}

/** How an attempt ended. `refused`: before it wrote anything of the run. */
export interface AttemptOutcome extends Partial<StoredAdvice> {
  state: 'finished' | 'stopped' | 'failed' | 'refused';
  /** null: it did not exit by itself. */
  exitCode: number | null;
  /** ISO 8601 */
  ended: string;
  /** Refused because the folder belongs to a process that cannot be looked up: `--take_over` would take it. */
  takeable?: boolean;
  /** Refused, and done anyway with this option. */
  allowedBy?: AllowOption;
}

export interface Attempt {
  format: typeof ATTEMPT_FORMAT;
  schema: number;
  /** Later ones are greater as text. */
  id: string;
  kind: AttemptKind;
  /** Of the command line program. */
  arguments: readonly string[];
  /** The configuration file that the person named or meant, absolute; null where there is none. */
  configFile: string | null;
  askedBy: 'editor' | 'terminal';
  /** ISO 8601: when it was asked for. */
  created: string;
  /** The process that carries it out; null until it has begun. */
  owner: Owner | null;
  phase: Phase;
  /** Share of an evaluation that is done, 0..1; null where it is not known. */
  progress: number | null;
  /** ISO 8601; renewed by the process that carries it out. */
  heartbeat: string;
  /** What a resume changed in the run's configuration. */
  changes: readonly ConfigChange[];
  outcome: AttemptOutcome | null;
}

/** An attempt that is asked for now. */
export function newAttempt(
  asked: Pick<Attempt, 'kind' | 'arguments' | 'configFile' | 'askedBy'>,
): Attempt {
  const now = new Date();
  return {
    format: ATTEMPT_FORMAT,
    schema: ATTEMPT_VERSION,
    id: `${now.toISOString().replace(/\D/g, '')}-${randomBytes(3).toString('hex')}`,
    ...asked,
    created: now.toISOString(),
    owner: null,
    phase: 'starting',
    progress: null,
    heartbeat: now.toISOString(),
    changes: [],
    outcome: null,
  };
}

/** Writes the record of an attempt that is about to be started. @returns its file, absolute. */
export function writeAttempt(folder: RunFolder, attempt: Attempt): string {
  makeFolder(folder.attempts);
  const file = join(folder.attempts, `${attempt.id}.json`);
  writeFileAtomic(file, `${JSON.stringify(attempt, null, 2)}\n`);
  return file;
}

/** Says how an attempt ended whose program is gone and did not say so itself. */
export function closeAttempt(file: string, outcome: Omit<AttemptOutcome, 'ended'>): void {
  const attempt = readAttemptFile(file);
  if (!attempt || attempt.outcome) return;
  const ended = new Date().toISOString();
  writeFileAtomic(
    file,
    `${JSON.stringify({ ...attempt, outcome: { ...outcome, ended } }, null, 2)}\n`,
  );
}

/** @returns undefined when there is no such file, or it is no record of an attempt. */
export function readAttemptFile(file: string): Attempt | undefined {
  try {
    return parseAttempt(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The newest attempts in a run folder, newest first. Files that are no records of ours are passed over. */
export async function readAttempts(folder: RunFolder): Promise<Attempt[]> {
  const names = (await readdir(folder.attempts).catch(() => [])).filter(isAttemptName);
  const newest = names.sort().slice(-READ_ATTEMPTS).reverse();
  const texts = await Promise.all(
    newest.map((name) => readFile(join(folder.attempts, name), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => parseAttempt(text) ?? []);
}

/** Names that `attempts/` holds. */
export function isAttemptName(name: string): boolean {
  return /^\d{17}-[0-9a-f]{6}\.json$/.test(name);
}

/** Removes the oldest attempts beyond those that are kept. */
export function pruneAttempts(folder: RunFolder): void {
  try {
    const names = readdirSync(folder.attempts).filter(isAttemptName).sort();
    for (const name of names.slice(0, -MOST_ATTEMPTS))
      rmSync(join(folder.attempts, name), { force: true });
  } catch {
    // There are none, or they may stay.
  }
}

/** @returns undefined when the text is no record of an attempt. */
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
    owner: ownerFrom(raw.owner) ?? null,
    phase: phases.find((known) => known === raw.phase) ?? 'training',
    progress: typeof raw.progress === 'number' ? raw.progress : null,
    heartbeat: typeof raw.heartbeat === 'string' ? raw.heartbeat : created,
    changes: Array.isArray(raw.changes) ? raw.changes.flatMap(changeFrom) : [],
    outcome: outcomeFrom(raw.outcome),
  };
}

function changeFrom(value: unknown): ConfigChange[] {
  if (typeof value !== 'object' || value === null) return [];
  const { key, from, to } = value as Record<string, unknown>;
  if (typeof key !== 'string') return [];
  const text = (side: unknown): string | null => (typeof side === 'string' ? side : null);
  return [{ key, from: text(from), to: text(to) }];
}

function outcomeFrom(value: unknown): AttemptOutcome | null {
  if (typeof value !== 'object' || value === null) return null;
  const raw = value as Record<string, unknown>;
  const state = (['finished', 'stopped', 'failed', 'refused'] as const).find(
    (known) => known === raw.state,
  );
  const phrase = parseLocalizedMessage(raw.phrase);
  const hintPhrase = parseLocalizedMessage(raw.hintPhrase);
  return {
    // One of a newer version ended somehow.
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
