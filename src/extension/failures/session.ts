import { chooseSet, listSets, sameSet } from '../../run/read/predictionSets';
import type { Prediction } from '../../run/predictions';
import { pathExists } from '../../util/pathExists';
import type {
  ExportFormat,
  FailuresContract,
  PredictionSet,
  SavedFilter,
  ToHost,
} from '../../webview/failures/messages';
import type { MessageHandlers } from '../webview/messenger';
import { exportedSet, exportExtension, exportName } from './exportRows';
import { openAnnotation } from './openAnnotation';
import { toProblem } from './predictClient';
import type { SessionEditor, SessionRun, WantedPredictions } from './sessionEditor';
import { SessionImages } from './sessionImages';
import { SessionMarks } from './sessionMarks';
import { SessionQuestions } from './sessionQuestions';
import { SessionSubset } from './sessionSubset';
import { otherPredictionsError, SetLoader } from './setLoader';
import { FileChangedError } from './shownFile';
import type { Thumbnails } from './thumbnails';

/**
 * The state of one panel: which predictions of a run it shows. Dispatches the requests of the page. `dispose` ends
 * everything that it started.
 */
export class FailuresSession implements MessageHandlers<FailuresContract> {
  private sets: PredictionSet[] = [];
  private selected: string | null = null;
  /** The latest load. */
  private loading: Promise<void> = Promise.resolve();
  private disposed = false;
  private readonly loader: SetLoader;
  private readonly marks: SessionMarks;
  private readonly images: SessionImages;
  private readonly subset: SessionSubset;
  private readonly questions: SessionQuestions;

  constructor(
    private readonly run: SessionRun,
    private wanted: WantedPredictions | null,
    private readonly thumbnails: Thumbnails,
    private readonly editor: SessionEditor,
  ) {
    this.selected = wanted?.identifier ?? null;
    this.loader = new SetLoader(run.folder, (message) => {
      editor.send(message);
      if (message.type === 'begin') this.marks.send(message.set.split);
    });
    this.marks = new SessionMarks(run.folder, () => this.loader.set?.split, editor);
    this.images = new SessionImages(run, this.loader, thumbnails, editor);
    this.subset = new SessionSubset(wanted?.subset ?? null, this.loader, editor);
    this.questions = new SessionQuestions(this.images, editor);
  }

  async ready(): Promise<void> {
    await this.questions.refreshAvailability();
    this.sets = await listSets(this.run.folder);
    this.editor.send({
      type: 'init',
      runFolder: this.run.folder,
      runName: this.run.name,
      missing: !(await pathExists(this.run.folder)),
      active: this.editor.isActive(),
      sets: this.sets,
      ask: this.questions.state,
      asked: this.questions.all,
    });
    this.sendFilters();
    await this.marks.reload().catch((error: unknown) => this.editor.problem('read notes', error));
    if (this.loader.set) {
      this.loading = this.loader.load(this.loader.set, this.selected, this.sets);
      await this.loading;
      await this.subset.send(false);
    } else {
      await this.openWanted();
    }
  }

  /** Shows another set of the run. */
  async show(wanted: WantedPredictions): Promise<void> {
    this.wanted = wanted;
    if (wanted.subset) this.subset.current = wanted.subset;
    if (wanted.identifier !== undefined) this.selected = wanted.identifier;
    const set = chooseSet(this.sets, wanted);
    if (!sameSet(set, this.loader.set)) return this.openWanted(wanted.subset !== undefined);
    // The panel shows these predictions already.
    await this.loading;
    const { generation } = this.loader;
    if (wanted.identifier !== undefined)
      this.editor.send({ type: 'select', generation, identifier: wanted.identifier });
    if (wanted.subset) await this.subset.send(true);
  }

  /** Call when files of the run changed. @param changed the set whose file changed, if known */
  async refresh(changed?: PredictionSet): Promise<void> {
    const before = this.sets;
    this.sets = await listSets(this.run.folder);
    // A configuration written meanwhile changes which images the page may show.
    await this.run.paths();
    if (this.disposed) return;
    if (JSON.stringify(before) !== JSON.stringify(this.sets))
      this.editor.send({ type: 'sets', sets: this.sets });
    if (!this.loader.set) await this.openWanted();
    else if (changed && sameSet(changed, this.loader.set)) await this.open(changed);
  }

  async notesChanged(): Promise<void> {
    await this.marks.reload();
  }

  /** Sends the saved filters. Call when they changed, in this panel or another. */
  sendFilters(): void {
    if (!this.disposed)
      this.editor.send({ type: 'savedFilters', filters: this.editor.filters.all() });
  }

  /** Call when trust was granted, or weights were saved. */
  async refreshAvailability(): Promise<void> {
    await this.questions.refreshAvailability();
  }

