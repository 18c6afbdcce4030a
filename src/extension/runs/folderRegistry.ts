import { stat } from 'node:fs/promises';
import { folderOfRun, isOtherRunOfLog } from '../../run/import/blipFolder';
import { otherRunsOfLog } from '../../run/import/blipLog';
import { RunFolder } from '../../run/runFolder';
import { watchFolder, type FolderWatcher } from '../../run/read/discovery';
import { readRun, type ReadRun } from '../../run/read/readRun';
import { localized, localizedError } from '../../util/language';
import { messageOf } from '../../util/userError';
import { checkpointsOf } from './checkpoints';
import { progressOf } from './progress';
import { isActive, type Run, type RunRegistry } from './runRegistry';
import { unreadableRun } from './unreadableRun';

const ACTIVE_POLL_MS = 2000;

interface Entry {
  run: Run;
  /** Stamp of the files that determine its status, when they were last read. */
  stamp: string;
  /** Only active runs are watched; discovery notices when others are resumed. */
  watch?: FolderWatcher;
}

/**
 * The runs found on disk. A cache of the run folders, which can be rebuilt at any time, such as after a window reload.
 */
export class FolderRunRegistry implements RunRegistry {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<() => void>();
  private readonly pendingReads = new Map<string, Promise<void>>();
  private sorted: readonly Run[] | undefined;
  private disposed = false;

  /** @param nameOf the name that the user gave the run in a folder */
  constructor(
    private readonly problem: (message: string) => void,
    private readonly nameOf: (folder: string) => string | undefined = () => undefined,
  ) {}

  get runs(): readonly Run[] {
    this.sorted ??= [...this.entries.values()]
      .map((entry) => entry.run)
      .sort((a, b) => newestFirst(a.info.started, b.info.started));
    return this.sorted;
  }

