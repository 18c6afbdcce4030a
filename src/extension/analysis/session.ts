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
import { untrusted, type AnalysisJob } from './job';
import { candidateList } from './candidateList';
import { shownNumbers } from './shownNumbers';
import { shownRobustness } from './shownRobustness';

/** What a session needs from the editor around it. */
export interface SessionEditor {
  send(message: ToWebview): void;
  isTrusted(): boolean;
  /** Whether the run is being trained. */
  isActive(): boolean;
  /** What the analysis of a set is made of. @throws {UserError} where it cannot be made */
  identityOf(set: PredictionSet): Promise<string>;
  job(identity: string): AnalysisJob;
  /** Shows examples of a set in the Failed Examples panel. */
  showExamples(set: PredictionSet, what: { subset: Subset } | { identifier: string }): void;
  command(
    command: 'text' | 'setting' | 'dashboard' | 'trust' | 'robustness',
    set: PredictionSet | null,
  ): void;
  /** Asks where to save and writes there. @returns the file's name, null when cancelled. */
  save(name: string, extension: string, pieces: Iterable<string>): Promise<string | null>;
  problem(doing: string, error: unknown): void;
}

export interface SessionRun {
  folder: string;
  name: string;
}

/** One panel's conversation about one run. */
export class AnalysisSession implements MessageHandlers<AnalysisContract> {
  private sets: PredictionSet[] = [];
  private shown: PredictionSet | null = null;
  private identity: string | null = null;
  private job: AnalysisJob | null = null;
  private following: { dispose(): void } | null = null;
  private generation = 0;
  /** The person has cancelled: files that change begin nothing. */
  private cancelled = false;
  private disposed = false;
  /** What stood in the way of an analysis the last time, so that it is said once. */
  private refusal = '';
  private looking: Promise<void> = Promise.resolve();
  private readonly notes: NotesStore;
  private robustness: readonly StoredRobustness[] = [];
  /** Asked for before the page was there. */
  private wantedTab: TabId | null = null;

  constructor(
    private readonly run: SessionRun,
    private wanted: Partial<PredictionSet> | null,
    private readonly editor: SessionEditor,
  ) {
    this.notes = new NotesStore(new RunFolder(run.folder).notes, () => this.sendNotes());
  }

  /** Begins the analysis while the page still loads. */
  async prepare(): Promise<void> {
    this.sets = await listSets(this.run.folder);
    await this.look();
  }

  async ready(): Promise<void> {
    await this.looking;
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
    this.refusal = '';
    if (this.shown && this.job) this.repeat(this.shown, this.job);
    else if (this.shown && this.cancelled) this.sayCancelled(this.shown);
    else await this.look();
  }

  /** Shows other predictions of the run. */
  async show(wanted: Partial<PredictionSet>): Promise<void> {
    this.wanted = wanted;
    this.shown = null;
    this.cancelled = false;
    await this.look();
  }

  /** Files of the run, the setting or the trust in the workspace may have changed. */
  async refresh(): Promise<void> {
    const before = JSON.stringify(this.sets);
    this.sets = await listSets(this.run.folder);
    if (this.disposed) return;
    if (JSON.stringify(this.sets) !== before)
      this.editor.send({ type: 'sets', sets: this.sets, active: this.editor.isActive() });
    if (!this.cancelled) await this.look();
  }

  /** Results of robustness tests came or went. */
  async robustnessChanged(): Promise<void> {
    const stored = await readRobustness(this.run.folder);
    if (this.disposed) return;
    this.robustness = stored;
    this.editor.send({ type: 'robustness', results: stored.map(shownRobustness) });
  }

  /** Shows a tab, now or once the page is there. */
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
        this.cancelled = true;
        this.leave();
        if (shown) this.sayCancelled(shown);
        return;
      case 'again':
        this.cancelled = false;
        this.identity = null;
        this.refusal = '';
        return this.look();
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
      case 'showBroken':
        return this.showBroken(message);
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
      // Another analysis has begun meanwhile: its rows are asked for again.
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
    this.leave();
  }

  /** Begins the analysis of what is wanted, unless it is there already; one look after the other. */
  private look(): Promise<void> {
    const turn = this.looking.then(() => (this.disposed ? undefined : this.lookNow()));
    this.looking = turn.catch(() => undefined);
    return turn;
  }

  private async lookNow(): Promise<void> {
    const set = this.shown ?? chooseSet(this.sets, this.wanted);
    if (!set) return;
    if (!this.editor.isTrusted())
      return this.refuse(set, { message: localized(untrusted), trust: true });
    try {
      const identity = await this.editor.identityOf(set);
      if (this.disposed || (identity === this.identity && sameSet(set, this.shown))) return;
      const job = this.editor.job(identity);
      this.refusal = '';
      this.begin(set);
      this.identity = identity;
      this.take(job);
    } catch (error) {
      if (this.disposed) return;
      const { message, hint } = localizedError(error);
      this.refuse(set, { message, ...(hint !== null && { hint }) });
      if (!(error instanceof UserError)) this.editor.problem('analyze', error);
    }
  }

  /** Says why there is no analysis; once, as files and runs that change ask again and again. */
  private refuse(
    set: PredictionSet,
    why: Pick<Extract<ToWebview, { type: 'failed' }>, 'message' | 'hint' | 'trust'>,
  ): void {
    const refusal = JSON.stringify([set, why]);
    if (refusal === this.refusal) return;
    this.begin(set);
    this.refusal = refusal;
    this.editor.send({ type: 'failed', generation: this.generation, ...why });
  }

  private sayCancelled(set: PredictionSet): void {
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.editor.send({ type: 'canceled', generation: this.generation });
  }

  private begin(set: PredictionSet): void {
    this.leave();
    this.shown = set;
    this.generation++;
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.sendNotes();
  }

  private take(job: AnalysisJob): void {
    this.job = job;
    this.sayAll(job);
    // The old one is left after the new one is followed: they may be the same.
    this.following = job.follow((news) => this.say(job, news));
  }

  private leave(): void {
    this.following?.dispose();
    this.following = null;
    this.job = null;
    this.identity = null;
  }

  private repeat(set: PredictionSet, job: AnalysisJob): void {
    this.editor.send({ type: 'begin', generation: this.generation, set });
    this.sendNotes();
    this.sayAll(job);
  }

  private sayAll(job: AnalysisJob): void {
    this.say(job, 'progress');
    if (job.analysis) this.say(job, 'numbers');
    if (job.dynamics !== undefined) this.say(job, 'dynamics');
    if (job.failure) this.say(job, 'failed');
  }

  private say(job: AnalysisJob, news: Parameters<Parameters<AnalysisJob['follow']>[0]>[0]): void {
    const { generation, editor } = this;
    switch (news) {
      case 'progress':
        return editor.send({ type: 'progress', generation, share: job.share });
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

  /** In Failed Examples, on the predictions of the split that was tested: of its epoch, else the newest. */
  private showBroken({ file, test, identifier }: Extract<ToHost, { type: 'showBroken' }>): void {
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
