import { basename } from 'node:path';
import { readRobustness, type StoredRobustness } from '../../analysis/robustnessFile';
import { chooseSet, listSets, sameSet } from '../../run/read/predictionSets';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';
import { localized, localizedError } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type {
  AnalysisContract,
  ExampleLine,
  PredictionSet,
  Subset,
  TabId,
  ToHost,
  ToWebview,
} from '../../webview/analysis/messages';
import { NotesStore } from '../failures/notesStore';
import type { MessageHandlers } from '../webview/messenger';
import { restrictedModeMessage, type AnalysisJob } from './job';
import { candidateList } from './candidateList';
import { shownNumbers } from './shownNumbers';
import { shownRobustness } from './shownRobustness';

/** The editor functions that a session uses. */
export interface SessionEditor {
  send(message: ToWebview): void;
  isTrusted(): boolean;
  /** Whether the run is being trained. */
  isActive(): boolean;
  /** Cache key of the analysis of a set. @throws {UserError} when the set cannot be analyzed */
  keyOf(set: PredictionSet): Promise<string>;
  job(identity: string): AnalysisJob;
  /** Shows examples of a set in the Failed Examples panel. */
  showExamples(set: PredictionSet, what: { subset: Subset } | { identifier: string }): void;
  command(
    command: 'text' | 'setting' | 'dashboard' | 'trust' | 'robustness',
    set: PredictionSet | null,
  ): void;
  /** Asks where to save and writes there. @returns the file's name, null when canceled. */
  save(name: string, extension: string, pieces: Iterable<string>): Promise<string | null>;
  problem(doing: string, error: unknown): void;
}

export interface SessionRun {
  folder: string;
  name: string;
}

/** The state of one panel: which predictions it shows, their analysis, and what the page has received. */
export class AnalysisSession implements MessageHandlers<AnalysisContract> {
  private sets: PredictionSet[] = [];
  private shown: PredictionSet | null = null;
  private key: string | null = null;
  private job: AnalysisJob | null = null;
  private subscription: { dispose(): void } | null = null;
  private generation = 0;
  /** The user has canceled: changed files do not start an analysis. */
  private canceled = false;
  private disposed = false;
  /** The last reason why there is no analysis, so that it is sent once. */
  private lastRefusal = '';
  private pendingUpdate: Promise<void> = Promise.resolve();
  private readonly notes: NotesStore;
  private robustness: readonly StoredRobustness[] = [];
  /** The tab to show when the page is ready. */
  private wantedTab: TabId | null = null;

  constructor(
    private readonly run: SessionRun,
    private wanted: Partial<PredictionSet> | null,
    private readonly editor: SessionEditor,
  ) {
    this.notes = new NotesStore(new RunFolder(run.folder).notes, () => this.sendNotes());
  }

  /** Starts the analysis while the page loads. */
  async prepare(): Promise<void> {
    this.sets = await listSets(this.run.folder);
    await this.update();
  }

  async ready(): Promise<void> {
    await this.pendingUpdate;
    this.sets = await listSets(this.run.folder);
    this.editor.send({
      type: 'init',
      runFolder: this.run.folder,
      runName: this.run.name,
      missing: !(await pathExists(this.run.folder)),
      active: this.editor.isActive(),
      sets: this.sets,
    });
    await this.notesChanged().catch((error: unknown) => this.editor.problem('read notes', error));
    await this.robustnessChanged().catch((error: unknown) =>
      this.editor.problem('read robustness', error),
    );
    if (this.wantedTab) this.editor.send({ type: 'showTab', tab: this.wantedTab });
    this.wantedTab = null;
    this.lastRefusal = '';
    if (this.shown && this.job) this.resend(this.shown, this.job);
    else if (this.shown && this.canceled) this.sendCanceled(this.shown);
    else await this.update();
  }

  /** Shows other predictions of the run. */
  async show(wanted: Partial<PredictionSet>): Promise<void> {
    this.wanted = wanted;
    this.shown = null;
    this.canceled = false;
    await this.update();
  }

