import { Asking } from './asking';
import { ExampleList, type ShownSubset } from './exampleList';
import { DEFAULT_FILTER, type Filter } from './filter';
import type { Host } from './host';
import { Marking } from './marking';
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
  allowedListShare,
  viewOptionsOf,
  type Layout,
  type ViewOptions,
  type ViewState,
} from './viewState';

/** Rows that arrive are shown in steps of this many milliseconds, so that loading leaves time to scroll. */
const REFRESH_MS = 200;

/**
 * The panel's state, without DOM: what the host sent, what the user chose, and what follows from both. Its parts each
 * hold one of them; the model passes on what happens in one part to the others. Every change ends in `changed`.
 */
export class Model {
  run: Extract<ToWebview, { type: 'init' }> | null = null;
  sets: PredictionSet[] = [];
  /** Pairs in a line of the grid, as it was last drawn. */
  gridColumns = 1;
  /** Of the workspace. */
  savedFilters: SavedFilter[] = [];
  /** A newer epoch of the split shown, not yet looked at. */
  newer: PredictionSet | null = null;
  readonly thumbnails: ThumbnailCache;
  readonly asking: Asking;
  readonly notices: Notices;
  private readonly page = new ShownSet();
  private readonly list: ExampleList;
  private readonly selection: Selection;
  private readonly marking: Marking;
  private options: ViewOptions;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
    private readonly saveState: (state: ViewState) => void,
    state: Partial<ViewState>,
  ) {
    const { page } = this;
    this.thumbnails = new ThumbnailCache((images) =>
      host.send({ type: 'wantThumbnails', generation: page.generation, images }),
    );
    this.notices = new Notices(changed);
    this.list = new ExampleList(page, state);
    this.selection = new Selection(host, page, this.notices, changed);
    this.marking = new Marking(host, page, this.notices, changed);
    const asked = () => this.saveAndShow();
    this.asking = new Asking(host, page, this.selection, this.notices, asked, changed, state);
    this.options = viewOptionsOf(state);
  }

  get set(): PredictionSet | null {
    return this.page.set;
  }

  /** The set that is shown, or that is about to be. */
  get chosenSet(): PredictionSet | null {
    return this.page.chosen;
  }

  get rows(): Rows {
    return this.page.rows;
  }

  get loading(): Loading {
    return this.page.loading;
  }

  get formats(): ExportFormat[] {
    return this.page.formats;
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

  /** Position of the selected row in the list, -1 when it is not in it. */
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
    const { page } = this;
    if (!page.isCurrent(message)) return;
    switch (message.type) {
      case 'init':
        this.run = message;
        this.asking.process = message.ask;
        this.asking.questions.restore(message.asked);
        this.takeSets(message.sets);
        break;
      case 'sets':
        this.takeSets(message.sets);
        break;
      case 'begin':
        page.begin(message);
        break;
      case 'rows':
        page.append(message);
        this.list.rowsAdded();
        if (!page.hasIncoming) this.refreshSoon();
        else if (page.incomingCanBeShown) this.adopt();
        break;
      case 'end':
        page.end(message);
        if (page.hasIncoming) this.adopt();
        else this.refresh();
        break;
      case 'loadFailed':
        this.adopt();
        page.fail(message);
        break;
      case 'history':
        page.rows.history.set(message.epoch, message.answers);
        if (this.filter.change !== 'any') this.refreshSoon();
        break;
      case 'notes':
        page.setNotes(message.notes);
        if (!page.hasIncoming && this.list.filterReadsNotes) this.refresh();
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
        this.selection.want(message.identifier);
        this.refresh();
        this.save();
        break;
      case 'thumbnails':
        this.thumbnails.add(message.items);
        break;
      case 'askState':
        this.asking.process = message.ask;
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
    this.saveAndShow();
  }

  /** How many rows another filter would show. */
  countOf(filter: Filter): number {
    return this.list.countOf(filter);
  }

  /** Shows the examples outside the subset as well. */
  leaveSubset(): void {
    this.list.leaveSubset();
    this.host.send({ type: 'leaveSubset' });
    this.refresh(true);
    this.saveAndShow();
  }

  setSort(sort: Sort, reverse: boolean): void {
    this.list.setSort(sort, reverse);
    this.refresh();
    this.saveAndShow();
  }

  /** Keeps the filter that is set, under a name. */
  async saveFilter(name: string): Promise<void> {
    const params = { name, filter: { ...this.filter } };
    await this.notices.reported(this.host.request('saveFilter', params));
  }

  async deleteFilter(name: string): Promise<void> {
    await this.notices.reported(this.host.request('saveFilter', { name, filter: null }));
  }

  /** Sets a filter that was kept; one of an older version has fewer fields. */
  applyFilter({ filter }: SavedFilter): void {
    this.setFilter({ ...DEFAULT_FILTER, ...filter });
  }

  setListShare(share: number): void {
    this.setOptions({ listShare: allowedListShare(share) });
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
    this.saveAndShow();
  }

  /** Moves the selection in the list; stays within it. */
  moveTo(position: number): void {
    if (this.shown.length === 0) return;
    const row = this.shown[Math.min(this.shown.length - 1, Math.max(0, position))];
    if (row !== undefined) this.select(row);
  }

  /** Moves among the examples of the same sentence; goes round. */
  moveTogether(step: 1 | -1): void {
    const row = this.selection.together(step);
    if (row !== undefined) this.select(row);
  }

  /** @param of what the row is a row of: a note may be finished after other rows have taken its place. */
  setNote(row: number, change: Partial<ExampleNote>, of: RowsOfSet = this): Promise<void> {
    const { rows, set } = of;
    return this.marking.setNote(row, change, { rows, set });
  }

  /**
   * Marks, unmarks or tags all examples of the list.
   * @returns how many; null when they were not changed
   */
  markShown(change: NoteChange): Promise<number | null> {
    return this.marking.markAll(this.shown, change);
  }

  openImage(row: number, side: 0 | 1): Promise<unknown> {
    const { generation } = this.page;
    return this.notices.reported(this.host.request('openImage', { generation, row, side }));
  }

  openAnnotation(row: number): Promise<unknown> {
    const { generation } = this.page;
    return this.notices.reported(this.host.request('openAnnotation', { generation, row }));
  }

  copy(text: string): Promise<unknown> {
    return this.notices.reported(this.host.request('copy', { text }));
  }

  /** Exports the rows of the list in its order. @returns the file's name, null when cancelled or failed. */
  async export(format: ExportFormat): Promise<string | null> {
    const { generation } = this.page;
    const rows = this.shown.slice();
    const request = this.host.request('export', { generation, format, rows });
    return (await this.notices.reported(request))?.file ?? null;
  }

  send(message: ToHost): void {
    this.host.send(message);
  }

  private setOptions(change: Partial<ViewOptions>): void {
    this.options = { ...this.options, ...change };
    this.saveAndShow();
  }

  private takeSets(sets: PredictionSet[]): void {
    this.sets = sets;
    const latest = sets.filter((set) => set.split === this.set?.split && set.epoch !== null).at(-1);
    const shownEpoch = this.set?.epoch ?? null;
    const isNewer = latest && shownEpoch !== null && (latest.epoch ?? 0) > shownEpoch;
    this.newer = isNewer ? latest : null;
  }

  /** Shows the incoming rows in place of the old ones. */
  private adopt(): void {
    const adopted = this.page.adopt();
    if (!adopted) return;
    this.thumbnails.clear();
    this.list.rowsReplaced();
    this.selection.reset(adopted.select);
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

  /** Recomputes which rows are shown, and which of them is selected. */
  private refresh(newFilter = false): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    this.list.recompute();
    this.selection.settle(this.shown, newFilter);
  }

  private saveAndShow(): void {
    this.save();
    this.changed();
  }

  /** Saves what survives a reload of the page. */
  private save(): void {
    if (!this.run) return;
    this.saveState({
      runFolder: this.run.runFolder,
      set: this.set,
      identifier: this.selection.wantedIdentifier,
      ...this.list.state,
      ...this.options,
      ...this.asking.state,
    });
  }
}
