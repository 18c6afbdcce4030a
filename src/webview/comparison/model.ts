import type {
  Choice,
  ComparisonContract,
  ComparisonNumbers,
  ListedExample,
  Outcome,
  PanelState,
  Selection,
  Side,
  ToHost,
  ToWebview,
} from './messages';
import { cellText } from './texts';

type Requests = ComparisonContract['requests'];

/** The part of the host connection that the model uses. */
export interface Host {
  send(message: ToHost): void;
  request<N extends keyof Requests>(
    name: N,
    params: Requests[N]['params'],
  ): Promise<Requests[N]['result']>;
}

/** A number whose examples can be listed: its outcomes and slice. Slices are named, because indices change. */
export interface Cell {
  outcomes: Outcome[];
  slice: { slice: string; value: string } | null;
}

export const SLICE_ORDERS = ['listed', 'difference', 'examples', 'certainty'] as const;
export type SliceOrder = (typeof SLICE_ORDERS)[number];

/** State that survives a reload of the page. */
export interface ViewState extends PanelState {
  cell: Cell | null;
  /** Identifier of the selected example. */
  identifier: string | null;
  search: string;
  order: Selection['order'];
  sliceOrder: SliceOrder;
  /** Slices that show all of their values. */
  unfolded: string[];
}

export type State =
  | { state: 'opening' }
  | { state: 'comparing' }
  /** `complete`: all intervals are available. */
  | { state: 'compared'; complete: boolean }
  | { state: 'failed'; message: string; hint: string | null };

export interface Notice {
  level: 'info' | 'error';
  message: string;
}

/** Number of examples per request. */
const PAGE_SIZE = 100;

/** Debounce time of the search in milliseconds. */
const SEARCH_DELAY_MS = 150;

