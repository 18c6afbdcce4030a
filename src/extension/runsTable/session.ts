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
import { canEvaluate, isDeletable } from '../runs/resumable';
import type { RunMark } from '../runs/runMarks';
import { isActive, type Run } from '../runs/runRegistry';
import { statusText } from '../runs/runWords';
import type { Translate } from '../translate';
import type { MessageHandlers } from '../webview/messenger';
import type { KnownRun, RunRows } from './runRows';

/** How long changes are gathered: many runs change together, when they are found for instance. */
const GATHER_MS = 100;
/** How often rows are sent while many are read. */
const FLUSH_MS = 150;

/** Runs that are read together: a disk serves several at once. */
const AT_ONCE = 16;

/** What a session needs from the editor around it. */
export interface RunsEditor {
  send(message: ToWebview): void;
  /** Newest first. */
  runs(): readonly Run[];
  markOf(folder: string): Readonly<RunMark>;
  setMarks(
    folders: readonly string[],
    change: (mark: Readonly<RunMark>) => Partial<RunMark>,
  ): Promise<void>;
  /** The configuration of a run as the editor writes paths; empty where it is not known. */
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
  /** Colours of runs that are shown together, in their order. */
  colours(folders: readonly string[]): number[];
  /** Asks where and writes it. @returns the name of the file, or null for none */
  save(text: string): Promise<string | null>;
  problem(doing: string, error: unknown): void;
  translate: Translate;
}

/** The table's conversation: reads what the registry says has changed, and nothing else again. */
export class RunsSession implements MessageHandlers<RunsContract> {
  /** What the page has of each run. */
  private readonly sent = new Map<string, { known: KnownRun; mark: Readonly<RunMark> }>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private again = false;
  private listening = false;
  private disposed = false;
  private wantsNewRun: string | undefined;

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
    return this.work();
  }

  /** Call when runs or their marks have changed. */
  refresh(): void {
    if (!this.listening || this.disposed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.work().catch((error: unknown) => this.failed(error, 'read the runs'));
    }, GATHER_MS);
  }

  /** The page was discarded; the next one sends `ready`. */
  suspend(): void {
    this.listening = false;
  }

  trustChanged(): void {
    this.editor.send({ type: 'trusted', trusted: this.editor.trusted() });
  }

  /** Opens the dialog for new runs from this one, once the page knows the run. */
  newRunFrom(folder: string): void {
    this.wantsNewRun = folder;
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
        return editor.action(message.action, this.knownOf(message.keys));
      case 'startTraining':
        return editor.startTraining();
      case 'trust':
        return editor.trust();
      case 'mark':
        return editor.setMarks(this.knownOf(message.keys), () => message.change);
      case 'tags': {
        const { add, remove } = message;
        return editor.setMarks(this.knownOf(message.keys), ({ tags }) => ({
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
      const folders = this.knownOf(keys);
      const colours = this.editor.colours(folders);
      return Promise.resolve(Object.fromEntries(folders.map((each, i) => [each, colours[i]])));
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

  /** What comes out of a page is checked: only runs that are in the table. */
  private knownOf(keys: readonly string[]): string[] {
    return keys.filter((key) => this.rows.get(key) !== undefined);
  }

  /** Reads and sends what has changed; a call meanwhile makes one more round. */
  private work(): Promise<void> {
    if (this.working) {
      this.again = true;
      return this.working;
    }
    this.working = this.round().finally(() => {
      this.working = undefined;
      if (!this.again) return;
      this.again = false;
      this.refresh();
    });
    return this.working;
  }

  private async round(): Promise<void> {
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
    const breather = new EventLoopYielder();
    for (const [place, run] of runs.entries()) {
      if (place % AT_ONCE === 0)
        await Promise.all(runs.slice(place, place + AT_ONCE).map((each) => rows.read(each)));
      const known = rows.get(run.folder);
      const mark = editor.markOf(run.folder);
      const before = sent.get(run.folder);
      if (!known || (before?.known === known && before.mark === mark)) continue;
      stale ||= before?.known.config !== known.config;
      sent.set(run.folder, { known, mark });
      lines.push(this.lineOf(known, mark));
      await breather.yieldIfDue();
      if (!this.listening || this.disposed) return;
      if (performance.now() - flushed < FLUSH_MS) continue;
      editor.send({ type: 'rows', rows: lines, loading: true });
      lines = [];
      flushed = performance.now();
    }
    editor.send({ type: 'rows', rows: lines, loading: false });
    if (stale) this.sendConfiguration();
    if (this.wantsNewRun !== undefined && sent.has(this.wantsNewRun)) {
      editor.send({ type: 'newRun', key: this.wantsNewRun });
      this.wantsNewRun = undefined;
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

  private lineOf({ run, row }: KnownRun, mark: Readonly<RunMark>): RunLine {
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
