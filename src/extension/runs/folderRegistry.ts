import { existsSync } from 'node:fs';
import { watchFolder, type RunWatch } from '../../run/discovery';
import { lastWords, type Ending } from '../../run/lastWords';
import { readRunInfo } from '../../run/migrate';
import { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import { localizedAdvice, shownError } from '../../util/language';
import { messageOf } from '../../util/userError';
import { explain, type Translate } from './explain';
import { isActive, type Run, type RunRegistry } from './runRegistry';
import { statusOf } from './runStatus';
import { unreadableRun } from './unreadableRun';

const ACTIVE_POLL_MS = 2000;

interface Entry {
  run: Run;
  /** Only active runs are watched; the others change when somebody resumes them, which discovery notices. */
  watch?: RunWatch;
}

/**
 * The runs found on disk. What it holds is a cache of run folders: it can be thrown away and made again at any
 * time, which is how runs survive a reload of the window.
 */
export class FolderRunRegistry implements RunRegistry {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<() => void>();
  /** How trainers started from this window ended. */
  private readonly endings = new Map<string, Ending>();
  /** Folders whose trainer was started from this window and has not written `run.json` yet. */
  private readonly expected = new Set<string>();
  private readonly looking = new Map<string, Promise<void>>();
  private sorted: readonly Run[] | undefined;
  private disposed = false;

  constructor(
    private readonly translate: Translate,
    private readonly problem: (message: string) => void,
  ) {}

  get runs(): readonly Run[] {
    this.sorted ??= [...this.entries.values()]
      .map((entry) => entry.run)
      .sort((a, b) => b.info.started.localeCompare(a.info.started));
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

  /**
   * Shows a run whose trainer has been started and has not written `run.json` yet.
   * @param ended settles when the process ends; a run that never wrote anything vanishes then.
   */
  expect(folder: string, info: RunInfo, ended: Promise<Ending>): void {
    this.endings.delete(folder);
    this.expected.add(folder);
    this.set({ folder, info, status: 'starting', message: null, hint: null });
    void ended.then(async (ending) => {
      this.endings.set(folder, ending);
      await this.refresh(folder);
    });
  }

  /** What is known of a trainer that was started from this window and has not written `run.json` yet. */
  starting(folder: string): Readonly<RunInfo> | undefined {
    return this.expected.has(folder) ? this.get(folder)?.info : undefined;
  }

  async refresh(folder?: string): Promise<void> {
    const folders = folder === undefined ? [...this.entries.keys()] : [folder];
    await Promise.all(folders.map((each) => this.lookInTurn(each)));
  }

  /**
   * One look at a time for each folder, so that an older answer never replaces a newer one. A look that fails is
   * told and ends there: nobody waits for most of them.
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

  /** Takes a run out of the list, until somebody adds it again. */
  forget(folder: string): void {
    this.remove(folder);
  }

  dispose(): void {
    this.disposed = true;
    for (const { watch } of this.entries.values()) watch?.dispose();
    this.entries.clear();
    this.listeners.clear();
  }

  private async look(folder: string): Promise<void> {
    let info: RunInfo | undefined;
    try {
      info = await readRunInfo(folder);
    } catch (error) {
      const known = this.get(folder);
      if (known?.message !== shownError(error).message) this.problem(messageOf(error));
      // What was known of a run is worth more than that its file is damaged now.
      if (!known || known.status === 'unreadable') this.set(await unreadableRun(folder, error));
      return;
    }
    if (this.disposed) return;
    if (this.endings.has(folder)) this.expected.delete(folder);
    const starting = this.starting(folder);
    // A resumed run still shows its earlier run.json until the new trainer writes its own. Told by the time, not by
    // the pid: the `node` on the PATH may be a shim that starts the real one as a child.
    if (starting && (!info || info.started < starting.started)) {
      const status = existsSync(new RunFolder(folder).stopRequest) ? 'stopping' : 'starting';
      this.set({ folder, info: starting, status, message: null, hint: null });
      return;
    }
    this.expected.delete(folder);
    if (info) this.set(await this.describe(folder, info));
    else this.remove(folder);
  }

  private async describe(folder: string, info: RunInfo): Promise<Run> {
    const status = await statusOf(info, existsSync(new RunFolder(folder).stopRequest));
    const died = status === 'failed' && info.state !== 'failed';
    if (!died) return { folder, info, status, ...localizedAdvice(info) };
    const said = await lastWords(folder, this.endings.get(folder), info.heartbeat);
    return { folder, info, status, ...explain(said, this.translate) };
  }

  private set(run: Run): void {
    if (this.disposed) return;
    const earlier = this.entries.get(run.folder);
    if (earlier && sameRun(earlier.run, run)) return;
    const active = isActive(run);
    let watch = earlier?.watch;
    if (active) {
      watch ??= watchFolder(run.folder, () => void this.refresh(run.folder), ACTIVE_POLL_MS);
    } else {
      watch?.dispose();
      watch = undefined;
    }
    this.entries.set(run.folder, { run, ...(watch && { watch }) });
    this.changed();
  }

  private remove(folder: string): void {
    this.expected.delete(folder);
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

/** Whether nothing that is shown changed: the heartbeat alone is no news. */
function sameRun(a: Run, b: Run): boolean {
  const shown = (run: Run): string =>
    JSON.stringify({
      ...run,
      info: { ...run.info, heartbeat: isActive(run) ? '' : run.info.heartbeat },
    });
  return shown(a) === shown(b);
}
