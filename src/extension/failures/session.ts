import { join } from 'node:path';
import type { ConfigPaths } from '../../config/paths';
import { localize, formatMessage } from '../../util/localize';
import { isThere } from '../../util/isThere';
import { UserError } from '../../util/userError';
import {
  MOST_MARKED,
  type Asked,
  type AskedAbout,
  type AskState,
  type DetailImage,
  type ExplainChoice,
  type ExportFormat,
  type FailuresContract,
  type PredictionSet,
  type SavedFilter,
  type Subset,
  type ToHost,
  type ToWebview,
} from '../../webview/failures/messages';
import type { Translate } from '../translate';
import type { MessageHandlers } from '../webview/messenger';
import { findAnnotation, type AnnotationPlace } from './annotationLine';
import { exportedSet, exportExtension, exportName } from './exportRows';
import { NotesStore } from './notesStore';
import { asShown, pictureOf, requestOf } from './explained';
import { PredictClient, type Answer, type Question, shownProblem } from './predictClient';
import type { Launch } from '../trainer/process';
import { chooseSet, listSets, sameSet } from '../../run/read/predictionSets';
import { imageFile, imageProblem, type MayShow } from '../../run/runImages';
import type { Prediction } from '../../run/predictions';
import { otherPredictions, SetLoader } from './setLoader';
import { FileChanged } from './shownFile';
import type { Thumbnails } from './thumbnails';

/** What a session needs from the editor around it. */
export interface SessionEditor {
  send(message: ToWebview): void;
  /** Address under which the webview may load a file. */
  address(file: string): string;
  openFile(file: string, place?: AnnotationPlace): Promise<void>;
  copy(text: string): Promise<void>;
  /** Asks where to save and writes there. @returns the file's name, null when cancelled. */
  save(
    name: string,
    extension: string,
    pieces: Iterable<string | Uint8Array>,
  ): Promise<string | null>;
  command(command: 'dashboard' | 'trust' | 'log'): void;
  /** Opens the analysis of these predictions. */
  analyze(set: PredictionSet): void;
  /** Changes with the run's weights, so that the process is restarted with them. */
  checkpointStamp(): Promise<string>;
  /**
   * How to start the prediction process.
   * @param allowMissing whether random values may replace what the checkpoint lacks
   * @throws {UserError} when it must not or cannot.
   */
  launch(allowMissing: boolean): Promise<Launch>;
  /** Why nothing can be asked here at all; null when it can. */
  askUnavailable(): Promise<Extract<AskState, { state: 'unavailable' }> | null>;
  /** Whether the run is being trained. */
  isActive(): boolean;
  log(text: string): void;
  problem(doing: string, error: unknown): void;
  /** Which rows of a set belong to a subset. @throws {UserError} when they cannot be found out */
  examplesOf(set: PredictionSet, subset: Subset): Promise<{ title: string; rows: Int32Array }>;
  /** Filters that are kept for the workspace. */
  filters: {
    all(): SavedFilter[];
    /** Resolves when they are saved; every panel is notified. */
    keep(filters: SavedFilter[]): Promise<void>;
  };
  /** Whether images of a folder may be read. */
  mayShow: MayShow;
  /** Whether images may be decoded in this process. */
  mayDecode(): boolean;
  translate: Translate;
}

/** Which predictions to open with, and which example of them; the newest of val by default. */
export interface WantedPredictions {
  split?: PredictionSet['split'];
  epoch?: number | null;
  identifier?: string;
  /** Narrows the list. */
  subset?: Subset;
}

export interface SessionRun {
  folder: string;
  name: string;
  /** Image root and annotation files; null as long as the run has no configuration: it is asked again. */
  paths(): Promise<ConfigPaths | null>;
}

/** One panel's conversation about one run. Owns what it starts; `dispose` ends it all. */
export class FailuresSession implements MessageHandlers<FailuresContract> {
  private sets: PredictionSet[] = [];
  private selected: string | null = null;
  private subset: Subset | null = null;
  /** The load under way or done. */
  private loading: Promise<void> = Promise.resolve();
  private wantedImages = new Set<number>();
  private askState: AskState = { state: 'idle' };
  private disposed = false;
  /** Questions and answers by split and identifier; the page loses them whenever it is hidden. */
  private readonly asked = new Map<string, AskedAbout>();
  /** The person has chosen to ask an incomplete model, as long as the panel is open. */
  private allowMissing = false;
  /** Of the weights that the prediction process has. */
  private stamp: string | null = null;
  /** Split and identifier of the example whose images the process was last asked to encode. */
  private prepared: string | null = null;
  private readonly loader: SetLoader;
  private readonly notes: NotesStore;
  private readonly client: PredictClient;

