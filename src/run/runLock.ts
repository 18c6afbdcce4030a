import { createHash, randomUUID } from 'node:crypto';
import {
  constants,
  copyFileSync,
  linkSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { temporaryName } from '../util/atomicFile';
import { diskError, makeFolder, withDiskErrors } from '../util/diskError';
import { phrase } from '../util/phrase';
import { UserError, errnoOf } from '../util/userError';
import { processStartTime } from './liveness';
import type { RunFolder } from './runFolder';

interface Owner {
  pid: number;
  processStart: string | null;
  host: string;
}

/** A lock as it was found. */
interface Held {
  text: string;
  /** undefined: the file is damaged. */
  owner: Owner | undefined;
  ageMs: number;
}

/** A lock that cannot be read counts as stale after so long: who writes one in pieces has done so by then. */
const DAMAGED_MS = 10_000;
const ATTEMPTS = 100;
const PAUSE_MS = 20;

/**
 * Takes the run folder for this process, so that no second trainer writes into it; makes it where it is missing.
 * A lock of a process that is gone (or whose pid was reused) is taken over.
 * @returns the function that gives it back; calling it again does nothing.
 * @throws {UserError} when a live trainer holds it, or the folder cannot be written to.
 */
export function acquireLock(folder: RunFolder): () => void {
  makeFolder(folder.root);
  const { lock } = folder;
  // Written whole under another name, then linked: nobody ever sees half a lock.
  const draft = temporaryName(lock);
  // Unlike any other lock, so that this one cannot be taken for an earlier one.
  const text = JSON.stringify({ ...thisProcess(), token: randomUUID() });
  try {
    withDiskErrors(lock, () => writeFileSync(draft, text, { flag: 'wx' }));
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) pause();
      if (place(draft, lock)) return () => giveBack(lock, text);
      const held = read(lock);
      if (!held) continue;
      if (isHeld(held)) throw busy(folder, held.owner);
      removeStale(lock, held.text, draft);
    }
    throw busy(folder, read(lock)?.owner);
  } finally {
    rmSync(draft, { force: true });
  }
}

function thisProcess(): Owner {
  return {
    pid: process.pid,
    processStart: processStartTime(process.pid),
    host: hostname(),
  };
}

function busy(folder: RunFolder, owner: Owner | undefined): UserError {
  return new UserError(
    owner === undefined
      ? phrase('A run is being written to {0} right now; it was not touched.', folder.root)
      : phrase(
          'A run is being written to {0} right now (process {1} on {2}); it was not touched.',
          folder.root,
          owner.pid,
          owner.host,
        ),
    { hint: phrase('Wait for it, stop it, or choose another --output_dir.') },
  );
}

/**
 * Removes a stale lock. Looking at it and removing it are two steps, between which another process may have done
 * both and taken the folder; so one removes a lock only with a claim to that very lock. A claim is exclusive, and
 * goes to the next one only when the process that had it is gone.
 */
function removeStale(lock: string, text: string, draft: string): void {
  const id = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const claims: string[] = [];
  for (let number = 0; ; number++) {
    const claim = join(dirname(lock), `.${basename(lock)}.${id}.${number}`);
    claims.push(claim);
    if (place(draft, claim)) break;
    const rival = read(claim);
    if (!rival || isHeld(rival)) return;
  }
  try {
    if (read(lock)?.text === text) rmSync(lock, { force: true });
  } finally {
    for (const claim of claims) rmSync(claim, { force: true });
  }
}

/** Gives a whole file another name, unless that is taken. */
function place(draft: string, file: string): boolean {
  try {
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
      // A file system without hard links.
      copyFileSync(draft, file, constants.COPYFILE_EXCL);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw diskError(error, file);
  }
}

/** @returns undefined when it is not there (any more). */
function read(file: string): Held | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return { text, owner: ownerOf(text), ageMs: Math.abs(Date.now() - statSync(file).mtimeMs) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskError(error, file);
  }
}

function ownerOf(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text);
    return typeof owner === 'object' && owner !== null && 'pid' in owner
      ? (owner as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

/** On another host nobody can look: its lock counts until it is removed by hand. */
function isHeld({ owner, ageMs }: Held): boolean {
  if (!owner) return ageMs < DAMAGED_MS;
  if (owner.host !== hostname()) return true;
  if (owner.pid === process.pid) return false;
  const start = processStartTime(owner.pid);
  return start !== null && (owner.processStart === null || start === owner.processStart);
}

function giveBack(lock: string, text: string): void {
  try {
    if (read(lock)?.text === text) rmSync(lock, { force: true });
  } catch {
    // It stays behind and counts for nothing as soon as this process has ended.
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