  /** Call when files of the run, the setting or the workspace trust may have changed. */
  async refresh(): Promise<void> {
    const before = JSON.stringify(this.sets);
    this.sets = await listSets(this.run.folder);
    if (this.disposed) return;
    if (JSON.stringify(this.sets) !== before)
      this.editor.send({ type: 'sets', sets: this.sets, active: this.editor.isActive() });
    if (!this.canceled) await this.update();
  }

  /** Sends the results of robustness tests again, after files were added or removed. */
  async robustnessChanged(): Promise<void> {
    const stored = await readRobustness(this.run.folder);
    if (this.disposed) return;
    this.robustness = stored;
    this.editor.send({ type: 'robustness', results: stored.map(shownRobustness) });
  }

  /** Shows a tab, now or when the page is ready. */
  showTab(tab: TabId): void {
    this.wantedTab = tab;
    this.editor.send({ type: 'showTab', tab });
  }

  async notesChanged(): Promise<void> {
    await this.notes.reload();
    this.sendNotes();
  }

  async message(message: ToHost): Promise<void> {
    const { editor, shown } = this;
    switch (message.type) {
      case 'open':
        return this.show(message.set);
      case 'cancel':
        this.canceled = true;
        this.detach();
        if (shown) this.sendCanceled(shown);
        return;
      case 'rerun':
        this.canceled = false;
        this.key = null;
        this.lastRefusal = '';
        return this.update();
      case 'showSubset':
        if (shown) editor.showExamples(shown, { subset: message.subset });
        return;
      case 'showExample':
        if (shown) editor.showExamples(shown, { identifier: message.identifier });
        return;
      case 'showRow': {
        const identifier =
          message.generation === this.generation
            ? this.job?.examples?.identifiers[message.row]
            : undefined;
        if (shown && identifier !== undefined) editor.showExamples(shown, { identifier });
        return;
      }
      case 'showChangedAnswers':
        return this.showChangedAnswers(message);
      case 'testRobustness':
        return editor.command('robustness', shown);
      case 'openAsText':
        return editor.command('text', shown);
      case 'openSetting':
        return editor.command('setting', shown);
      case 'openDashboard':
        return editor.command('dashboard', shown);
      case 'manageTrust':
        return editor.command('trust', shown);
    }
  }

  readonly requests: MessageHandlers<AnalysisContract>['requests'] = {
    rows: ({ generation, rows }) => {
      const examples = this.job?.examples;
      // Another analysis has started: the page requests its rows again.
      if (!examples || generation !== this.generation) return [];
      return rows.flatMap((row): ExampleLine[] => {
        const identifier = examples.identifiers[row];
        if (identifier === undefined) return [];
        const sentence = examples.sentences[examples.sentence[row] ?? -1] ?? '';
        return [{ row, identifier, sentence, label: examples.label[row] === 1 }];
      });
    },
    saveNote: async ({ split, identifier, note }) => {
      await this.notes.set(split, identifier, note);
      this.sendNotes();
      return null;
    },
    exportCandidates: async ({ format }) => {
      const { shown, job } = this;
      if (!shown || !job?.analysis)
        throw new UserError(localize('The candidates for label noise are not known yet.'));
      const pieces = candidateList(format, job.analysis.labelNoise, this.notes.of(shown.split));
      const after = shown.epoch === null ? '' : `-epoch-${shown.epoch + 1}`;
      const name = `${this.run.name}-${shown.split}${after}-label-noise.${format}`;
      return {
        file: await this.editor.save(name.replaceAll(/[^\w.-]+/g, '_'), format, pieces),
      };
    },
  };

  failed(error: unknown, during: string): void {
    this.editor.problem(during, error);
  }

  dispose(): void {
    this.disposed = true;
    this.detach();
  }

  /** Starts the analysis of the wanted predictions unless it is shown already. Updates run one after the other. */
  private update(): Promise<void> {
    const turn = this.pendingUpdate.then(() => (this.disposed ? undefined : this.runUpdate()));
    this.pendingUpdate = turn.catch(() => undefined);
    return turn;
  }