  constructor(
    private readonly run: SessionRun,
    private wanted: WantedPredictions | null,
    private readonly thumbnails: Thumbnails,
    private readonly editor: SessionEditor,
  ) {
    this.selected = wanted?.identifier ?? null;
    this.subset = wanted?.subset ?? null;
    this.loader = new SetLoader(run.folder, (message) => {
      editor.send(message);
      if (message.type === 'begin') this.sendNotes(message.set.split);
    });
    this.notes = new NotesStore(join(run.folder, 'notes.json'), () => this.sendNotes());
    this.client = new PredictClient({
      launch: () => editor.launch(this.allowMissing),
      onState: (state) => this.setAskState(state),
      log: (line) => editor.log(line),
    });
  }

  get set(): PredictionSet | null {
    return this.loader.set;
  }

  async ready(): Promise<void> {
    await this.refreshAvailability();
    this.sets = await listSets(this.run.folder);
    this.editor.send({
      type: 'init',
      runFolder: this.run.folder,
      runName: this.run.name,
      missing: !(await isThere(this.run.folder)),
      active: this.editor.isActive(),
      sets: this.sets,
      ask: this.askState,
      asked: [...this.asked.values()],
    });
    this.sendFilters();
    await this.notes.reload().catch((error: unknown) => this.editor.problem('read notes', error));
    if (this.loader.set) {
      this.loading = this.loader.load(this.loader.set, this.selected, this.sets);
      await this.loading;
      await this.sendSubset(false);
    } else {
      await this.openWanted();
    }
  }

  /** Shows another set of the run. */
  async show(wanted: WantedPredictions): Promise<void> {
    this.wanted = wanted;
    if (wanted.subset) this.subset = wanted.subset;
    if (wanted.identifier !== undefined) this.selected = wanted.identifier;
    const set = chooseSet(this.sets, wanted);
    if (!sameSet(set, this.loader.set)) return this.openWanted(wanted.subset !== undefined);
    // These predictions are shown already.
    await this.loading;
    const { generation } = this.loader;
    if (wanted.identifier !== undefined)
      this.editor.send({ type: 'select', generation, identifier: wanted.identifier });
    if (wanted.subset) await this.sendSubset(true);
  }

  /** Files of the run changed: its sets, the set shown, or the notes. @param changed the file's name, if known. */
  async refresh(changed?: PredictionSet): Promise<void> {
    const before = this.sets;
    this.sets = await listSets(this.run.folder);
    // A configuration that has come meanwhile changes what the page may show.
    await this.run.paths();
    if (this.disposed) return;
    if (JSON.stringify(before) !== JSON.stringify(this.sets))
      this.editor.send({ type: 'sets', sets: this.sets });
    if (!this.loader.set) await this.openWanted();
    else if (changed && sameSet(changed, this.loader.set)) await this.open(changed);
  }

  async notesChanged(): Promise<void> {
    await this.notes.reload();
  }

  /** Filters were saved or deleted, in this panel or another. */
  sendFilters(): void {
    if (!this.disposed)
      this.editor.send({ type: 'savedFilters', filters: this.editor.filters.all() });
  }

  /** Trust was granted, or weights appeared. */
  async refreshAvailability(): Promise<void> {
    const unavailable = await this.editor.askUnavailable();
    if (unavailable) this.setAskState(unavailable);
    else if (this.askState.state === 'unavailable') this.setAskState({ state: 'idle' });
  }

