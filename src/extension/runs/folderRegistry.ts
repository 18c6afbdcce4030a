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
  /** State of the files that determine its status, when they were last read. */
  stamp: string;
  /** Only active runs are watched; the others change when somebody resumes them, which discovery notices. */
  watch?: FolderWatcher;
}

/**
 * The runs found on disk. What it holds is a cache of run folders: it can be discarded and rebuilt at any
 * time, which is how runs survive a reload of the window.
 */
export class FolderRunRegistry implements RunRegistry {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<() => void>();
  private readonly looking = new Map<string, Promise<void>>();
  private sorted: readonly Run[] | undefined;
  private disposed = false;

  /** @param nameOf the name that a person gave the run in a folder */
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
    await Promise.all(folders.map((each) => this.lookInTurn(each)));
  }

  /**
   * Looks at a run again where its files have changed since. An active one is watched anyway, and its standing changes
   * with the time.
   */
  async refreshIfChanged(folder: string): Promise<void> {
    const entry = this.entries.get(folder);
    if (entry?.watch) return;
    if (!entry || entry.stamp !== (await stampOf(folder))) await this.refresh(folder);
  }

  /**
   * One look at a time for each folder, so that an older answer never replaces a newer one. A look that fails is
   * reported and ends there: nobody waits for most of them.
   */
  private lookInTurn(folder: string): Promise<void> {
    const look = (this.looking.get(folder) ?? Promise.resolve())
      .then(() => this.look(folder))
      .catch((error: unknown) => this.problem(`${folder}: ${messageOf(error)}`));
    this.looking.set(folder, look);
    return look.finally(() => {
      if (this.looking.get(folder) === look) this.looking.delete(folder);
    });
  }

  /** Takes a run out of the list, with the others of its log, until somebody adds it again. */
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

  private async look(folder: string): Promise<void> {
    let found: ReadRun | undefined;
    // Before it is read: what changes meanwhile is seen the next time.
    const stamp = await stampOf(folder);
    try {
      found = await readRun(folder);
    } catch (error) {
      const known = this.get(folder);
      if (known?.message !== localizedError(error).message) this.problem(messageOf(error));
      // What was known of a run is worth more than that its file is damaged now.
      if (!known || known.status === 'unreadable')
        this.set(await unreadableRun(folder, error), stamp);
      return;
    }
    if (this.disposed) return;
    if (!found) return this.remove(folder);
    const read = { ...shown(folder, found), checkpoints: await checkpointsOf(folder) };
    this.set(notBehind(read, this.get(folder)), stamp);
    if (found.info.kind !== 'imported') return;
    // BLIP appends to the log of an earlier run, also while this one is in the list.
    for (const other of await otherRunsOfLog(folder))
      if (!this.entries.has(other)) void this.lookInTurn(other);
  }

  reached(folder: string, step: number): void {
    const entry = this.entries.get(folder);
    if (!entry || !isActive(entry.run) || entry.run.info.attempt === undefined) return;
    const run = atStep(entry.run, step);
    // What is shown is a whole percent.
    if (wholePercent(run) > wholePercent(entry.run)) this.set(run, entry.stamp);
  }

  /** Call when a person has given a run another name. */
  rename(folder: string): void {
    const entry = this.entries.get(folder);
    if (entry) this.set(entry.run, entry.stamp);
  }

  private set(read: Run, stamp: string): void {
    if (this.disposed) return;
    const run = named(read, this.nameOf(read.folder));
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

/** Times of ISO 8601. Comparing them as texts of a language takes twenty times as long, and thousands are sorted often. */
function newestFirst(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}

/** Changes with the files that determine the status of a run: they are replaced whole, which the time of their folder shows. */
async function stampOf(folder: string): Promise<string> {
  const { runJson, attempts, log } = new RunFolder(folderOfRun(folder));
  const found = await Promise.all(
    // Of another program's run there may be the log alone, which grows.
    [runJson, attempts, log].map((path) => stat(path).catch(() => undefined)),
  );
  return found.map((each) => `${each?.ino} ${each?.size} ${each?.mtimeMs}`).join(' ');
}

function named(run: Run, name: string | undefined): Run {
  const { ownName = run.info.name, ...others } = run;
  if (name === undefined || name === ownName)
    return { ...others, info: { ...run.info, name: ownName } };
  return { ...others, info: { ...run.info, name }, ownName };
}

function shown(folder: string, read: ReadRun): Run {
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

function atStep(run: Run, step: number): Run {
  return { ...run, info: { ...run.info, step } };
}

function wholePercent({ info }: Run): number {
  return Math.floor(100 * (progressOf(info) ?? 0));
}

/** A step of the same attempt that is known from its events stays known. */
function notBehind(read: Run, known: Run | undefined): Run {
  const { attempt, step } = read.info;
  const same = attempt !== undefined && known?.info.attempt === attempt;
  return same && isActive(read) && known.info.step > step ? atStep(read, known.info.step) : read;
}

/** Whether nothing that is shown changed: the heartbeat alone is no news. */
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
