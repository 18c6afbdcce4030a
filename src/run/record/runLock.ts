/**
 * The lock of a run folder: `run.lock` says which process writes the folder and when it was last alive. It is made by
 * an exclusive create and renewed in place, which works on local disks, NFS and SMB alike and needs no hard links.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError, makeFolder } from '../../util/diskError';
import { localize, type MessageText } from '../../util/localize';
import { UserError, errnoOf } from '../../util/userError';
import {
  ageOf,
  ownerFrom,
  presenceOf,
  STALE_SECONDS,
  thisProcess,
  type Owner,
  type Presence,
} from './owner';
import type { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS } from '../runInfo';

/** A lock as it was found. */
interface Found {
  text: string;
  /** undefined: the file is damaged, or is being written. */
  owner: Owner | undefined;
  token: string;
  /** Seconds since its last heartbeat, or since the file was written where it has none. */
  age: number;
}

/** A lock that cannot be read counts as left behind after so many seconds: who writes one has done so by then. */
const DAMAGED_SECONDS = 10;
const ATTEMPTS = 100;
const PAUSE_MS = 20;
const LOOK_MS = 250;

/** The folder belongs to another process. */
export class FolderHeldError extends UserError {
  override readonly name = 'FolderHeldError';

  constructor(
    message: MessageText,
    hint: MessageText,
    /** Whether `--take_over` can take it: the process cannot be looked up from here. */
    readonly takeable: boolean,
  ) {
    super(message, { hint });
  }
}

/** Why taking a folder takes a while. */
export interface LockWait {
  owner: Owner;
  /** Seconds since its last heartbeat. */
  silent: number;
  /** Seconds after which the folder is taken over, unless the owner sends a heartbeat before. */
  seconds: number;
}

export interface LockOptions {
  /** Takes over the folder immediately from an owner that cannot be looked up from here. */
  takeOver?: boolean;
  onWait?: (wait: LockWait) => void;
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Seconds of silence after which an owner that cannot be looked up counts as gone. */
  staleSeconds?: number;
  /** Seconds that a silent owner is watched at least: its clock may be wrong. */
  watchSeconds?: number;
}

/** A lock that this process holds. It renews its heartbeat until it is given back. */
export class HeldLock {
  private readonly timer: NodeJS.Timeout;
  private released = false;
  private loss: UserError | undefined;