  async message(message: ToHost): Promise<void> {
    switch (message.type) {
      case 'open':
        this.selected = message.identifier;
        return this.open(message.set);
      case 'requestThumbnails':
        return this.images.sendThumbnails(message.generation, message.images);
      case 'selected':
        this.selected = message.identifier;
        return;
      case 'prepareQuestion':
        return this.prepareQuestion(message.generation, message.row);
      case 'clearSubset':
        this.subset.current = null;
        return;
      case 'allowMissing':
        this.questions.allowMissing = true;
        return;
      case 'manageTrust':
        return this.editor.command('trust');
      case 'openDashboard':
        return this.editor.command('dashboard');
      case 'openAnalysis':
        if (this.loader.set) this.editor.analyze(this.loader.set);
        return;
      case 'showLog':
        return this.editor.command('log');
    }
  }

  readonly requests: MessageHandlers<FailuresContract>['requests'] = {
    detail: async ({ generation, row }) => {
      const [left, right] = (await this.row(generation, row)).images;
      return { images: [await this.images.detail(left), await this.images.detail(right)] };
    },
    saveNote: async ({ split, identifier, note }) => {
      await this.marks.set(split, identifier, note);
      return null;
    },
    saveNotes: async ({ split, identifiers, change }) => {
      await this.marks.setMany(split, identifiers, change);
      return null;
    },
    saveFilter: async ({ name, filter }) => {
      await this.saveFilter(name, filter);
      return null;
    },
    openImage: async ({ generation, row, side }) => {
      const image = (await this.row(generation, row)).images[side];
      await this.editor.openFile(await this.images.require(image));
      return null;
    },
    openAnnotation: async ({ generation, row }) => {
      await openAnnotation(this.run, await this.row(generation, row), this.editor);
      return null;
    },
    copy: async ({ text }) => {
      await this.editor.copy(text);
      return null;
    },
    export: async ({ generation, format, rows }) => ({
      file: await this.export(generation, format, Array.from(rows)),
    }),
    ask: async ({ generation, row, ...question }) =>
      this.questions.ask(await this.row(generation, row), question),
    explain: async ({ generation, row, ...choice }) => {
      try {
        const example = await this.row(generation, row);
        return { explained: await this.questions.explain(example, choice), problem: null };
      } catch (error) {
        return { explained: null, problem: toProblem(error) };
      }
    },
    saveExplanation: async ({ generation, row, fade, ...choice }) => {
      const example = await this.row(generation, row);
      const picture = await this.questions.picture(example, choice, fade);
      // Other predictions may have been opened in the meantime.
      const { identifier } = await this.row(generation, row);
      const name = `${identifier.replace(/[^\w.-]+/g, '-')}-where.png`;
      return { file: await this.editor.save(name, 'png', [picture]) };
    },
  };

  failed(error: unknown, during: string): void {
    this.editor.problem(during, error);
  }

  dispose(): void {
    this.disposed = true;
    for (const part of [this.marks, this.images, this.subset]) part.dispose();
    this.loader.stop();
    this.questions.dispose();
  }

  /** Starts the process and encodes the images while the user writes the question. */
  private async prepareQuestion(generation: number, row: number): Promise<void> {
    if (this.questions.state.state === 'unavailable') return;
    await this.questions.prepare(await this.row(generation, row));
  }

  private async openWanted(fresh = false): Promise<void> {
    const set = chooseSet(this.sets, this.wanted);
    if (set) await this.open(set, fresh);
  }

  /** @param fresh whether the user has just chosen the subset */
  private async open(set: PredictionSet, fresh = false): Promise<void> {
    this.wanted = set;
    // Images may have changed since they were last read.
    this.thumbnails.clear();
    this.loading = this.loader.load(set, this.selected, this.sets);
    await this.loading;
    await this.subset.send(fresh);
  }

  /** @throws {UserError} when the row belongs to a set that is no longer shown, or can no longer be read. */
  private row(generation: number, row: number): Promise<Prediction> {
    return this.unchanged(this.loader.row(generation, row));
  }

  /** Resolves to `reading`. If the file has changed, loads it again: not every file system reports changes. */
  private async unchanged<T>(reading: Promise<T>): Promise<T> {
    const { generation, set } = this.loader;
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof FileChangedError)) throw error;
      if (set && generation === this.loader.generation) void this.open(set);
      throw otherPredictionsError();
    }
  }

  private async export(
    generation: number,
    format: ExportFormat,
    rows: readonly number[],
  ): Promise<string | null> {
    const { set } = this.loader;
    if (!set || generation !== this.loader.generation) return null;
    const row = await this.unchanged(this.loader.rows(generation));
    const at = (i: number) => row(rows[i] ?? -1);
    const pieces = exportedSet(format, rows.length, at, this.marks.of(set.split));
    const name = exportName(this.run.name, set, format);
    return this.editor.save(name, exportExtension(format), pieces);
  }

  /** Saves a filter for the workspace, replacing the one with the same name; null deletes it. */
  private async saveFilter(name: string, filter: SavedFilter['filter'] | null): Promise<void> {
    const { filters } = this.editor;
    const others = filters.all().filter((each) => each.name !== name);
    const all = filter === null ? others : [...others, { name, filter }];
    await filters.keep(all.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }
}
