import { QuestionsModel } from './questionsModel';
import { ExampleList, type ShownSubset } from './exampleList';
import { DEFAULT_FILTER, type Filter } from './filter';
import type { Host } from './host';
import { NoteEditor } from './noteEditor';
import type {
  DetailImage,
  ExampleNote,
  ExportFormat,
  NoteChange,
  PredictionSet,
  SavedFilter,
  ToHost,
  ToWebview,
} from './messages';
import { Notices, type Notice } from './notices';
import type { Rows } from './rows';
import { Selection } from './selection';
import { ShownSet, type Loading, type RowsOfSet } from './shownSet';
import type { Sort } from './sort';
import { ThumbnailCache } from './thumbnailCache';
import {
  clampListShare,
  viewOptionsOf,
  type Layout,
  type ViewOptions,
  type ViewState,
} from './viewState';

/** Interval in milliseconds between refreshes while rows arrive, so that scrolling stays responsive. */
const REFRESH_MS = 200;
/** The interval is at least this multiple of the last refresh, which takes tenths of a second for a million rows. */
const REFRESH_MULTIPLE = 10;

/**
 * State of the panel, independent of the DOM: data from the host, choices of the user, and derived data. The model
 * coordinates its parts. Every change calls `changed`.
 */
export class Model {
  run: Extract<ToWebview, { type: 'init' }> | null = null;
  sets: PredictionSet[] = [];
  /** Number of pairs per line of the grid in the last rendering. */
  gridColumns = 1;
  /** Saved filters of the workspace. */
  savedFilters: SavedFilter[] = [];
  /** Predictions of a newer epoch of the shown split; null if there are none. */
  newer: PredictionSet | null = null;
  readonly thumbnails: ThumbnailCache;
  readonly questions: QuestionsModel;
  readonly notices: Notices;
  private readonly shownSet = new ShownSet();
  private readonly list: ExampleList;
  private readonly selection: Selection;
  private readonly noteEditor: NoteEditor;
  private options: ViewOptions;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  /** Duration of the last refresh in milliseconds. */
  private refreshDuration = 0;

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
    private readonly saveState: (state: ViewState) => void,
    state: Partial<ViewState>,
  ) {
    const { shownSet } = this;
    this.thumbnails = new ThumbnailCache((images) =>
      host.send({ type: 'requestThumbnails', generation: shownSet.generation, images }),
    );
    this.notices = new Notices(changed);
    this.list = new ExampleList(shownSet, state);
    this.selection = new Selection(host, shownSet, this.notices, changed);
    this.noteEditor = new NoteEditor(host, shownSet, this.notices, changed);
    const asked = () => this.saveAndNotify();
    this.questions = new QuestionsModel(
      host,
      shownSet,
      this.selection,
      this.notices,
      asked,
      changed,
      state,
    );
    this.options = viewOptionsOf(state);
  }

  get set(): PredictionSet | null {
    return this.shownSet.set;
  }

  /** The shown set, or the one that is being loaded. */
  get chosenSet(): PredictionSet | null {
    return this.shownSet.chosen;
  }

  get rows(): Rows {
    return this.shownSet.rows;
  }

  get loading(): Loading {
    return this.shownSet.loading;
  }

  get formats(): ExportFormat[] {
    return this.shownSet.formats;
  }

  get filter(): Filter {
    return this.list.filter;
  }

  get sort(): Sort {
    return this.list.sort;
  }

  get reverse(): boolean {
    return this.list.reverse;
  }

  /** null for all examples. */
  get subset(): ShownSubset | null {
    return this.list.subset;
  }

  /** Rows that pass the filter, in order. */
  get shown(): Int32Array<ArrayBuffer> {
    return this.list.shown;
  }

  get counts(): ExampleList['counts'] {
    return this.list.counts;
  }

  /** Row number, -1 for none. */
  get selected(): number {
    return this.selection.row;
  }

  /** Position of the selected row in the list; -1 if the list does not contain it. */
  get position(): number {
    return this.shown.indexOf(this.selected);
  }

  get images(): [DetailImage, DetailImage] | null {
    return this.selection.images;
  }

  get notice(): Notice | null {
    return this.notices.current;
  }

  get listShare(): number {
    return this.options.listShare;
  }

  get keepZoom(): boolean {
    return this.options.keepZoom;
  }

  get layout(): Layout {
    return this.options.layout;
  }

  receive(message: ToWebview): void {
    const { shownSet } = this;
    if (!shownSet.isCurrent(message)) return;
    switch (message.type) {
      case 'init':
        this.run = message;
        this.questions.process = message.ask;
        this.questions.history.restore(message.asked);
        this.setPredictionSets(message.sets);
        break;
      case 'sets':
        this.setPredictionSets(message.sets);
        break;
      case 'begin':
        shownSet.begin(message);
        break;
      case 'rows':
        shownSet.append(message);
        this.list.rowsAdded();
        if (!shownSet.hasIncoming) this.scheduleRefresh();
        else if (shownSet.canShowIncoming) this.showIncoming();
        break;
      case 'end':
        shownSet.end(message);
        if (shownSet.hasIncoming) this.showIncoming();
        else this.refresh();
        break;
      case 'loadFailed':
        this.showIncoming();
        shownSet.fail(message);
        break;
      case 'history':
        shownSet.rows.history.set(message.epoch, message.answers);
        if (this.filter.change !== 'any') this.scheduleRefresh();
        break;
      case 'notes':
        shownSet.setNotes(message.notes);
        if (!shownSet.hasIncoming && this.list.filterReadsNotes) this.refresh();
        break;
      case 'savedFilters':
        this.savedFilters = message.filters;
        break;
      case 'subset':
        this.list.narrow(message);
        this.refresh(true);
        this.save();
        break;
      case 'select':
        this.selection.selectWhenLoaded(message.identifier);
        this.refresh();
        this.save();
        break;
      case 'thumbnails':
        this.thumbnails.add(message.items);
        break;
      case 'askState':
        this.questions.process = message.ask;
        break;
    }
    this.changed();
  }

  open(set: PredictionSet): void {
    const identifier = set.split === this.set?.split ? this.selection.identifier : null;
    this.host.send({ type: 'open', set, identifier });
  }

  setFilter(change: Partial<Filter>): void {
    this.list.filter = { ...this.filter, ...change };
    this.refresh(true);
    this.saveAndNotify();
  }

  /** Number of rows that another filter would show. */
  countOf(filter: Filter): number {
    return this.list.countOf(filter);
  }

  /** Lists all examples again. */
  clearSubset(): void {
    this.list.clearSubset();
    this.host.send({ type: 'clearSubset' });
    this.refresh(true);
    this.saveAndNotify();
  }

  setSort(sort: Sort, reverse: boolean): void {
    this.list.setSort(sort, reverse);
    this.refresh();
    this.saveAndNotify();
  }

  /** Saves the current filter under a name. */
  async saveFilter(name: string): Promise<void> {
    const params = { name, filter: { ...this.filter } };
    await this.notices.catchErrors(this.host.request('saveFilter', params));
  }

  async deleteFilter(name: string): Promise<void> {
    await this.notices.catchErrors(this.host.request('saveFilter', { name, filter: null }));
  }

  /** Applies a saved filter. One from an older version may have fewer fields. */
  applyFilter({ filter }: SavedFilter): void {
    this.setFilter({ ...DEFAULT_FILTER, ...filter });
  }

  setListShare(share: number): void {
    this.setOptions({ listShare: clampListShare(share) });
  }

  setKeepZoom(keepZoom: boolean): void {
    this.setOptions({ keepZoom });
  }

  setLayout(layout: Layout): void {
    this.setOptions({ layout });
  }

  /** Shows an example, whether or not it is in the list. */
  select(row: number): void {
    this.selection.select(row);
    this.saveAndNotify();
  }

  /** Selects the example at a position of the list, clamped to its length. */
  moveTo(position: number): void {
    if (this.shown.length === 0) return;
    const row = this.shown[Math.min(this.shown.length - 1, Math.max(0, position))];
    if (row !== undefined) this.select(row);
  }

  /** Selects the next example of the same sentence, cyclically. */
  moveInGroup(step: 1 | -1): void {
    const row = this.selection.neighborInGroup(step);
    if (row !== undefined) this.select(row);
  }

  /** @param of rows that contain the row: other rows may be shown by the time a note is finished */
  setNote(row: number, change: Partial<ExampleNote>, of: RowsOfSet = this): Promise<void> {
    const { rows, set } = of;
    return this.noteEditor.setNote(row, change, { rows, set });
  }

  /**
   * Marks, unmarks or tags all examples of the list.
   * @returns the number of changed examples; null on failure
   */
  markShown(change: NoteChange): Promise<number | null> {
    return this.noteEditor.markAll(this.shown, change);
  }

  openImage(row: number, side: 0 | 1): Promise<unknown> {
    const { generation } = this.shownSet;
    return this.notices.catchErrors(this.host.request('openImage', { generation, row, side }));
  }

  openAnnotation(row: number): Promise<unknown> {
    const { generation } = this.shownSet;
    return this.notices.catchErrors(this.host.request('openAnnotation', { generation, row }));
  }

  copy(text: string): Promise<unknown> {
    return this.notices.catchErrors(this.host.request('copy', { text }));
  }

  /** Exports the rows of the list in its order. @returns the name of the file; null if canceled or failed */
  async export(format: ExportFormat): Promise<string | null> {
    const { generation } = this.shownSet;
    const rows = this.shown.slice();
    const request = this.host.request('export', { generation, format, rows });
    return (await this.notices.catchErrors(request))?.file ?? null;
  }

  send(message: ToHost): void {
    this.host.send(message);
  }

  private setOptions(change: Partial<ViewOptions>): void {
    this.options = { ...this.options, ...change };
    this.saveAndNotify();
  }

  private setPredictionSets(sets: PredictionSet[]): void {
    this.sets = sets;
    const latest = sets.filter((set) => set.split === this.set?.split && set.epoch !== null).at(-1);
    const shownEpoch = this.set?.epoch ?? null;
    const isNewer = latest && shownEpoch !== null && (latest.epoch ?? 0) > shownEpoch;
    this.newer = isNewer ? latest : null;
  }

  /** Replaces the shown rows by the incoming ones. */
  private showIncoming(): void {
    const incoming = this.shownSet.showIncoming();
    if (!incoming) return;
    this.thumbnails.clear();
    this.list.rowsReplaced();
    this.selection.reset(incoming.select);
    this.setPredictionSets(this.sets);
    this.refresh();
    this.save();
  }

  private scheduleRefresh(): void {
    // The first rows are shown immediately.
    if (this.shown.length === 0 && this.refreshTimer === undefined) {
      this.refresh();
      this.changed();
    }
    this.refreshTimer ??= setTimeout(
      () => {
        this.refresh();
        this.changed();
      },
      Math.max(REFRESH_MS, REFRESH_MULTIPLE * this.refreshDuration),
    );
  }

  /** Recomputes the shown rows and the selection. */
  private refresh(newFilter = false): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    const began = performance.now();
    this.list.recompute();
    this.selection.reconcile(this.shown, newFilter);
    this.refreshDuration = performance.now() - began;
  }

  private saveAndNotify(): void {
    this.save();
    this.changed();
  }

  /** Saves the state that survives a reload of the page. */
  private save(): void {
    if (!this.run) return;
    this.saveState({
      runFolder: this.run.runFolder,
      set: this.set,
      identifier: this.selection.savedIdentifier,
      ...this.list.state,
      ...this.options,
      ...this.questions.state,
    });
  }
}
