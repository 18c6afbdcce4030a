import { localizedError } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type {
  DashboardContract,
  DifferingKey,
  RunAction,
  RunHeader,
  RunHistory,
  Thumbnail,
  ToHost,
  ToWebview,
} from '../../webview/dashboard/messages';
import type { Run } from '../runs/runRegistry';
import type { MessageHandlers } from '../webview/messenger';
import { differingKeys, readFlatConfig, type FlatConfig } from './configDiff';
import { headerOf } from './header';
import { RunFeed } from './runFeed';

/** The editor functions that a session uses. */
export interface DashboardEditor {
  send(message: ToWebview): void;
  /** The run from the registry; undefined when the folder contains none. */
  run(folder: string): Run | undefined;
  /** Reads a run again whose curves have grown. */
  refreshRun(folder: string): void;
  /** Reports the last step in the events of a run. */
  reached(folder: string, step: number): void;
  /** Color indexes of runs that are shown together, from 0. */
  colors(folders: readonly string[]): number[];
  /** Makes the paths in a message about a run relative to the workspace or to the run's folder. */
  shortPaths(text: string, runFolder: string): string;
  thumbnails(run: Run, images: readonly string[]): Promise<Thumbnail[]>;
  action(action: RunAction, runFolder: string): void;
  startTraining(): void;
  /** Lets the user choose runs to compare with. */
  addRun(): void;
  removeRun(folder: string): void;
  /** Compares the predictions of the second run with those of the first. */
  comparePredictions(folders: readonly [string, string]): void;
  /** Opens an image of the run. Refuses any other file, which a damaged run may name. */
  openImage(run: Run, path: string): void;
  savePng(name: string, png: Uint8Array): Promise<string | null>;
  copy(text: string): Promise<void>;
  problem(doing: string, error: unknown): void;
}

/** The session of one panel: follows the files of its runs and updates the webview. */
export class DashboardSession implements MessageHandlers<DashboardContract> {
  private readonly feeds = new Map<string, RunFeed>();
  private readonly configs = new Map<string, FlatConfig>();
  private reading: Promise<unknown> = Promise.resolve();
  private disposed = false;
  /** What was last sent as `runs`, so that nothing is sent twice. */
  private sentRuns = '';

  /** @param folders the runs shown, in their order. */
  constructor(
    private folders: readonly string[],
    private readonly editor: DashboardEditor,
  ) {
    this.createFeeds();
  }

  get runs(): readonly string[] {
    return this.folders;
  }

  /** Shows other runs; those shown already are not read again. */
  show(folders: readonly string[]): void {
    this.folders = folders;
    for (const [folder, feed] of this.feeds)
      if (!folders.includes(folder)) {
        feed.dispose();
        this.feeds.delete(folder);
      }
    this.createFeeds();
    this.sendRuns();
    void this.sendLoaded();
  }

  /** Call when runs may have changed their state. */
  refresh(): void {
    this.createFeeds();
    this.readMissingConfigs();
    this.sendRuns();
  }

  dispose(): void {
    this.disposed = true;
    for (const feed of this.feeds.values()) feed.dispose();
    this.feeds.clear();
  }

  async ready(): Promise<void> {
    this.sentRuns = '';
    this.sendRuns();
    // One after the other: each yields to the event loop, which would not help if all ran at once.
    for (const feed of this.feeds.values()) await feed.sendAll();
    await this.sendLoaded();
  }

  message(message: ToHost): void {
    switch (message.type) {
      case 'action':
        if (this.shown(message.run)) this.editor.action(message.action, message.run);
        return;
      case 'addRun':
        return this.editor.addRun();
      case 'removeRun':
        return this.editor.removeRun(message.run);
      case 'comparePredictions':
        if (message.runs.every((folder) => this.shown(folder)))
          this.editor.comparePredictions(message.runs);
        return;
      case 'openImage': {
        const run = this.shown(message.run);
        if (run) this.editor.openImage(run, message.path);
        return;
      }
      case 'startTraining':
        return this.editor.startTraining();
    }
  }

