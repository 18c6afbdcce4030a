import { differingRunKeys, runColumns, runTableCsv } from '../../analysis/runTable';
import type {
  ConfigurationKey,
  RunLine,
  RunsAction,
  RunsContract,
  RunsRequests,
  TableView,
  ToHost,
  ToWebview,
  ValueList,
} from '../../webview/runs/messages';
import { EventLoopYielder } from '../../util/yieldToEventLoop';
import { canEvaluate, isDeletable } from '../runs/runActions';
import type { RunMark } from '../runs/runMarks';
import { isActive, type Run } from '../runs/runRegistry';
import { statusText } from '../runs/runText';
import type { Translate } from '../translate';
import type { MessageHandlers } from '../webview/messenger';
import type { KnownRun, RunRows } from './runRows';

/** Delay to batch changes, in milliseconds: many runs change together, for example when they are found. */
const BATCH_MS = 100;
/** Interval of messages with rows while many are read, in milliseconds. */
const FLUSH_MS = 150;

/** Runs read concurrently. */
const MAX_CONCURRENT = 16;

/** The editor functions that a session uses. */
export interface RunsEditor {
  send(message: ToWebview): void;
  /** Newest first. */
  runs(): readonly Run[];
  markOf(folder: string): Readonly<RunMark>;
  setMarks(
    folders: readonly string[],
    change: (mark: Readonly<RunMark>) => Partial<RunMark>,
  ): Promise<void>;
  /** Relative path of the configuration of a run; empty if unknown. */
  configurationOf(run: Run): string;
  trusted(): boolean;
  trust(): void;
  view(): Partial<TableView>;
  keepView(view: TableView): void;
  action(action: RunsAction, folders: readonly string[]): void;
  startTraining(): void;
  configurationKeys(run: Run): Promise<ConfigurationKey[]>;
  plan(run: Run, lists: readonly ValueList[]): Promise<string[][]>;
  queue(run: Run, lists: readonly ValueList[]): Promise<number>;
  openNew(run: Run, lists: readonly ValueList[]): Promise<void>;
  /** Color indexes of runs that are shown together, in their order. */
  colors(folders: readonly string[]): number[];
  /** Asks where to save and writes the file. @returns its name, null when canceled */
  save(text: string): Promise<string | null>;
  problem(doing: string, error: unknown): void;
  translate: Translate;
}

/** The state of the table: reads the runs that have changed and sends their rows to the page. */
export class RunsSession implements MessageHandlers<RunsContract> {
  /** What was sent to the page, by run. */
  private readonly sent = new Map<string, { known: KnownRun; mark: Readonly<RunMark> }>();
  private timer: NodeJS.Timeout | undefined;
  private updating: Promise<void> | undefined;
  private updateAgain = false;
  private listening = false;
  private disposed = false;
  private pendingNewRun: string | undefined;

  constructor(
    private readonly rows: RunRows,
    private readonly editor: RunsEditor,
  ) {}

  ready(): Promise<void> {
    this.sent.clear();
    this.listening = true;
    this.editor.send({
      type: 'init',
      columns: runColumns.map(({ name, kind, better }) => ({
        name,
        kind,
        ...(better && { better }),
      })),
      view: this.editor.view(),
      trusted: this.editor.trusted(),
    });
    return this.update();
  }

