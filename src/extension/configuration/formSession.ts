/** One open form: synchronizes the text of a configuration and its webview. */
import { editConfig, type ConfigEdit, type TextEdit } from '../../config/edit';
import { groups } from '../../config/definitions/keyKinds';
import { parseConfig } from '../../config/parse';
import type { ConfigProblem } from '../../config/problem';
import { localize, formatStoredMessage } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { ConfigContract, FormProblem, ToHost } from '../../webview/config/messages';
import { Messenger, type MessagePort } from '../webview/messenger';
import { fieldInfos } from './fieldInfo';
import type { Fix, Translate } from './fixes';
import { expandEdit, problemsWith, resetEdit, setEdit } from './formEdits';
import { formView } from './formState';
import type { TrainingPlanBuilder } from './trainingPlan';
import { missingPaths, type Lookup } from '../../config/writtenPaths';

/** The editor functions that a session uses. */
export interface SessionEditor {
  /** Name of the file, for the header of the form. */
  readonly fileName: string;
  /** Folder of the file. */
  readonly folder: string;
  text(): string;
  /** Version of the text, which increases with every change. */
  version(): number;
  /** Applies an edit of the current text as one undo step. @returns false when it was refused */
  apply(edit: TextEdit): PromiseLike<boolean>;
  /** Lets the user choose a file or folder for a key. @returns undefined when canceled */
  browse(key: string): Promise<string | undefined>;
  openText(line: number | undefined): void;
  log(error: unknown, during: string): void;
}

/** How long saving waits for the page to send what is being typed, in milliseconds. It takes a few. */
const FLUSH_TIMEOUT_MS = 500;
/** Delay between a change and the update of the training plan, in milliseconds. */
const INSIGHTS_DELAY_MS = 200;

/** Owned by the panel, which calls `changed` after every change of the text and `refresh` when files may have changed. */
export class FormSession {
  private readonly messenger: Messenger<ConfigContract>;
  private fixes: readonly Fix[] = [];
  private fixesVersion = -1;
  /** Serializes edits: each applies to the text that the previous one left. */
  private queue: Promise<unknown> = Promise.resolve();
  /** Callbacks of saves that wait for the page, by round. */
  private readonly flushing = new Map<number, () => void>();
  private flushes = 0;
  private insightsTimer: NodeJS.Timeout | undefined;
  private round = 0;

  constructor(
    port: MessagePort,
    private readonly editor: SessionEditor,
    private readonly planBuilder: TrainingPlanBuilder,
    private readonly lookUp: Lookup,
    private readonly t: Translate,
  ) {
    this.messenger = new Messenger<ConfigContract>(port, {
      ready: () => this.ready(),
      message: (message) => this.receive(message),
      requests: {
        set: ({ key, text }) => this.edit(() => setEdit(key, text)),
        reset: ({ key }) => this.edit(() => resetEdit(key)),
        expand: ({ key }) => this.edit((text) => expandEdit(text, key, editor.folder)),
        check: ({ key, text }) => this.check(key, text),
        browse: ({ key }) => this.browse(key),
        fix: ({ version, index }) => this.fix(version, index),
      },
      failed: (error, during) => editor.log(error, during),
    });
  }

  /** Call after a change of the text, by the form or elsewhere. */
  changed(): void {
    this.inBackground('show the text', this.sendState());
  }

  /** Call when files may have been created or deleted. */
  refresh(): void {
    this.inBackground('show the text', this.sendState());
  }

  /** Call when the panel is hidden: its page is destroyed until it sends `ready` again. */
  hidden(): void {
    this.messenger.suspend();
    for (const done of this.flushing.values()) done();
  }

  /** Call before saving. Resolves when the text has what is being typed in the form; never rejects. */
  async flush(): Promise<void> {
    if (this.messenger.ready) {
      const round = ++this.flushes;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
        this.flushing.set(round, () => {
          clearTimeout(timer);
          resolve();
        });
        this.messenger.send({ type: 'flush', round });
      });
      this.flushing.delete(round);
    }
    await this.queue;
  }

  dispose(): void {
    this.hidden();
    clearTimeout(this.insightsTimer);
    this.round++;
    this.messenger.dispose();
  }

  private async ready(): Promise<void> {
    const state = await this.state();
    this.messenger.send({
      type: 'snapshot',
      file: this.editor.fileName,
      groups: [...groups],
      fields: fieldInfos(this.t),
      state,
    });
    this.scheduleInsights();
  }

  private receive(message: ToHost): void {
    switch (message.type) {
      case 'openText':
        this.editor.openText(message.line);
        break;
      case 'flushed':
        this.flushing.get(message.round)?.();
        break;
    }
  }

  private async state() {
    const text = this.editor.text();
    const version = this.editor.version();
    const parsed = parseConfig(text);
    const broken = parsed.problems.some(({ code }) => code === 'syntax');
    const missing = broken ? [] : await missingPaths(parsed, this.editor.folder, this.lookUp);
    const problems = [...parsed.problems, ...missing].sort((a, b) => a.range[0] - b.range[0]);
    const view = formView(parsed, problems, version, this.t);
    this.fixes = view.fixes;
    this.fixesVersion = version;
    return view.state;
  }

  private async sendState(): Promise<void> {
    const round = ++this.round;
    const state = await this.state();
    // A newer change sends its own state.
    if (round !== this.round) return;
    this.messenger.send({ type: 'state', state });
    this.scheduleInsights();
  }

  private inBackground(during: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.editor.log(error, during));
  }

  private scheduleInsights(): void {
    clearTimeout(this.insightsTimer);
    this.insightsTimer = setTimeout(() => {
      this.inBackground('count and measure', this.sendInsights());
    }, INSIGHTS_DELAY_MS);
  }

  private async sendInsights(): Promise<void> {
    const round = this.round;
    const parsed = parseConfig(this.editor.text());
    const insights = await this.planBuilder.insights(parsed, this.editor.folder);
    if (round === this.round) this.messenger.send({ type: 'insights', insights });
  }

  /** @throws {UserError} when the text cannot be edited automatically, or VS Code refuses the edit */
  private edit(makeEdit: (text: string) => ConfigEdit): Promise<void> {
    return this.enqueueEdit(() => {
      const text = this.editor.text();
      return editConfig(text, makeEdit(text));
    });
  }

  private enqueueEdit(make: () => TextEdit | undefined): Promise<void> {
    const turn = this.queue.then(async () => {
      const edit = make();
      if (edit === undefined) return;
      if (!(await this.editor.apply(edit)))
        throw new UserError(localize('The file could not be changed; it may be read-only.'));
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private check(key: string, text: string): FormProblem[] {
    return problemsWith(this.editor.text(), key, text).map((problem) =>
      this.toFormProblem(problem),
    );
  }

  /** A problem of a value being typed: the file has no line or fix for it yet. */
  private toFormProblem(problem: ConfigProblem): FormProblem {
    return {
      severity: problem.severity,
      message: formatStoredMessage(problem, this.t),
      line: 0,
      fixes: [],
    };
  }

  private async browse(key: string): Promise<void> {
    const path = await this.editor.browse(key);
    if (path !== undefined) await this.edit(() => setEdit(key, path));
  }

  private fix(version: number, index: number): Promise<void> {
    return this.enqueueEdit(() => {
      const fix = this.fixes[index];
      if (version !== this.fixesVersion || version !== this.editor.version() || fix === undefined)
        return undefined;
      return fix.edit;
    });
  }
}
