/**
 * The lock of a run folder: `run.lock` contains the process that writes the folder and its last heartbeat. It is created
 * exclusively and renewed in place, which works on local disks, NFS and SMB and needs no hard links.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError, makeFolder } from '../../util/diskError';
import { localize, type MessageText } from '../../util/localize';
import { UserError, errnoOf } from '../../util/userError';
import {
  heartbeatAge,
  parseOwner,
  livenessOf,
  STALE_SECONDS,
  currentOwner,
  type Owner,
  type Liveness,
} from './owner';
import type { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS } from '../runInfo';

/** An existing lock. */
interface ExistingLock {
  text: string;
  /** undefined: the file is damaged, or is being written. */
  owner: Owner | undefined;
  token: string;
  /** Seconds since its last heartbeat, or since the file was written if it has none. */
  age: number;
}

/** An unreadable lock counts as stale after this time, because writing one takes less. */
const DAMAGED_SECONDS = 10;
const MAX_TRIES = 100;
const RETRY_MS = 20;
const POLL_MS = 250;

/** Thrown when the folder belongs to another process. */
export class FolderHeldError extends UserError {
  override readonly name = 'FolderHeldError';

  constructor(
    message: MessageText,
    hint: MessageText,
    /** Whether `--take_over` can take the folder over: the process cannot be looked up from here. */
    readonly takeable: boolean,
  ) {
    super(message, { hint });
  }
}

/** Describes the wait for a lock. */
export interface LockWait {
  owner: Owner;
  /** Seconds since its last heartbeat. */
  heartbeatAge: number;
  /** Seconds until the folder is taken over, unless the owner sends a heartbeat. */
  seconds: number;
}

export interface LockOptions {
  /** Takes over the folder immediately from an owner that cannot be looked up from here. */
  takeOver?: boolean;
  onWait?: (wait: LockWait) => void;
  /** Aborts the wait. */
  signal?: AbortSignal;
  /** Seconds without a heartbeat after which an owner that cannot be looked up counts as ended. */
  staleSeconds?: number;
  /** Minimum time that the lock of an owner with a stale heartbeat is watched, because its clock may be wrong. */
  watchSeconds?: number;
}

/** A lock that this process holds. Renews its heartbeat until it is released. */
export class HeldLock {
  private readonly timer: NodeJS.Timeout;
  private released = false;
  private takenOver: UserError | undefined;