  private async runUpdate(): Promise<void> {
    const set = this.shown ?? chooseSet(this.sets, this.wanted);
    if (!set) return;
    if (!this.editor.isTrusted())
      return this.sendRefusal(set, { message: localized(restrictedModeMessage), trust: true });
    try {
      const identity = await this.editor.keyOf(set);
      if (this.disposed || (identity === this.key && sameSet(set, this.shown))) return;
      const job = this.editor.job(identity);
      this.lastRefusal = '';
      this.beginGeneration(set);
      this.key = identity;
      this.attach(job);
    } catch (error) {
      if (this.disposed) return;
      const { message, hint } = localizedError(error);
      this.sendRefusal(set, { message, ...(hint !== null && { hint }) });
      if (!(error instanceof UserError)) this.editor.problem('analyze', error);
    }
  }

  /** Sends why there is no analysis, once: each change of a file or run tries again. */
  private sendRefusal(
    set: PredictionSet,
    why: Pick<Extract<ToWebview, { type: 'failed' }>, 'message' | 'hint' | 'trust'>,
  ): void {
    const refusal = JSON.stringify([set, why]);
    if (refusal === this.lastRefusal) return;
    this.beginGeneration(set);
    this.lastRefusal = refusal;
    this.editor.send({ type: 'failed', generation: this.generation, ...why });
  }

  private sendCanceled(set: PredictionSet): void {
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.editor.send({ type: 'canceled', generation: this.generation });
  }

  private beginGeneration(set: PredictionSet): void {
    this.detach();
    this.shown = set;
    this.generation++;
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.sendNotes();
  }

  private attach(job: AnalysisJob): void {
    this.job = job;
    this.sendAll(job);
    // Subscribes before the old subscription is disposed: both may be the same job.
    this.subscription = job.subscribe((news) => this.sendPart(job, news));
  }

  private detach(): void {
    this.subscription?.dispose();
    this.subscription = null;
    this.job = null;
    this.key = null;
  }

  private resend(set: PredictionSet, job: AnalysisJob): void {
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.sendNotes();
    this.sendAll(job);
  }

  private sendAll(job: AnalysisJob): void {
    this.sendPart(job, 'progress');
    if (job.analysis) this.sendPart(job, 'numbers');
    if (job.dynamics !== undefined) this.sendPart(job, 'dynamics');
    if (job.failure) this.sendPart(job, 'failed');
  }

  private sendPart(
    job: AnalysisJob,
    news: Parameters<Parameters<AnalysisJob['subscribe']>[0]>[0],
  ): void {
    const { generation, editor } = this;
    switch (news) {
      case 'progress':
        return editor.send({ type: 'progress', generation, share: job.progress });
      case 'numbers': {
        const { analysis, complete } = job;
        if (analysis)
          editor.send({ type: 'numbers', generation, numbers: shownNumbers(analysis), complete });
        return;
      }
      case 'dynamics':
        return editor.send({ type: 'dynamics', generation, columns: job.dynamics ?? null });
      case 'failed': {
        if (!job.failure) return;
        const { message, hint, defect } = job.failure;
        if (defect !== undefined) editor.problem('analyze', new Error(defect));
        return editor.send({
          type: 'failed',
          generation,
          message,
          ...(hint !== undefined && { hint }),
        });
      }
      case 'examples':
        return;
    }
  }

  /** Opens Failed Examples on the predictions of the tested split: those of its epoch, else the newest. */
  private showChangedAnswers({
    file,
    test,
    identifier,
  }: Extract<ToHost, { type: 'showChangedAnswers' }>): void {
    const result = this.robustness.find((each) => basename(each.file) === file)?.result;
    if (!result) return;
    const { split, epoch } = result;
    const ofSplit = this.sets.filter((set) => set.split === split);
    const set = ofSplit.find((each) => each.epoch === epoch) ?? ofSplit.at(-1);
    if (!set)
      throw new UserError(localize('{0} has no predictions of {1}.', this.run.name, split), {
        hint: localize('Evaluate its checkpoint on this split first.'),
      });
    this.editor.showExamples(
      set,
      identifier === undefined ? { subset: { kind: 'robustness', file, test } } : { identifier },
    );
  }

  private sendNotes(): void {
    const { split } = this.shown ?? {};
    if (split && !this.disposed) this.editor.send({ type: 'notes', notes: this.notes.of(split) });
  }
}