  /** Call when runs or their marks have changed. */
  refresh(): void {
    if (!this.listening || this.disposed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.update().catch((error: unknown) => this.failed(error, 'read the runs'));
    }, BATCH_MS);
  }

  /** Call when the page was discarded; the next one sends `ready`. */
  suspend(): void {
    this.listening = false;
  }

  trustChanged(): void {
    this.editor.send({ type: 'trusted', trusted: this.editor.trusted() });
  }

  /** Opens the dialog for new runs from this one when the page has received the run. */
  newRunFrom(folder: string): void {
    this.pendingNewRun = folder;
    this.refresh();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }

  message(message: ToHost): void | Promise<void> {
    const { editor } = this;
    switch (message.type) {
      case 'view':
        return editor.keepView(message.view);
      case 'action':
        return editor.action(message.action, this.filterKnown(message.keys));
      case 'startTraining':
        return editor.startTraining();
      case 'trust':
        return editor.trust();
      case 'mark':
        return editor.setMarks(this.filterKnown(message.keys), () => message.change);
      case 'tags': {
        const { add, remove } = message;
        return editor.setMarks(this.filterKnown(message.keys), ({ tags }) => ({
          tags: [...tags.filter((tag) => !remove.includes(tag)), ...add],
        }));
      }
    }
  }

  readonly requests: {
    [N in keyof RunsRequests]: (
      params: RunsRequests[N]['params'],
    ) => Promise<RunsRequests[N]['result']>;
  } = {
    configurationKeys: ({ key }) => this.editor.configurationKeys(this.runOf(key)),
    plan: async ({ key, lists }) => ({ changes: await this.editor.plan(this.runOf(key), lists) }),
    queue: async ({ key, lists }) => ({ queued: await this.editor.queue(this.runOf(key), lists) }),
    openNew: async ({ key, lists }) => {
      await this.editor.openNew(this.runOf(key), lists);
      return null;
    },
    colors: ({ keys }) => {
      const folders = this.filterKnown(keys);
      const colors = this.editor.colors(folders);
      return Promise.resolve(Object.fromEntries(folders.map((each, i) => [each, colors[i]])));
    },
    export: ({ keys, configuration }) => this.editor.save(this.csv(keys, configuration)),
  };

  failed(error: unknown, during: string): void {
    this.editor.problem(during, error);
  }

  private csv(keys: readonly string[], configuration: readonly string[]): string {
    const known = keys.flatMap((key) => this.rows.get(key) ?? []);
    const marks = known.map(({ run }) => this.editor.markOf(run.folder));
    const lines = runTableCsv(
      known.map(({ row, run }) => ({ ...row, name: run.ownName ?? row.name })),
      configuration.map((key) => ({
        key,
        values: known.map(({ config }) => config.get(key) ?? null),
      })),
      [
        { name: 'display_name', values: marks.map(({ name }) => name) },
        { name: 'starred', values: marks.map(({ starred }) => String(starred)) },
        { name: 'archived', values: marks.map(({ archived }) => String(archived)) },
        { name: 'tags', values: marks.map(({ tags }) => tags.join(' ')) },
        { name: 'description', values: marks.map(({ description }) => description) },
      ],
    );
    return `${lines.join('\n')}\n`;
  }

  private runOf(key: string): Run {
    const known = this.rows.get(key);
    if (!known) throw new Error(`no run ${key}`);
    return known.run;
  }

  /** Filters the keys sent by the page: only runs in the table. */
  private filterKnown(keys: readonly string[]): string[] {
    return keys.filter((key) => this.rows.get(key) !== undefined);
  }

  /** Reads and sends what has changed. Calls during an update cause one more update. */
  private update(): Promise<void> {
    if (this.updating) {
      this.updateAgain = true;
      return this.updating;
    }
    this.updating = this.runUpdate().finally(() => {
      this.updating = undefined;
      if (!this.updateAgain) return;
      this.updateAgain = false;
      this.refresh();
    });
    return this.updating;
  }

  private async runUpdate(): Promise<void> {
    const { editor, rows, sent } = this;
    const runs = editor.runs();
    const now = new Set(runs.map(({ folder }) => folder));
    for (const folder of [...rows.folders]) if (!now.has(folder)) rows.forget(folder);
    const gone = [...sent.keys()].filter((folder) => !now.has(folder));
    for (const folder of gone) sent.delete(folder);
    if (gone.length > 0) editor.send({ type: 'removed', keys: gone });
    let stale = gone.length > 0;
    let lines: RunLine[] = [];
    let flushed = performance.now();
    const yielder = new EventLoopYielder();
    for (const [i, run] of runs.entries()) {
      if (i % MAX_CONCURRENT === 0)
        await Promise.all(runs.slice(i, i + MAX_CONCURRENT).map((each) => rows.read(each)));
      const known = rows.get(run.folder);
      const mark = editor.markOf(run.folder);
      const before = sent.get(run.folder);
      if (!known || (before?.known === known && before.mark === mark)) continue;
      stale ||= before?.known.config !== known.config;
      sent.set(run.folder, { known, mark });
      lines.push(this.toLine(known, mark));
      await yielder.yieldIfDue();
      if (!this.listening || this.disposed) return;
      if (performance.now() - flushed < FLUSH_MS) continue;
      editor.send({ type: 'rows', rows: lines, loading: true });
      lines = [];
      flushed = performance.now();
    }
    editor.send({ type: 'rows', rows: lines, loading: false });
    if (stale) this.sendConfiguration();
    if (this.pendingNewRun !== undefined && sent.has(this.pendingNewRun)) {
      editor.send({ type: 'newRun', key: this.pendingNewRun });
      this.pendingNewRun = undefined;
    }
  }

  private sendConfiguration(): void {
    const known = [...this.sent.values()].map((each) => each.known);
    this.editor.send({
      type: 'configuration',
      configuration: {
        runs: known.map(({ run }) => run.folder),
        columns: differingRunKeys(known),
      },
    });
  }

  private toLine({ run, row }: KnownRun, mark: Readonly<RunMark>): RunLine {
    const t = this.editor.translate;
    return {
      key: run.folder,
      ...mark,
      ownName: run.ownName ?? run.info.name,
      values: runColumns.map(({ field }) => row[field]),
      state: statusText(run.status, t),
      active: isActive(run),
      configuration: this.editor.configurationOf(run),
      message: [run.message, run.hint].filter((part) => part !== null).join(' '),
      can: { evaluate: canEvaluate(run), delete: isDeletable(run) },
    };
  }
}