  async message(message: ToHost): Promise<void> {
    switch (message.type) {
      case 'open':
        this.selected = message.identifier;
        return this.open(message.set);
      case 'wantThumbnails':
        return this.sendThumbnails(message.generation, message.images);
      case 'selected':
        this.selected = message.identifier;
        return;
      case 'prepareAsk':
        return this.prepareAsk(message.generation, message.row);
      case 'leaveSubset':
        this.subset = null;
        return;
      case 'allowMissing':
        this.allowMissing = true;
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
      const { images } = await this.row(generation, row);
      return { images: [await this.picture(images[0]), await this.picture(images[1])] };
    },
    saveNote: async ({ split, identifier, note }) => {
      await this.notes.set(split, identifier, note);
      return null;
    },
    saveNotes: async ({ split, identifiers, change }) => {
      if (identifiers.length > MOST_MARKED)
        throw new UserError(
          localize('{0} examples are too many to mark at once.', identifiers.length),
          { hint: localize('Narrow the list to at most {0}.', MOST_MARKED) },
        );
      await this.notes.setMany(split, identifiers, change);
      return null;
    },
    saveFilter: async ({ name, filter }) => {
      const others = this.editor.filters.all().filter((each) => each.name !== name);
      const all = filter === null ? others : [...others, { name, filter }];
      await this.editor.filters.keep(all.sort((a, b) => (a.name < b.name ? -1 : 1)));
      return null;
    },
    openImage: async ({ generation, row, side }) => {
      const image = (await this.row(generation, row)).images[side];
      await this.editor.openFile(await this.requireImage(image));
      return null;
    },
    openAnnotation: async ({ generation, row }) => {
      const example = await this.row(generation, row);
      const file = (await this.run.paths())?.annFiles[example.split];
      if (file === undefined)
        throw new UserError(localize('The annotation file of this run is not known.'), {
          hint: localize('Its config.yaml cannot be read, or has none for {0}.', example.split),
        });
      const place = await findAnnotation(file, example);
      if (place === null)
        throw new UserError(localize('{0} has no annotation of {1}.', file, example.identifier), {
          hint: localize('It may have changed since the predictions were made.'),
        });
      await this.editor.openFile(file, place);
      return null;
    },
    copy: async ({ text }) => {
      await this.editor.copy(text);
      return null;
    },
    export: async ({ generation, format, rows }) => ({
      file: await this.export(generation, format, Array.from(rows)),
    }),
    ask: async ({ generation, row, ...question }) => {
      const { images, identifier, split } = await this.row(generation, row);
      const order = question.swapImages ? ([images[1], images[0]] as const) : images;
      const asked = await this.ask(order, question.sentence).then(
        (answer): Asked => ({ ...question, answer, problem: null }),
        (error: unknown): Asked => ({ ...question, answer: null, problem: shownProblem(error) }),
      );
      this.keep(split, identifier, asked);
      return asked;
    },
    explain: async ({ generation, row, ...choice }) => {
      try {
        const question = await this.question(generation, row, choice);
        const explained = await this.client.explain(question, requestOf(choice));
        return { explained: await asShown(explained, question), problem: null };
      } catch (error) {
        return { explained: null, problem: shownProblem(error) };
      }
    },
    saveExplanation: async ({ generation, row, fade, ...choice }) => {
      const question = await this.question(generation, row, choice);
      const picture = await pictureOf((save) =>
        this.client.explain(question, { ...requestOf(choice), save, fade }),
      );
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
    this.loader.stop();
    this.client.dispose();
  }

  /** @throws {UserError} why there is no answer. */
  private async ask(images: readonly [string, string], sentence: string): Promise<Answer> {
    return this.client.ask(await this.filesOf(images, sentence));
  }

  private async question(
    generation: number,
    row: number,
    { swapImages, sentence }: Pick<ExplainChoice, 'swapImages' | 'sentence'>,
  ): Promise<Question> {
    const { images } = await this.row(generation, row);
    return this.filesOf(swapImages ? [images[1], images[0]] : images, sentence);
  }

  /**
   * The files of a question; a process that has older weights is ended.
   * @throws {UserError} why it cannot be asked.
   */
  private async filesOf(
    [left, right]: readonly [string, string],
    sentence: string,
  ): Promise<Question> {
    const unavailable = await this.editor.askUnavailable();
    if (unavailable) throw new UserError(unavailable.message);
    const files = { left: await this.requireImage(left), right: await this.requireImage(right) };
    const stamp = await this.editor.checkpointStamp();
    if (this.stamp !== stamp) this.client.restart();
    this.stamp = stamp;
    return { ...files, sentence };
  }

  private keep(split: PredictionSet['split'], identifier: string, asked: Asked): void {
    const key = keyOf(split, identifier);
    const questions = [...(this.asked.get(key)?.questions ?? []), asked];
    this.asked.set(key, { split, identifier, questions });
  }

  /** Has the process start and encode the images while the question is being written. */
  private async prepareAsk(generation: number, row: number): Promise<void> {
    if (this.askState.state === 'unavailable') return;
    const { images, sentence, identifier, split } = await this.row(generation, row);
    const example = keyOf(split, identifier);
    if (this.prepared === example && this.askState.state === 'ready') return;
    this.prepared = example;
    // A process that cannot start says so by its state; a bad image will say so when it is asked about.
    await this.ask(images, sentence).catch(() => undefined);
  }

  private async openWanted(fresh = false): Promise<void> {
    const set = chooseSet(this.sets, this.wanted);
    if (set) await this.open(set, fresh);
  }

  /** @param fresh the subset was asked for just now */
  private async open(set: PredictionSet, fresh = false): Promise<void> {
    this.wanted = set;
    // Pictures may have changed since they were last looked at.
    this.thumbnails.forget();
    this.loading = this.loader.load(set, this.selected, this.sets);
    await this.loading;
    await this.sendSubset(fresh);
  }

  /** Says which rows of the set shown the list is narrowed to; all of them must be there. */
  private async sendSubset(fresh: boolean): Promise<void> {
    const { subset } = this;
    const { set, generation } = this.loader;
    if (!subset || !set) return;
    const isWanted = (): boolean =>
      subset === this.subset && generation === this.loader.generation && !this.disposed;
    const say = (title: string, rows: Int32Array | null, problem?: string): void =>
      this.editor.send({
        type: 'subset',
        generation,
        subset,
        title,
        rows,
        fresh,
        ...(problem !== undefined && { problem }),
      });
    const name = nameOf(subset);
    say(name, null);
    try {
      const { title, rows } = await this.editor.examplesOf(set, subset);
      if (isWanted()) say(title, rows);
    } catch (error) {
      this.editor.problem('find the examples of a slice', error);
      const { message } = shownProblem(error);
      if (isWanted()) say(name, null, message);
    }
  }

  private sendNotes(split = this.loader.set?.split): void {
    if (split && !this.disposed) this.editor.send({ type: 'notes', notes: this.notes.of(split) });
  }

  private async sendThumbnails(generation: number, images: number[]): Promise<void> {
    if (generation !== this.loader.generation) return;
    const wanted = new Set(images);
    this.wantedImages = wanted;
    const isWanted = (image: number) => this.wantedImages.has(image) && !this.disposed;
    let items: { image: number; uri: string | null }[] = [];
    let sending: NodeJS.Immediate | undefined;
    const send = () => {
      sending = undefined;
      this.editor.send({ type: 'thumbnails', generation, items });
      items = [];
    };
    await Promise.all(
      images.map(async (image) => {
        const named = this.loader.imagePath(image);
        if (named === undefined) return;
        const { path, problem } = await this.image(named);
        const file = problem === null ? await this.small(path, () => isWanted(image)) : null;
        if (file === undefined) return;
        items.push({ image, uri: file === null ? null : this.editor.address(file) });
        // Those that were made before arrive together: one message, one rendering.
        sending ??= setImmediate(send);
      }),
    );
  }

  /** A picture for the list. In Restricted Mode no image is decoded here: the page, which is sandboxed, gets it whole. */
  private small(path: string, wanted: () => boolean): Promise<string | null | undefined> {
    return this.editor.mayDecode() ? this.thumbnails.get(path, wanted) : Promise.resolve(path);
  }

  /** The path of an image of a prediction, and why it cannot be shown. */
  private async image(named: string): Promise<{ path: string; problem: string | null }> {
    const imageRoot = (await this.run.paths())?.imageRoot ?? null;
    const path = imageFile(imageRoot, named);
    const { translate, mayShow } = this.editor;
    const problem = await imageProblem(imageRoot, path, mayShow);
    return { path, problem: problem === null ? null : formatMessage(problem, translate) };
  }

  /**
   * @returns the file.
   * @throws {UserError} when a prediction names a file that is not one of the run's images, as a damaged one may.
   */
  private async requireImage(image: string): Promise<string> {
    const { path, problem } = await this.image(image);
    if (problem !== null) throw new UserError(localize('{0}: {1}', path, problem));
    return path;
  }

  private async picture(image: string): Promise<DetailImage> {
    const { path, problem } = await this.image(image);
    return problem === null
      ? { path, uri: this.editor.address(path) }
      : { path, uri: null, problem };
  }

  /** @throws {UserError} when the row belongs to a set that is no longer shown, or cannot be read any more. */
  private row(generation: number, row: number): Promise<Prediction> {
    return this.unchanged(this.loader.row(generation, row));
  }

  /** What was read of the file shown; one that has changed is loaded again, also where no watcher says so. */
  private async unchanged<T>(reading: Promise<T>): Promise<T> {
    const { generation, set } = this.loader;
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof FileChanged)) throw error;
      if (set && generation === this.loader.generation) void this.open(set);
      throw otherPredictions();
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
    const pieces = exportedSet(format, rows.length, at, this.notes.of(set.split));
    const name = exportName(this.run.name, set, format);
    return this.editor.save(name, exportExtension(format), pieces);
  }

  private setAskState(state: AskState): void {
    if (JSON.stringify(state) === JSON.stringify(this.askState)) return;
    this.askState = state;
    if (!this.disposed) this.editor.send({ type: 'askState', ask: state });
  }
}

/** What a subset is called until its title is known. */
function nameOf(subset: Subset): string {
  switch (subset.kind) {
    case 'slice':
      return `${subset.slice} = ${subset.value}`;
    case 'fate':
      return subset.fate;
    case 'robustness':
      return subset.test;
    case 'comparison':
      return subset.title;
  }
}

/** No split has a slash in its name. */
function keyOf(split: PredictionSet['split'], identifier: string): string {
  return `${split}/${identifier}`;
}