  constructor(
    private readonly folder: RunFolder,
    private readonly owner: Owner,
    private readonly token: string,
  ) {
    this.timer = setInterval(() => this.beat(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
  }

  /**
   * Renews the heartbeat. A lock that another process has taken (after this one was suspended, for example) is left to
   * it, and `requireHeld` throws from then on.
   */
  beat(): void {
    if (this.released || this.loss) return;
    const { lock } = this.folder;
    try {
      // Written into the file that was read: should the lock be replaced in between, the new one stays as it is.
      const fd = openSync(lock, 'r+');
      try {
        const text = readFileSync(fd, 'utf8');
        if (parse(text)?.token === this.token) writeSync(fd, textOf(this.owner, this.token), 0);
        else if (text !== '') this.loss = taken(this.folder, parse(text)?.owner);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') this.putBack();
      // Anything else: the disk may be out of reach for a moment. The next beat tries again.
    }
  }

  /** @throws {UserError} when another process has taken the folder: then nothing more may be written to it. */
  requireHeld(): void {
    if (this.loss) throw this.loss;
  }

  /** Gives the folder back. Calling it again does nothing. */
  release(): void {
    if (this.released) return;
    this.released = true;
    clearInterval(this.timer);
    const { lock } = this.folder;
    try {
      if (read(lock)?.token === this.token) rmSync(lock, { force: true });
    } catch {
      // It remains, and is void as soon as this process has ended.
    }
  }

  /** Somebody removed the file by hand. */
  private putBack(): void {
    try {
      place(this.folder.lock, textOf(this.owner, this.token));
    } catch {
      // The folder is gone, too: writing to it fails by itself.
    }
  }
}

/**
 * Takes the run folder for this process, so that no second one writes into it; makes it where it is missing. A lock of
 * a process that has ended is taken over. Where the process cannot be looked up from here (another machine or
 * container), its heartbeat decides: the lock is watched until it has been silent for `STALE_SECONDS`, and at least for
 * two heartbeats, because clocks differ; `onWait` says how long that takes.
 * @throws {FolderHeldError} when a live process holds it
 * @throws {UserError} when the folder cannot be written to
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
    const found = take(folder, () => takeOver);
    if (found instanceof HeldLock) return found;
    const { owner } = found;
    if (!owner || presence(found) === 'here') throw held(folder, found);
    const seconds = Math.max(watchSeconds, staleSeconds - found.age);
    onWait?.({ owner, silent: Math.round(found.age), seconds: Math.ceil(seconds) });
    const deadline = performance.now() + seconds * 1000;
    let now: Found | undefined = found;
    while (now?.text === found.text && performance.now() < deadline) {
      await sleep(LOOK_MS, undefined, { signal });
      now = read(folder.lock);
    }
    // A heartbeat: the owner is alive, wherever it is. Another token: a new owner took it, which is checked in turn.
    if (now && now.token === found.token && now.text !== found.text) throw held(folder, now);
    if (now?.text !== found.text) continue;
    const silent = take(folder, ({ text }) => text === found.text);
    if (silent instanceof HeldLock) return silent;
  }
}

/**
 * As `acquireLock`, without waiting: a folder whose owner cannot be looked up counts as held.
 * @throws {FolderHeldError}
 */
export function tryLock(folder: RunFolder): HeldLock {
  const found = take(folder, () => false);
  if (found instanceof HeldLock) return found;
  throw held(folder, found);
}

/** @param mayTake whether a lock may be taken from an owner that cannot be looked up */
function take(folder: RunFolder, mayTake: (found: Found) => boolean): HeldLock | Found {
  makeFolder(folder.root);
  const owner = thisProcess();
  const token = randomUUID();
  const { lock } = folder;
  let last: Found | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) pause();
    if (place(lock, textOf(owner, token))) return new HeldLock(folder, owner, token);
    const found = read(lock);
    if (!found) continue;
    last = found;
    // One that cannot be read is being written, or damaged: it is looked at again.
    if (!found.owner && found.age < DAMAGED_SECONDS) continue;
    const owns = presence(found);
    if (owns === 'here' || (owns !== 'gone' && !mayTake(found))) return found;
    removeStale(lock, found, textOf(owner, token));
  }
  return last ?? { text: '', owner: undefined, token: '', age: 0 };
}

/** Judged as `presenceOf` does; a lock that cannot be read counts for a while. */
function presence({ owner, age }: Found): Presence {
  if (owner) return presenceOf(owner, age);
  return age < DAMAGED_SECONDS ? 'elsewhere' : 'gone';
}

function held({ root, lock }: RunFolder, found: Found): FolderHeldError {
  const { owner, age } = found;
  const wait = localize('Wait for it, stop it, or choose another --output_dir.');
  const owns = presence(found);
  // One that is gone and still there is being taken by somebody else.
  if (!owner || owns === 'gone')
    return new FolderHeldError(
      localize('A run is being written to {0}. It was not changed.', root),
      wait,
      false,
    );
  if (owns === 'here')
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

function taken(folder: RunFolder, by: Owner | undefined): UserError {
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
 * Removes a stale lock. Looking at it and removing it are two steps, between which another process may have done
 * both and taken the folder; so one removes a lock only with a claim to that very lock. A claim is exclusive, and
 * goes to the next one only when the process that had it is gone.
 */
function removeStale(lock: string, { text, token }: Found, mine: string): void {
  const id = createHash('sha256')
    .update(token || text)
    .digest('hex')
    .slice(0, 12);
  const claims: string[] = [];
  for (let number = 0; ; number++) {
    const claim = join(dirname(lock), `.${basename(lock)}.${id}.${number}`);
    claims.push(claim);
    if (place(claim, mine)) break;
    const rival = read(claim);
    // Nobody renews a claim: it is held for moments.
    if (!rival || presence(rival) === 'here' || presence(rival) === 'elsewhere') return;
  }
  try {
    if (read(lock)?.text === text) rmSync(lock, { force: true });
  } finally {
    for (const claim of claims) rmSync(claim, { force: true });
  }
}

/** Makes a file that must not be there yet. @returns false when it is. */
function place(file: string, text: string): boolean {
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

/** @returns undefined when it is not there (any more). */
function read(file: string): Found | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const parsed = parse(text);
    const written = new Date(statSync(file).mtimeMs).toISOString();
    return {
      text,
      owner: parsed?.owner,
      token: parsed?.token ?? '',
      age: ageOf(parsed?.heartbeat ?? written),
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskError(error, file);
  }
}

/** Always of the same length for a process, so that renewing the heartbeat replaces the text exactly. */
function textOf(owner: Owner, token: string): string {
  return `${JSON.stringify({ ...owner, token, heartbeat: new Date().toISOString() })}\n`;
}

/** @returns undefined when the text is damaged. Locks of older versions have no heartbeat. */
function parse(
  text: string,
): { owner: Owner; token: string; heartbeat: string | undefined } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const owner = ownerFrom(value);
  if (!owner) return undefined;
  const { token, heartbeat } = value as Record<string, unknown>;
  return {
    owner,
    token: typeof token === 'string' ? token : '',
    heartbeat: typeof heartbeat === 'string' ? heartbeat : undefined,
  };
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
