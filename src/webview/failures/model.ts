import type {
  Asked,
  AskedAbout,
  AskState,
  DetailImage,
  ExampleNote,
  ExportFormat,
  FailuresRequests,
  PanelState,
  NoteChange,
  PredictionSet,
  SavedFilter,
  Subset,
  ToHost,
  ToWebview,
} from './messages';
import { Explaining, type ExplainedQuestion } from './explaining';
import { Drafts, type Draft } from './drafts';
import { countVerdicts, DEFAULT_FILTER, filterRows, type Filter } from './filter';
import { Rows } from './rows';
import { problemOf, Questions, type Question } from './questions';
import { sortRows, type Sort } from './sort';
import { ThumbnailCache } from './thumbnailCache';

/** The host as the model sees it. */
export interface Host {
  send(message: ToHost): void;
  request<N extends keyof FailuresRequests>(
    name: N,
    params: FailuresRequests[N]['params'],
  ): Promise<FailuresRequests[N]['result']>;
}

/** How the examples are shown: with their sentences, or as pairs of pictures. */
export type Layout = 'list' | 'grid';

/** What survives a reload of the page. */
export interface ViewState extends PanelState {
  filter: Filter;
  sort: Sort;
  reverse: boolean;
  /** Width of the list as a share of the panel. */
  listShare: number;
  /** The next example is shown at the zoom of the one before. */
  keepZoom: boolean;
  layout: Layout;
  drafts: readonly Draft[];
  /** The host loses what was asked with its window, so the page keeps the latest. */
  asked: readonly AskedAbout[];
}

export type Loading =
  | { state: 'none' }
  | { state: 'loading'; share: number }
  | { state: 'ready'; skipped: number; firstProblem: string | undefined; incomplete: boolean }
  | { state: 'failed'; message: string; hint: string | undefined };

export interface Notice {
  level: 'info' | 'error';
  message: string;
}

/** Rows and the set that they are of. */
interface Page {
  readonly rows: Rows;
  readonly set: PredictionSet | null;
}

/** A set that is being loaded and not shown yet. */
interface Incoming {
  generation: number;
  set: PredictionSet;
  rows: Rows;
  select: string | null;
}

/** What the list is narrowed to. */
export interface ShownSubset {
  of: Subset;
  title: string;
  /** 1 for each of its rows; null while they are not known. */
  mask: Uint8Array | null;
  /** Why they cannot be known. */
  problem: string | undefined;
}

/** Of examples that are passed by faster than this, as by a key that is held, only the last one's images are loaded. */
const HURRY_MS = 80;

/** Rows that arrive are shown in steps of this many milliseconds, so that loading leaves time to scroll. */
const REFRESH_MS = 200;

/**
 * The panel's state, without DOM: what the host sent, what the user chose, and what follows from both.
 * Every change ends in `changed`.
 */