  get(folder: string): Run | undefined {
    return this.entries.get(folder)?.run;
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  async add(folder: string): Promise<Run | undefined> {
    await this.refresh(folder);
    return this.get(folder);
  }

  async refresh(folder?: string): Promise<void> {
    const folders = folder === undefined ? [...this.entries.keys()] : [folder];
    await Promise.all(folders.map((each) => this.enqueueRead(each)));
  }

  /**
   * Reads a run again if its files have changed. Does nothing for an active run, which is watched.
   */
  async refreshIfChanged(folder: string): Promise<void> {
    const entry = this.entries.get(folder);
    if (entry?.watch) return;
    if (!entry || entry.stamp !== (await stampOf(folder))) await this.refresh(folder);
  }

  /**
   * Reads a folder after earlier reads of it have ended, so that an older result never replaces a newer one. Reports a
   * failure instead of throwing, because most reads are not awaited.
   */
  private enqueueRead(folder: string): Promise<void> {
    const read = (this.pendingReads.get(folder) ?? Promise.resolve())
      .then(() => this.read(folder))
      .catch((error: unknown) => this.problem(`${folder}: ${messageOf(error)}`));
    this.pendingReads.set(folder, read);
    return read.finally(() => {
      if (this.pendingReads.get(folder) === read) this.pendingReads.delete(folder);
    });
  }

  /** Removes a run, with the other runs of its log, until it is added again. */
  forget(folder: string): void {
    for (const each of [...this.entries.keys()])
      if (each === folder || (isOtherRunOfLog(each) && folderOfRun(each) === folder))
        this.remove(each);
  }

  dispose(): void {
    this.disposed = true;
    for (const { watch } of this.entries.values()) watch?.dispose();
    this.entries.clear();
    this.listeners.clear();
  }

  private async read(folder: string): Promise<void> {
    let found: ReadRun | undefined;
    // Before reading, so that a change meanwhile is noticed the next time.
    const stamp = await stampOf(folder);
    try {
      found = await readRun(folder);
    } catch (error) {
      const known = this.get(folder);
      if (known?.message !== localizedError(error).message) this.problem(messageOf(error));
      // A run that was read before is kept when its file is damaged.
      if (!known || known.status === 'unreadable')
        this.set(await unreadableRun(folder, error), stamp);
      return;
    }
    if (this.disposed) return;
    if (!found) return this.remove(folder);
    const read = { ...toRun(folder, found), checkpoints: await checkpointsOf(folder) };
    this.set(withLatestStep(read, this.get(folder)), stamp);
    if (found.info.kind !== 'imported') return;
    // BLIP appends the next run to the log of an earlier one.
    for (const other of await otherRunsOfLog(folder))
      if (!this.entries.has(other)) void this.enqueueRead(other);
  }

  reached(folder: string, step: number): void {
    const entry = this.entries.get(folder);
    if (!entry || !isActive(entry.run) || entry.run.info.attempt === undefined) return;
    const run = withStep(entry.run, step);
    // The views show whole percents.
    if (wholePercent(run) > wholePercent(entry.run)) this.set(run, entry.stamp);
  }

  /** Call when the user has renamed a run. */
  rename(folder: string): void {
    const entry = this.entries.get(folder);
    if (entry) this.set(entry.run, entry.stamp);
  }

  private set(read: Run, stamp: string): void {
    if (this.disposed) return;
    const run = withName(read, this.nameOf(read.folder));
    const earlier = this.entries.get(run.folder);
    if (earlier && sameRun(earlier.run, run)) {
      earlier.stamp = stamp;
      return;
    }
    const active = isActive(run);
    let watch = earlier?.watch;
    if (active) {
      watch ??= watchFolder(run.folder, () => void this.refresh(run.folder), ACTIVE_POLL_MS);
    } else {
      watch?.dispose();
      watch = undefined;
    }
    this.entries.set(run.folder, { run, stamp, ...(watch && { watch }) });
    this.changed();
  }

  private remove(folder: string): void {
    const entry = this.entries.get(folder);
    if (!entry) return;
    entry.watch?.dispose();
    this.entries.delete(folder);
    this.changed();
  }

  private changed(): void {
    this.sorted = undefined;
    for (const listener of this.listeners) listener();
  }
}

/** Compares ISO 8601 times. `localeCompare` takes twenty times as long, and thousands are sorted often. */
function newestFirst(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}

/** Identifies the version of the files that determine the status of a run; they are replaced atomically. */
async function stampOf(folder: string): Promise<string> {
  const { runJson, attempts, log } = new RunFolder(folderOfRun(folder));
  const found = await Promise.all(
    // A run of another program may have only the log, which grows.
    [runJson, attempts, log].map((path) => stat(path).catch(() => undefined)),
  );
  return found.map((each) => `${each?.ino} ${each?.size} ${each?.mtimeMs}`).join(' ');
}

function withName(run: Run, name: string | undefined): Run {
  const { ownName = run.info.name, ...others } = run;
  if (name === undefined || name === ownName)
    return { ...others, info: { ...run.info, name: ownName } };
  return { ...others, info: { ...run.info, name }, ownName };
}

function toRun(folder: string, read: ReadRun): Run {
  const { info, status, attempt, hasStarted, notice, message, hint } = read;
  return {
    folder,
    info,
    status,
    begun: hasStarted,
    message: message === null ? null : localized(message),
    hint: hint === null ? null : localized(hint),
    ...(attempt && { attempt }),
    ...(notice && { notice }),
  };
}

function withStep(run: Run, step: number): Run {
  return { ...run, info: { ...run.info, step } };
}

function wholePercent({ info }: Run): number {
  return Math.floor(100 * (progressOf(info) ?? 0));
}

/** Keeps the step that is known from the events of the same attempt, if `run.json` has an earlier one. */
function withLatestStep(read: Run, known: Run | undefined): Run {
  const { attempt, step } = read.info;
  const same = attempt !== undefined && known?.info.attempt === attempt;
  return same && isActive(read) && known.info.step > step ? withStep(read, known.info.step) : read;
}

/** Whether two versions of a run are equal except for the heartbeat. */
function sameRun(a: Run, b: Run): boolean {
  const text = (run: Run): string =>
    JSON.stringify({
      ...run,
      info: { ...run.info, heartbeat: isActive(run) ? '' : run.info.heartbeat },
      attempt: run.attempt && { ...run.attempt, heartbeat: '' },
      notice: run.notice && { ...run.notice, heartbeat: '' },
    });
  return text(a) === text(b);
}