  constructor(
    private readonly folder: RunFolder,
    private readonly owner: Owner,
    private readonly token: string,
  ) {
    this.timer = setInterval(() => this.renew(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
  }

  /**
   * Renews the heartbeat. If another process has acquired the lock (for example after this one was suspended), leaves it
   * unchanged; `requireHeld` then throws.
   */
  renew(): void {
    if (this.released || this.takenOver) return;
    const { lock } = this.folder;
    try {
      // Write to the open file: if the lock is replaced in between, the new one does not change.
      const fd = openSync(lock, 'r+');
      try {
        const text = readFileSync(fd, 'utf8');
        if (parseLock(text)?.token === this.token)
          writeSync(fd, formatLock(this.owner, this.token), 0);
        else if (text !== '') this.takenOver = takenOverError(this.folder, parseLock(text)?.owner);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') this.recreate();
      // The disk may be temporarily unavailable; the next heartbeat tries again.
    }
  }

  /** @throws {UserError} if another process has taken over the folder, which must then not be written to */
  requireHeld(): void {
    if (this.takenOver) throw this.takenOver;
  }

  /** Releases the lock. A second call does nothing. */
  release(): void {
    if (this.released) return;
    this.released = true;
    clearInterval(this.timer);
    const { lock } = this.folder;
    try {
      if (readLock(lock)?.token === this.token) rmSync(lock, { force: true });
    } catch {
      // The file remains, and is stale after this process has ended.
    }
  }

  /** Creates the file again after it was deleted manually. */
  private recreate(): void {
    try {
      createExclusively(this.folder.lock, formatLock(this.owner, this.token));
    } catch {
      // The folder was deleted, too: the next write reports the error.
    }
  }
}

/**
 * Locks the run folder for this process, and creates it if necessary. Takes over the lock of a process that has ended. If the
 * process cannot be looked up (another machine or container), its heartbeat decides: the lock is watched until its
 * heartbeat is `STALE_SECONDS` old, and for at least two heartbeats, because clocks differ; `onWait` receives the time.
 * @throws {FolderHeldError} if a running process holds it
 * @throws {UserError} if the folder cannot be written to
 */
export async function acquireLock(folder: RunFolder, options: LockOptions = {}): Promise<HeldLock> {
  const {
    takeOver = false,
    onWait,
    signal,
    staleSeconds = STALE_SECONDS,
    watchSeconds = 2 * HEARTBEAT_SECONDS,
  } = options;
  for (;;) {
    const found = tryAcquire(folder, () => takeOver);
    if (found instanceof HeldLock) return found;
    const { owner } = found;
    if (!owner || lockLiveness(found) === 'alive') throw heldError(folder, found);
    const seconds = Math.max(watchSeconds, staleSeconds - found.age);
    onWait?.({ owner, heartbeatAge: Math.round(found.age), seconds: Math.ceil(seconds) });
    const deadline = performance.now() + seconds * 1000;
    let now: ExistingLock | undefined = found;
    while (now?.text === found.text && performance.now() < deadline) {
      await sleep(POLL_MS, undefined, { signal });
      now = readLock(folder.lock);
    }
    // A heartbeat: the owner is running. Another token: a new owner has acquired the lock, so check again.
    if (now && now.token === found.token && now.text !== found.text) throw heldError(folder, now);
    if (now?.text !== found.text) continue;
    const acquired = tryAcquire(folder, ({ text }) => text === found.text);
    if (acquired instanceof HeldLock) return acquired;
  }
}

/**
 * As `acquireLock`, without waiting: a folder whose owner cannot be looked up counts as held.
 * @throws {FolderHeldError}
 */
export function tryAcquireLock(folder: RunFolder): HeldLock {
  const found = tryAcquire(folder, () => false);
  if (found instanceof HeldLock) return found;
  throw heldError(folder, found);
}

/** @param mayTakeOver whether the lock of an owner that cannot be looked up may be taken over */
function tryAcquire(
  folder: RunFolder,
  mayTakeOver: (found: ExistingLock) => boolean,
): HeldLock | ExistingLock {
  makeFolder(folder.root);
  const owner = currentOwner();
  const token = randomUUID();
  const { lock } = folder;
  let last: ExistingLock | undefined;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    if (attempt > 0) pause();
    if (createExclusively(lock, formatLock(owner, token)))
      return new HeldLock(folder, owner, token);
    const found = readLock(lock);
    if (!found) continue;
    last = found;
    // An unreadable lock is being written, or damaged: read it again.
    if (!found.owner && found.age < DAMAGED_SECONDS) continue;
    const liveness = lockLiveness(found);
    if (liveness === 'alive' || (liveness !== 'dead' && !mayTakeOver(found))) return found;
    removeStaleLock(lock, found, formatLock(owner, token));
  }
  return last ?? { text: '', owner: undefined, token: '', age: 0 };
}

/** Liveness of the owner of a lock; an unreadable lock counts as held for `DAMAGED_SECONDS`. */
function lockLiveness({ owner, age }: ExistingLock): Liveness {
  if (owner) return livenessOf(owner, age);
  return age < DAMAGED_SECONDS ? 'remote' : 'dead';
}

function heldError({ root, lock }: RunFolder, found: ExistingLock): FolderHeldError {
  const { owner, age } = found;
  const wait = localize('Wait for it, stop it, or choose another --output_dir.');
  const liveness = lockLiveness(found);
  // The lock of an ended process that still exists is being acquired by another process.
  if (!owner || liveness === 'dead')
    return new FolderHeldError(
      localize('A run is being written to {0}. It was not changed.', root),
      wait,
      false,
    );
  if (liveness === 'alive')
    return new FolderHeldError(
      localize(
        'A run is being written to {0} (process {1} on {2}). It was not changed.',
        root,
        owner.pid,
        owner.host,
      ),
      wait,
      false,
    );
  return new FolderHeldError(
    localize(
      'The run folder {0} belongs to process {1} on {2}, whose last heartbeat was {3} s ago. It was not changed.',
      root,
      owner.pid,
      owner.host,
      Math.round(age),
    ),
    localize(
      'Wait for that process, stop it there, or choose another --output_dir. If you know that it has ended, take over the folder with --take_over. The lock is {0}.',
      lock,
    ),
    true,
  );
}

function takenOverError(folder: RunFolder, by: Owner | undefined): UserError {
  return new UserError(
    by
      ? localize(
          'The run folder {0} was taken over by process {1} on {2}. This process stops writing to it.',
          folder.root,
          by.pid,
          by.host,
        )
      : localize(
          'The run folder {0} was taken over by another process. This process stops writing to it.',
          folder.root,
        ),
    { hint: localize('The run continues there. Use one process per run folder.') },
  );
}

/**
 * Removes a stale lock. Between reading and removing it, another process may do the same and acquire the lock. So a process
 * first acquires a removal lock, a file for this one stale lock; another process may acquire one only after the first one has
 * ended.
 */
function removeStaleLock(lock: string, { text, token }: ExistingLock, ownText: string): void {
  const id = createHash('sha256')
    .update(token || text)
    .digest('hex')
    .slice(0, 12);
  const removalLocks: string[] = [];
  for (let number = 0; ; number++) {
    const removalLock = join(dirname(lock), `.${basename(lock)}.${id}.${number}`);
    removalLocks.push(removalLock);
    if (createExclusively(removalLock, ownText)) break;
    const other = readLock(removalLock);
    // Removal locks are held only briefly and not renewed.
    if (!other || lockLiveness(other) === 'alive' || lockLiveness(other) === 'remote') return;
  }
  try {
    if (readLock(lock)?.text === text) rmSync(lock, { force: true });
  } finally {
    for (const removalLock of removalLocks) rmSync(removalLock, { force: true });
  }
}

/** Creates a file exclusively. @returns false if it already exists */
function createExclusively(file: string, text: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw diskError(error, file);
  }
  try {
    writeSync(fd, text);
  } catch (error) {
    rmSync(file, { force: true });
    throw diskError(error, file);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** Reads a lock. @returns undefined if it does not exist */
function readLock(file: string): ExistingLock | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const parsed = parseLock(text);
    const written = new Date(statSync(file).mtimeMs).toISOString();
    return {
      text,
      owner: parsed?.owner,
      token: parsed?.token ?? '',
      age: heartbeatAge(parsed?.heartbeat ?? written),
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskError(error, file);
  }
}

/** Formats a lock. The length is constant for a process, so that a renewed heartbeat overwrites the old text exactly. */
function formatLock(owner: Owner, token: string): string {
  return `${JSON.stringify({ ...owner, token, heartbeat: new Date().toISOString() })}\n`;
}

/** Parses a lock. Locks of older versions have no heartbeat. @returns undefined if the text is damaged */
function parseLock(
  text: string,
): { owner: Owner; token: string; heartbeat: string | undefined } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const owner = parseOwner(value);
  if (!owner) return undefined;
  const { token, heartbeat } = value as Record<string, unknown>;
  return {
    owner,
    token: typeof token === 'string' ? token : '',
    heartbeat: typeof heartbeat === 'string' ? heartbeat : undefined,
  };
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