export class Model {
  run: Extract<ToWebview, { type: 'init' }> | null = null;
  sets: PredictionSet[] = [];
  set: PredictionSet | null = null;
  loading: Loading = { state: 'none' };
  rows = new Rows();
  filter: Filter = DEFAULT_FILTER;
  sort: Sort = 'wrong';
  reverse = false;
  listShare = 0.38;
  keepZoom = false;
  layout: Layout = 'list';
  /** Pairs in a line of the grid, as it was last drawn. */
  gridColumns = 1;
  /** Rows that pass the filter, in order. */
  shown = new Int32Array(0);
  counts = { wrong: 0, right: 0, unlabelled: 0 };
  /** Row number, -1 for none. */
  selected = -1;
  images: [DetailImage, DetailImage] | null = null;
  /** null for all examples. */
  subset: ShownSubset | null = null;
  formats: ExportFormat[] = [];
  /** Of the workspace. */
  savedFilters: SavedFilter[] = [];
  ask: AskState = { state: 'idle' };
  notice: Notice | null = null;
  /** A newer epoch of the split shown, not yet looked at. */
  newer: PredictionSet | null = null;
  readonly thumbnails: ThumbnailCache;
  readonly questions: Questions;
  readonly explaining: Explaining;
  private readonly drafts: Drafts;
  /** A load whose rows are not shown yet: until then the old ones stay, and the focus with them. */
  private incoming: Incoming | null = null;
  private generation = 0;
  private bytes = 0;
  private wantedIdentifier: string | null = null;
  /** The person has not chosen an example: the first of the list is shown. */
  private following = true;
  private order: Int32Array<ArrayBuffer> | null = null;
  private rooms: [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>] = [
    new Int32Array(0),
    new Int32Array(0),
  ];
  /** Rows that `counts` is of, -1 for other rows. */
  private counted = -1;
  private chosenAt = -Infinity;
  private detailTimer: ReturnType<typeof setTimeout> | undefined;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
    private readonly saveState: (state: ViewState) => void,
    state: Partial<ViewState>,
  ) {
    this.thumbnails = new ThumbnailCache((images) =>
      host.send({ type: 'wantThumbnails', generation: this.generation, images }),
    );
    this.questions = new Questions(
      (params) => host.request('ask', params),
      () => {
        this.save();
        changed();
      },
    );
    this.questions.restore(state.asked ?? []);
    this.explaining = new Explaining(
      {
        explain: (choice) =>
          host.request('explain', { generation: this.generation, row: this.selected, ...choice }),
        save: (choice, fade) =>
          this.reported(
            host.request('saveExplanation', {
              ...{ generation: this.generation, row: this.selected },
              ...choice,
              fade,
            }),
          ),
      },
      changed,
    );
    this.drafts = new Drafts(state.drafts);
    this.filter = { ...DEFAULT_FILTER, ...state.filter };
    this.sort = state.sort ?? this.sort;
    this.reverse = state.reverse ?? this.reverse;
    if (state.subset) this.subset = { of: state.subset, title: '', mask: null, problem: undefined };
    this.listShare = state.listShare ?? this.listShare;
    this.keepZoom = state.keepZoom ?? this.keepZoom;
    this.layout = state.layout ?? this.layout;
  }

  receive(message: ToWebview): void {
    const generation = this.incoming?.generation ?? this.generation;
    const rows = this.incoming?.rows ?? this.rows;
    if ('generation' in message && message.type !== 'begin' && message.generation !== generation)
      return;
    switch (message.type) {
      case 'init':
        this.run = message;
        this.ask = message.ask;
        this.questions.restore(message.asked);
        this.takeSets(message.sets);
        break;
      case 'sets':
        this.takeSets(message.sets);
        break;
      case 'begin':
        this.begin(message);
        break;
      case 'rows':
        rows.append(message.columns);
        this.loading = {
          state: 'loading',
          share: this.bytes === 0 ? 1 : message.bytesRead / this.bytes,
        };
        this.order = null;
        if (this.incoming === null) this.refreshSoon();
        else if (isIn(rows.identifiers, this.incoming.select)) this.adopt();
        break;
      case 'end':
        this.formats = message.formats;
        this.loading = {
          state: 'ready',
          skipped: message.skipped,
          firstProblem: message.firstProblem,
          incomplete: message.incomplete,
        };
        if (this.incoming) this.adopt();
        else this.refresh();
        break;
      case 'loadFailed':
        this.adopt();
        this.loading = { state: 'failed', message: message.message, hint: message.hint };
        break;
      case 'history':
        this.rows.history.set(message.epoch, message.answers);
        if (this.filter.change !== 'any') this.refreshSoon();
        break;
      case 'notes':
        rows.notes = new Map(Object.entries(message.notes));
        if (!this.incoming && this.filterReadsNotes) this.refresh();
        break;
      case 'savedFilters':
        this.savedFilters = message.filters;
        break;
      case 'subset':
        this.takeSubset(message);
        break;
      case 'select':
        this.wantedIdentifier = message.identifier;
        this.refresh();
        this.save();
        break;
      case 'thumbnails':
        this.thumbnails.add(message.items);
        break;
      case 'askState':
        this.ask = message.ask;
        break;
    }
    this.changed();
  }

  open(set: PredictionSet): void {
    const identifier = set.split === this.set?.split ? this.selectedIdentifier() : null;
    this.host.send({ type: 'open', set, identifier });
  }

  setFilter(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change };
    this.refresh(true);
    this.save();
    this.changed();
  }

  /** How many rows another filter would show. */
  countOf(filter: Filter): number {
    const all = this.order ?? sortRows(this.rows, this.sort, this.reverse);
    const epoch = this.set?.epoch ?? null;
    const room = new Int32Array(all.length);
    return filterRows(this.rows, all, filter, epoch, room, this.subset?.mask).length;
  }

  /** Shows the examples outside the subset as well. */
  leaveSubset(): void {
    this.subset = null;
    this.counted = -1;
    this.host.send({ type: 'leaveSubset' });
    this.refresh(true);
    this.save();
    this.changed();
  }

  setSort(sort: Sort, reverse: boolean): void {
    this.sort = sort;
    this.reverse = reverse;
    this.order = null;
    this.refresh();
    this.save();
    this.changed();
  }

  setListShare(share: number): void {
    this.listShare = Math.min(0.75, Math.max(0.15, share));
    this.save();
    this.changed();
  }

  setKeepZoom(keepZoom: boolean): void {
    this.keepZoom = keepZoom;
    this.save();
    this.changed();
  }

  /** The question that is being written about the example of a row: at first its own sentence. */
  draftOf(row: number): Pick<Draft, 'sentence' | 'swapped'> {
    const draft = this.set && this.drafts.of(this.set.split, this.rows.identifierOf(row));
    return draft ?? { sentence: this.rows.sentenceOf(row), swapped: false };
  }

  /** The question whose explanation may be shown now. */
  explainedQuestion(row: number): ExplainedQuestion {
    const { sentence, swapped } = this.draftOf(row);
    const example = `${this.set?.split}/${this.rows.identifierOf(row)}`;
    return { example, sentence: sentence.trim(), swapImages: swapped };
  }

  setDraft(row: number, change: Partial<Pick<Draft, 'sentence' | 'swapped'>>): void {
    if (!this.set) return;
    const { split } = this.set;
    const identifier = this.rows.identifierOf(row);
    const draft = { ...this.draftOf(row), ...change };
    if (draft.sentence === this.rows.sentenceOf(row) && !draft.swapped)
      this.drafts.remove(split, identifier);
    else this.drafts.set({ split, identifier, sentence: draft.sentence, swapped: draft.swapped });
    this.save();
    this.changed();
  }

  /** The set that is shown, or that is about to be. */
  get chosenSet(): PredictionSet | null {
    return this.incoming?.set ?? this.set;
  }

  /** Position of the selected row in the list, -1 when it is not in it. */
  get position(): number {
    return this.shown.indexOf(this.selected);
  }

  /** Shows an example, whether or not it is in the list. */
  select(row: number): void {
    this.following = false;
    this.wantedIdentifier = null;
    // Of all that was chosen, the last is kept when the rows change under it.
    if (this.incoming && this.incoming.set.split === this.set?.split)
      this.incoming.select = this.rows.identifierOf(row);
    this.choose(row);
    this.save();
    this.changed();
  }

  /** Moves the selection in the list; stays within it. */
  moveTo(position: number): void {
    if (this.shown.length === 0) return;
    const row = this.shown[Math.min(this.shown.length - 1, Math.max(0, position))];
    if (row !== undefined) this.select(row);
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
    this.save();
    this.changed();
  }

  /** Moves among the examples of the same sentence; goes round. */
  moveTogether(step: 1 | -1): void {
    if (this.selected < 0) return;
    const together = this.rows.together(this.selected);
    const at = together.indexOf(this.selected);
    const row = together[(at + step + together.length) % together.length];
    if (row !== undefined && row !== this.selected) this.select(row);
  }

  /** @param page what the row is a row of: a note may be finished after other rows have taken its place. */
  async setNote(row: number, change: Partial<ExampleNote>, page: Page = this): Promise<void> {
    const { rows, set } = page;
    if (!set) return;
    const identifier = rows.identifierOf(row);
    const before = rows.noteOf(row);
    const note = { ...before, ...change };
    if (JSON.stringify(note) === JSON.stringify(before)) return;
    for (const shown of [page, this, this.incoming])
      if (shown?.set?.split === set.split) shown.rows.notes.set(identifier, note);
    this.changed();
    await this.reported(this.host.request('saveNote', { split: set.split, identifier, note }));
  }

  /**
   * Marks, unmarks or tags all examples of the list.
   * @returns how many; null when they were not changed
   */
  async markShown(change: NoteChange): Promise<number | null> {
    const { rows, set } = this;
    if (!set) return null;
    const identifiers = Array.from(this.shown, (row) => rows.identifierOf(row));
    const params = { split: set.split, identifiers, change };
    try {
      // The host sends all notes again.
      await this.host.request('saveNotes', params);
      return identifiers.length;
    } catch (error) {
      this.say(error);
      return null;
    }
  }

  /** Keeps the filter that is set, under a name. */
  async saveFilter(name: string): Promise<void> {
    await this.reported(this.host.request('saveFilter', { name, filter: { ...this.filter } }));
  }

  async deleteFilter(name: string): Promise<void> {
    await this.reported(this.host.request('saveFilter', { name, filter: null }));
  }

  /** Sets a filter that was kept; one of an older version has fewer fields. */
  applyFilter({ filter }: SavedFilter): void {
    this.setFilter({ ...DEFAULT_FILTER, ...filter });
  }

  openImage(row: number, side: 0 | 1): Promise<unknown> {
    return this.reported(
      this.host.request('openImage', { generation: this.generation, row, side }),
    );
  }

  openAnnotation(row: number): Promise<unknown> {
    return this.reported(this.host.request('openAnnotation', { generation: this.generation, row }));
  }

  copy(text: string): Promise<unknown> {
    return this.reported(this.host.request('copy', { text }));
  }

  /** Exports the rows of the list in its order. @returns the file's name, null when cancelled or failed. */
  async export(format: ExportFormat): Promise<string | null> {
    const rows = this.shown.slice();
    const saved = await this.reported(
      this.host.request('export', { generation: this.generation, format, rows }),
    );
    return saved?.file ?? null;
  }

  /** What was asked about the example of a row, oldest first. */
  askedAbout(row: number): readonly Asked[] {
    return this.set ? this.questions.of(this.set.split, this.rows.identifierOf(row)) : [];
  }

  /** Asks the model about the example of a row. @throws {Error} when there are no rows. */
  async askAbout(row: number, question: Question): Promise<Asked> {
    if (!this.set) throw new Error('no predictions are shown');
    const place = { generation: this.generation, row };
    return this.questions.add(this.set.split, this.rows.identifierOf(row), question, place);
  }

  /** Somebody is about to ask about the example of a row. */
  prepareAsk(row: number): void {
    if (this.ask.state !== 'unavailable')
      this.host.send({ type: 'prepareAsk', generation: this.generation, row });
  }

  send(message: ToHost): void {
    this.host.send(message);
  }

  /** Says something good, on the page and to a screen reader. */
  inform(message: string, say: (text: string) => void): void {
    this.notice = { level: 'info', message };
    say(message);
    this.changed();
  }

  dismissNotice(): void {
    this.notice = null;
    this.changed();
  }

  private takeSubset(message: Extract<ToWebview, { type: 'subset' }>): void {
    const { subset, title, rows, problem, fresh } = message;
    const mask = rows && new Uint8Array(this.rows.count);
    for (const row of rows ?? []) if (mask) mask[row] = 1;
    const isNew = fresh || JSON.stringify(subset) !== JSON.stringify(this.subset?.of);
    // Its right answers count as well; what narrowed the list before has nothing to do with it.
    if (isNew && rows === null && problem === undefined)
      this.filter = { ...DEFAULT_FILTER, show: 'all' };
    this.subset = { of: subset, title, mask, problem };
    this.counted = -1;
    this.refresh(true);
    this.save();
  }

  private get filterReadsNotes(): boolean {
    const { marked, tag, search } = this.filter;
    return marked || tag !== null || search !== '';
  }

  private takeSets(sets: PredictionSet[]): void {
    this.sets = sets;
    const latest = sets.filter((set) => set.split === this.set?.split && set.epoch !== null).at(-1);
    const shownEpoch = this.set?.epoch ?? null;
    const isNewer = latest && shownEpoch !== null && (latest.epoch ?? 0) > shownEpoch;
    this.newer = isNewer ? latest : null;
  }

  private begin({ generation, set, bytes, select }: Extract<ToWebview, { type: 'begin' }>): void {
    this.bytes = bytes;
    this.incoming = { generation, set, select, rows: new Rows() };
    this.loading = { state: 'loading', share: 0 };
  }

  /** Shows the incoming rows in place of the old ones. */
  private adopt(): void {
    if (!this.incoming) return;
    const { generation, set, rows, select } = this.incoming;
    this.incoming = null;
    this.generation = generation;
    this.set = set;
    this.rows = rows;
    this.thumbnails.clear();
    // Its rows are others here; they come when all rows are there.
    if (this.subset) this.subset = { ...this.subset, mask: null };
    this.order = null;
    this.counted = -1;
    this.selected = -1;
    this.images = null;
    clearTimeout(this.detailTimer);
    this.wantedIdentifier = select;
    this.following = select === null;
    this.takeSets(this.sets);
    this.refresh();
    this.save();
  }

  private refreshSoon(): void {
    // The first rows are shown immediately.
    if (this.shown.length === 0 && this.refreshTimer === undefined) {
      this.refresh();
      this.changed();
    }
    this.refreshTimer ??= setTimeout(() => {
      this.refresh();
      this.changed();
    }, REFRESH_MS);
  }

  /** Recomputes which rows are shown. */
  private refresh(newFilter = false): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    if (this.counted !== this.rows.count) {
      this.counts = countVerdicts(this.rows, this.subset?.mask);
      this.counted = this.rows.count;
    }
    this.order ??= sortRows(this.rows, this.sort, this.reverse);
    const epoch = this.set?.epoch ?? null;
    const room = this.roomFor(this.order);
    const mask = this.subset?.mask ?? null;
    this.shown = filterRows(this.rows, this.order, this.filter, epoch, room, mask);
    if (this.wantedIdentifier !== null) {
      const row = this.rows.identifiers.indexOf(this.wantedIdentifier);
      // It may be in the rows to come.
      if (row < 0 && this.loading.state === 'loading') return;
      this.wantedIdentifier = null;
      this.following = row < 0;
      if (row >= 0) return this.choose(row);
    }
    if (this.following) this.choose(this.shown[0] ?? -1);
    // An example reached by its group, or whose mark was taken away, stays; a new filter asks for others.
    else if (newFilter && !this.shown.includes(this.selected)) this.choose(this.shown[0] ?? -1);
  }

  /**
   * Room for a second list next to the one that is shown. The two take turns: a slider asks for sixty lists a second, and to
   * collect as many arrays would cost frames.
   */
  private roomFor({ length }: Int32Array): Int32Array<ArrayBuffer> {
    const [room, other] = this.rooms;
    const enough = room.length >= length ? room : new Int32Array(length);
    this.rooms = [other, enough];
    return enough;
  }

  private choose(row: number): void {
    if (row === this.selected) return;
    const hurried = performance.now() - this.chosenAt < HURRY_MS;
    this.chosenAt = performance.now();
    this.selected = row;
    this.images = null;
    clearTimeout(this.detailTimer);
    if (row < 0) return;
    if (hurried) this.detailTimer = setTimeout(() => this.showDetail(row), HURRY_MS);
    else this.showDetail(row);
  }

  private showDetail(row: number): void {
    this.host.send({ type: 'selected', identifier: this.rows.identifierOf(row) });
    const { generation } = this;
    this.host.request('detail', { generation, row }).then(
      ({ images }) => {
        if (generation !== this.generation || row !== this.selected) return;
        this.images = images;
        this.changed();
      },
      (error: unknown) => {
        if (generation === this.generation && row === this.selected && !this.incoming)
          this.say(error);
      },
    );
  }

  private selectedIdentifier(): string | null {
    return this.selected < 0 || this.following ? null : this.rows.identifierOf(this.selected);
  }

  /** Shows a failed request as a notice. */
  private async reported<T>(request: Promise<T>): Promise<T | null> {
    try {
      return await request;
    } catch (error) {
      this.say(error);
      return null;
    }
  }

  private say(error: unknown): void {
    const { message, hint } = problemOf(error);
    this.notice = { level: 'error', message: hint === undefined ? message : `${message} ${hint}` };
    this.changed();
  }

  private save(): void {
    const { set, filter, sort, reverse, listShare, keepZoom } = this;
    if (!this.run) return;
    this.saveState({
      runFolder: this.run.runFolder,
      set,
      identifier: this.wantedIdentifier ?? this.selectedIdentifier(),
      filter,
      sort,
      reverse,
      listShare,
      keepZoom,
      layout: this.layout,
      subset: this.subset?.of ?? null,
      drafts: this.drafts.all,
      asked: this.questions.latest(),
    });
  }
}

/** Whether the example to show first is among these; without one, any will do. */
function isIn(identifiers: readonly string[], wanted: string | null): boolean {
  return wanted === null || identifiers.includes(wanted);
}