  readonly requests: MessageHandlers<DashboardContract>['requests'] = {
    thumbnails: async ({ run: folder, images }) => {
      const run = this.shown(folder);
      if (!run) throw new UserError(localize('The run is no longer shown.'));
      return this.editor.thumbnails(run, images);
    },
    savePng: ({ name, png }) => this.editor.savePng(name, png),
    copyText: async ({ text }) => {
      await this.editor.copy(text);
      return null;
    },
  };

  failed(error: unknown, during: string): void {
    this.editor.problem(during, error);
  }

  private shown(folder: string): Run | undefined {
    return this.folders.includes(folder) ? this.editor.run(folder) : undefined;
  }

  private createFeeds(): void {
    for (const folder of this.folders) {
      const run = this.editor.run(folder);
      if (!run || this.feeds.has(folder)) continue;
      const feed = new RunFeed(folder, run.info.kind, {
        reset: () => this.send({ type: 'reset', run: folder }),
        steps: (columns) => {
          this.send({ type: 'steps', run: folder, columns });
          this.editor.reached(folder, columns.step.at(-1) ?? 0);
        },
        timeLeft: (seconds) => this.send({ type: 'timeLeft', run: folder, seconds }),
        history: (history) => {
          this.readMissingConfigs();
          // No trainer updates the run folder of imported curves: their progress is in the curves.
          if (run.info.kind === 'imported') this.editor.refreshRun(folder);
          this.sendRuns();
          this.send({
            type: 'history',
            run: folder,
            history: this.withShortPaths(history, folder),
          });
        },
        failed: (error) => {
          this.editor.problem(`read the events of ${folder}`, error);
          const { message, hint } = localizedError(error);
          this.send({
            type: 'problem',
            run: folder,
            message: this.editor.shortPaths(message, folder),
            hint: hint && this.editor.shortPaths(hint, folder),
          });
        },
      });
      this.feeds.set(folder, feed);
      this.reading = Promise.all([this.reading, feed.start(), this.readConfig(folder)]);
    }
  }

  /** Reads the configurations that were missing: a run folder exists before its config.yaml. */
  private readMissingConfigs(): void {
    for (const folder of this.feeds.keys()) void this.readConfig(folder);
  }

  private async readConfig(folder: string): Promise<void> {
    if (this.configs.has(folder)) return;
    const config = await readFlatConfig(folder);
    if (config.size === 0) return;
    this.configs.set(folder, config);
    this.sendRuns();
  }

  private sendRuns(): void {
    const headers: RunHeader[] = [];
    const colors = this.editor.colors(this.folders);
    for (const [i, folder] of this.folders.entries()) {
      const run = this.editor.run(folder);
      if (run) headers.push({ ...this.header(run), color: colors[i] ?? i });
    }
    const differing = this.differing(headers.map(({ key }) => key));
    const folders = [...this.folders];
    const message: ToWebview = { type: 'runs', folders, runs: headers, differing };
    const text = JSON.stringify(message);
    if (text === this.sentRuns) return;
    this.sentRuns = text;
    this.send(message);
  }

  private header(run: Run): Omit<RunHeader, 'color'> {
    const header = headerOf(run, this.feeds.get(run.folder)?.runStart);
    const short = (text: string | null) => text && this.editor.shortPaths(text, run.folder);
    const { message, hint, configuration } = header;
    return {
      ...header,
      message: short(message),
      hint: short(hint),
      configuration: short(configuration),
    };
  }

  private withShortPaths(history: RunHistory, folder: string): RunHistory {
    const short = (text: string) => this.editor.shortPaths(text, folder);
    const notes = history.notes.map(({ message, hint, ...note }) => ({
      ...note,
      message: short(message),
      ...(hint !== undefined && { hint: short(hint) }),
    }));
    return { ...history, notes };
  }

  /** The keys that differ. A run whose configuration is unknown does not differ; its values are null. */
  private differing(folders: readonly string[]): DifferingKey[] {
    const configs = folders.map((folder) => this.configs.get(folder));
    const keys = differingKeys(configs.filter((config) => config !== undefined));
    return keys.map(({ key }) => ({
      key,
      values: configs.map((config) => config?.get(key) ?? null),
    }));
  }

  private async sendLoaded(): Promise<void> {
    await this.reading;
    this.send({ type: 'loaded' });
  }

  private send(message: ToWebview): void {
    if (!this.disposed) this.editor.send(message);
  }
}