/** State of the panel, independent of the DOM. Every change calls `changed`. */
export class Model {
  runs: Extract<ToWebview, { type: 'runs' }> | null = null;
  state: State = { state: 'opening' };
  /** The latest comparison; grayed out while another one is being computed. */
  comparison: ComparisonNumbers | null = null;
  notice: Notice | null = null;
  cell: Cell | null = null;
  search = '';
  order: Selection['order'] = 'annotations';
  sliceOrder: SliceOrder = 'listed';
  readonly unfolded = new Set<string>();
  /** Number of examples in the list; null until the first ones arrive. */
  total: number | null = null;
  /** Whether the user has just opened the list and it has not been focused yet. */
  justOpened = false;
  /** Index of the selected example in the list. */
  selected = 0;
  private examples: (ListedExample | undefined)[] = [];
  private readonly requestedPages = new Set<number>();
  private generation = 0;
  /** Number of the current list. Answers about earlier lists are dropped. */
  private listGeneration = 0;
  private pendingIdentifier: string | null;
  private searchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
    private readonly saveState: (state: ViewState) => void,
    state: Partial<ViewState>,
  ) {
    this.cell = state.cell ?? null;
    this.search = state.search ?? '';
    this.order = state.order ?? this.order;
    this.sliceOrder = state.sliceOrder ?? this.sliceOrder;
    this.pendingIdentifier = state.identifier ?? null;
    for (const slice of state.unfolded ?? []) this.unfolded.add(slice);
  }

  receive(message: ToWebview): void {
    switch (message.type) {
      case 'runs':
        this.runs = message;
        this.save();
        break;
      case 'comparing':
        this.generation = message.generation;
        this.state = { state: 'comparing' };
        break;
      case 'compared': {
        const known = this.state.state === 'compared' && this.generation === message.generation;
        this.generation = message.generation;
        this.comparison = message.comparison;
        this.state = { state: 'compared', complete: message.complete };
        if (known) break;
        // The slice of the open list may no longer exist.
        if (this.cell && this.selection() === null) this.cell = null;
        this.pendingIdentifier ??= this.selectedExample?.identifier ?? null;
        this.startList();
        break;
      }
      case 'failed':
        this.generation = message.generation;
        this.comparison = null;
        this.state = { state: 'failed', message: message.message, hint: message.hint };
        break;
    }
    this.changed();
  }

  /** Whether all numbers are available. */
  get complete(): boolean {
    return this.state.state === 'compared' && this.state.complete;
  }

  choose(change: Partial<Choice>): void {
    if (!this.runs) return;
    this.host.send({ type: 'choose', choice: { ...this.runs.choice, ...change } });
  }

  swapRuns(): void {
    this.host.send({ type: 'swapRuns' });
  }

  compareAgain(): void {
    this.host.send({ type: 'compareAgain' });
  }

  setSliceOrder(order: SliceOrder): void {
    this.sliceOrder = order;
    this.save();
    this.changed();
  }

  unfold(slice: string): void {
    this.unfolded.add(slice);
    this.save();
    this.changed();
  }

  /** Lists the examples behind a number. */
  openCell(cell: Cell): void {
    this.cell = cell;
    this.justOpened = true;
    this.search = '';
    this.pendingIdentifier = null;
    this.startList();
    this.save();
    this.changed();
  }

  closeList(): void {
    this.cell = null;
    this.startList();
    this.save();
    this.changed();
  }

  isOpen(cell: Cell): boolean {
    return JSON.stringify(cell) === JSON.stringify(this.cell);
  }

  setSearch(search: string): void {
    this.search = search;
    clearTimeout(this.searchTimer);
    this.searchTimer = setTimeout(() => {
      this.pendingIdentifier = this.selectedExample?.identifier ?? null;
      this.startList();
      this.save();
      this.changed();
    }, SEARCH_DELAY_MS);
    this.changed();
  }

  setOrder(order: Selection['order']): void {
    this.order = order;
    this.pendingIdentifier = null;
    this.startList();
    this.save();
    this.changed();
  }

  /** The listed examples as a selection for the host; null if no list is open. */
  selection(): Selection | null {
    const { cell, comparison, search, order } = this;
    if (!cell || !comparison) return null;
    const slice = cell.slice && this.sliceIndex(cell.slice);
    return slice === -1 ? null : { outcomes: cell.outcomes, slice, search, order };
  }

  /** Title of the list. */
  get title(): string {
    const { cell, comparison } = this;
    if (!cell || !comparison) return '';
    const index = cell.slice ? this.sliceIndex(cell.slice) : -1;
    return cellText(cell.outcomes, comparison.slices[index]?.title ?? null, comparison);
  }

  exampleAt(index: number): ListedExample | undefined {
    return this.examples[index];
  }

  get selectedExample(): ListedExample | undefined {
    return this.examples[this.selected];
  }

  /** Requests the missing examples of the visible range. */
  requestRange(first: number, last: number): void {
    const end = Math.min(last, (this.total ?? PAGE_SIZE) - 1);
    for (let page = Math.floor(first / PAGE_SIZE); page <= Math.floor(end / PAGE_SIZE); page++)
      if (!this.requestedPages.has(page)) this.requestPage(page);
  }

  /** Selects the example at an index, clamped to the list. */
  moveTo(index: number): void {
    const { total } = this;
    if (total === null || total === 0) return;
    this.selected = Math.min(total - 1, Math.max(0, index));
    this.pendingIdentifier = null;
    this.requestRange(this.selected, this.selected);
    this.save();
    this.changed();
  }

  /** Opens the list in the Failed Examples panel of a run, with the selected example first. */
  async open(side: Side): Promise<void> {
    const selection = this.selection();
    if (selection === null || this.total === 0) return;
    await this.send('openExamples', {
      generation: this.generation,
      side,
      selection,
      title: this.title,
      identifier: this.selectedExample?.identifier ?? null,
    });
  }

  /** @returns whether it was copied */
  async copyJson(): Promise<boolean> {
    return (await this.send('copyJson', { generation: this.generation })) !== undefined;
  }

  /** @returns the name of the file; null if nothing was written */
  async export(): Promise<string | null> {
    const { generation } = this;
    const saved = await this.send('export', { generation, selection: this.selection() });
    return saved?.file ?? null;
  }

  showInfo(message: string): void {
    this.notice = { level: 'info', message };
    this.changed();
  }

  dismissNotice(): void {
    this.notice = null;
    this.changed();
  }

  private sliceIndex(of: { slice: string; value: string }): number {
    const slices = this.comparison?.slices ?? [];
    return slices.findIndex(({ slice, value }) => slice === of.slice && value === of.value);
  }

  /** Clears the list and requests its first page if a list is open. */
  private startList(): void {
    clearTimeout(this.searchTimer);
    this.listGeneration += 1;
    this.total = null;
    this.examples = [];
    this.requestedPages.clear();
    this.selected = 0;
    if (this.selection() !== null) this.requestPage(0);
  }

  private requestPage(page: number): void {
    const selection = this.selection();
    if (selection === null || this.state.state !== 'compared') return;
    this.requestedPages.add(page);
    const { listGeneration, generation } = this;
    const first = page * PAGE_SIZE;
    const find = this.pendingIdentifier;
    this.host.request('examples', { generation, selection, first, count: PAGE_SIZE, find }).then(
      ({ total, examples, found }) => {
        if (listGeneration !== this.listGeneration) return;
        this.total = total;
        examples.forEach((example, i) => (this.examples[first + i] = example));
        // Unless another example has been selected since.
        if (find !== null && find === this.pendingIdentifier) {
          this.pendingIdentifier = null;
          if (found !== null) this.selected = found;
        }
        this.requestRange(this.selected, this.selected);
        this.changed();
      },
      (error: unknown) => {
        if (listGeneration === this.listGeneration) this.showError(error);
      },
    );
  }

  private async send<N extends keyof Requests>(
    name: N,
    params: Requests[N]['params'],
  ): Promise<Requests[N]['result'] | undefined> {
    try {
      return await this.host.request(name, params);
    } catch (error) {
      this.showError(error);
      return undefined;
    }
  }

  private showError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
    this.notice = {
      level: 'error',
      message: typeof hint === 'string' ? `${message} ${hint}` : message,
    };
    this.changed();
  }

  private save(): void {
    const { runs, cell, search, order, sliceOrder } = this;
    if (!runs) return;
    this.saveState({
      a: runs.a.folder,
      b: runs.b.folder,
      choice: runs.choice,
      cell,
      identifier: this.pendingIdentifier ?? this.selectedExample?.identifier ?? null,
      search,
      order,
      sliceOrder,
      unfolded: [...this.unfolded],
    });
  }
}
