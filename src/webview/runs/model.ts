import type { HostConnection } from '../shared/hostConnection';
import {
  bestValue,
  groupRows,
  searchableText,
  lineId,
  passes,
  sortRows,
  type Line,
} from './arrange';
import { configurationColumn, metricColumns, type Column, type Row } from './columns';
import type {
  ColumnFilter,
  ConfigurationColumns,
  Mark,
  MetricColumn,
  RunLine,
  RunsAction,
  RunsContract,
  TableView,
  ToWebview,
} from './messages';
import { defaultView, restricts, restoredView, without } from './view';

export type Host = Pick<HostConnection<RunsContract>, 'send' | 'request'>;

/** Delay in milliseconds until a change of the view is saved. */
const SAVE_DELAY_MS = 300;
/** Maximum number of selected runs with colors: the number of series colors. */
const MAX_COLORED = 6;

/** State of the page: rows, view options and selection. Derived data is computed once after a change. */
export class Model {
  view: TableView = defaultView;
  trusted = true;
  /** null until the first message of the host. */
  loading: boolean | null = null;
  /** Keys of the selected runs. */
  readonly selected = new Set<string>();
  /** Color indices of the selected runs, as in the dashboard; empty if more runs are selected than there are colors. */
  colors: ReadonlyMap<string, number> = new Map();
  /** The open dialog. */
  dialog: Dialog | undefined;
  private readonly rows = new Map<string, Row>();
  private readonly searchTexts = new WeakMap<Row, string>();
  private metrics: MetricColumn[] = [];
  private configuration: ConfigurationColumns = { runs: [], columns: [] };
  private derivedCache: Derived | undefined;
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private columnsCache: Column[] | undefined;
  private at = '';
  /** The selection for which colors were last requested. */
  private coloredSelection = '';

  constructor(
    readonly host: Host,
    private readonly changed: () => void,
  ) {}

  receive(message: ToWebview): void {
    switch (message.type) {
      case 'init':
        this.rows.clear();
        this.metrics = message.columns;
        this.view = restoredView(message.view);
        this.trusted = message.trusted;
        break;
      case 'rows':
        this.loading = message.loading;
        for (const line of message.rows) this.put(line);
        break;
      case 'removed':
        for (const key of message.keys) {
          this.rows.delete(key);
          this.selected.delete(key);
        }
        this.derive();
        this.requestColors();
        break;
      case 'configuration':
        this.configure(message.configuration);
        break;
      case 'trusted':
        this.trusted = message.trusted;
        break;
      case 'newRun':
        this.at = message.key;
        this.dialog = { kind: 'newRun', key: message.key };
        break;
    }
    this.columnsCache =
      message.type === 'init' || message.type === 'configuration' ? undefined : this.columnsCache;
    this.derive();
  }

  /** All columns, in the order of the user. */
  get columns(): readonly Column[] {
    this.columnsCache ??= this.orderedColumns();
    return this.columnsCache;
  }

  column(id: string): Column | undefined {
    return this.columns.find((column) => column.id === id);
  }

  /** Visible columns, pinned ones first. */
  get shownColumns(): readonly Column[] {
    return this.derived.shownColumns;
  }

  isShown(column: Column): boolean {
    const override = this.view.shown[column.id];
    if (override !== undefined) return override;
    if (column.id === 'tags') return this.all.some(({ tags }) => tags.length > 0);
    return column.shown;
  }

  isPinned(column: Column): boolean {
    return this.view.pinned.includes(column.id);
  }

  /** All runs, unordered. */
  get all(): Row[] {
    return [...this.rows.values()];
  }

  get count(): number {
    return this.rows.size;
  }

  row(key: string): Row | undefined {
    return this.rows.get(key);
  }

  get lines(): readonly Line[] {
    return this.derived.lines;
  }

  /** Runs that pass the search and the filters, sorted. */
  get shown(): readonly Row[] {
    return this.derived.shown;
  }

  /** Runs that match the search text, regardless of the column filters. */
  get searched(): readonly Row[] {
    return this.derived.searched;
  }

  /** Id of the current line; the first run if the line no longer exists. */
  get current(): string {
    const { places, lines } = this.derived;
    return places.has(this.at) ? this.at : lineId(lines.find(({ row }) => row));
  }

  /** Index of a line; undefined if it is not shown. */
  lineIndex(id: string): number | undefined {
    return this.derived.places.get(id);
  }

  isBest(column: Column, row: Row): boolean {
    const best = this.derived.best.get(column.id);
    return best !== undefined && column.value(row) === best;
  }

  get archivedCount(): number {
    return this.all.filter(({ archived }) => archived).length;
  }

  /** Runs that an action applies to: the shown selected runs, otherwise the current run. */
  get targets(): Row[] {
    const selected = this.shown.filter(({ key }) => this.selected.has(key));
    if (selected.length > 0) return selected;
    const current = this.rows.get(this.current);
    return current ? [current] : [];
  }

  change(view: Partial<TableView>): void {
    this.view = { ...this.view, ...view };
    if (view.order) this.columnsCache = undefined;
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(
      () => this.host.send({ type: 'view', view: this.view }),
      SAVE_DELAY_MS,
    );
    this.derive();
  }

  /** Sorts by a column: first the better or later values, then reversed, then not at all. @param append keeps other sorts */
  sortBy(id: string, append: boolean): void {
    const column = this.column(id);
    const { sorts } = this.view;
    const known = sorts.find((sort) => sort.column === id);
    // Better or later values come first.
    const first = column?.better === 'higher' || id === 'started';
    const next =
      known === undefined
        ? { column: id, descending: first }
        : known.descending === first
          ? { column: id, descending: !first }
          : undefined;
    if (!append) this.change({ sorts: next ? [next] : [] });
    else if (known === undefined) this.change({ sorts: next ? [...sorts, next] : sorts });
    else
      this.change({
        sorts: sorts.flatMap((sort) => (sort === known ? (next ? [next] : []) : [sort])),
      });
  }

  filter(id: string, filter: ColumnFilter): void {
    const others = without(this.view.filters, id);
    this.change({ filters: restricts(filter) ? { ...others, [id]: filter } : others });
  }

  show(id: string, shown: boolean): void {
    this.change({ shown: { ...this.view.shown, [id]: shown } });
  }

  pin(id: string, pinned: boolean): void {
    const others = this.view.pinned.filter((each) => each !== id);
    this.change({ pinned: pinned ? [...others, id] : others });
  }

  /** Moves a column to the position of another one. */
  move(id: string, to: string): void {
    if (id === to) return;
    const ids = this.columns.map((column) => column.id);
    const [from, index] = [ids.indexOf(id), ids.indexOf(to)];
    if (from < 0 || index < 0) return;
    ids.splice(from, 1);
    ids.splice(index, 0, id);
    this.change({ order: ids });
  }

  /** Moves a column by one position among the visible ones. */
  shift(id: string, by: -1 | 1): void {
    const column = this.column(id);
    if (!column) return;
    const candidates = this.shownColumns.filter(
      (each) => this.isPinned(each) === this.isPinned(column),
    );
    const neighbor = candidates[candidates.indexOf(column) + by];
    if (neighbor) this.move(id, neighbor.id);
  }

  fold(value: string, folded: boolean): void {
    const others = this.view.folded.filter((each) => each !== value);
    this.change({ folded: folded ? [...others, value] : others });
  }

  select(keys: readonly string[], selected: boolean): void {
    for (const key of keys)
      if (selected) this.selected.add(key);
      else this.selected.delete(key);
    this.requestColors();
    this.changed();
  }

  selectOnly(keys: readonly string[]): void {
    this.selected.clear();
    this.select(keys, true);
  }

  /** Requests the colors of the selected runs, in the order in which they would be compared. */
  private requestColors(): void {
    const keys = this.shown.flatMap(({ key }) => (this.selected.has(key) ? [key] : []));
    const selection = keys.join('\0');
    if (selection === this.coloredSelection) return;
    this.coloredSelection = selection;
    this.colors = new Map();
    if (keys.length === 0 || keys.length > MAX_COLORED) return;
    this.host.request('colors', { keys }).then(
      (colors) => {
        if (selection !== this.coloredSelection) return;
        this.colors = new Map(Object.entries(colors));
        this.changed();
      },
      // The host has logged the reason. Runs remain selected without colors.
      () => undefined,
    );
  }

  goTo(key: string): void {
    if (this.at === key) return;
    this.at = key;
    this.changed();
  }

  open(dialog: Dialog | undefined): void {
    this.dialog = dialog;
    this.changed();
  }

  mark(rows: readonly Row[], change: Partial<Omit<Mark, 'tags'>>): void {
    this.host.send({ type: 'mark', keys: rows.map(({ key }) => key), change });
  }

  /** Adds a star to all runs, or removes it if all have one. */
  star(rows: readonly Row[]): void {
    this.mark(rows, { starred: !rows.every(({ starred }) => starred) });
  }

  archive(rows: readonly Row[]): void {
    this.mark(rows, { archived: !rows.every(({ archived }) => archived) });
  }

  act(action: RunsAction, rows: readonly Row[]): void {
    if (rows.length > 0)
      this.host.send({ type: 'action', action, keys: rows.map(({ key }) => key) });
  }

  private get derived(): Derived {
    this.derivedCache ??= this.compute();
    return this.derivedCache;
  }

  private derive(): void {
    this.derivedCache = undefined;
    this.changed();
  }

  private compute(): Derived {
    const { view } = this;
    const words = view.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const searched = this.all.filter(
      (row) =>
        (view.archived || !row.archived) &&
        words.every((word) => this.searchTextOf(row).includes(word)),
    );
    const filters = Object.entries(view.filters).flatMap(([id, filter]) => {
      const column = this.column(id);
      return column ? [{ column, filter }] : [];
    });
    const passing = searched.filter((row) =>
      filters.every(({ column, filter }) => passes(column.value(row), filter)),
    );
    const shown = sortRows(passing, view.sorts, (id) => this.column(id));
    const visible = this.columns.filter((column) => this.isShown(column));
    const shownColumns = [
      ...visible.filter((column) => this.isPinned(column)),
      ...visible.filter((column) => !this.isPinned(column)),
    ];
    const best = new Map<string, number>();
    for (const column of shownColumns) {
      const value = bestValue(shown, column);
      if (value !== undefined) best.set(column.id, value);
    }
    const group = view.group === '' ? undefined : this.column(view.group);
    const lines = groupRows(shown, group, new Set(view.folded));
    const places = new Map(lines.map((line, i) => [lineId(line), i]));
    return { searched, shown, lines, places, shownColumns, best };
  }

  private searchTextOf(row: Row): string {
    const known = this.searchTexts.get(row);
    if (known !== undefined) return known;
    const made = searchableText(row);
    this.searchTexts.set(row, made);
    return made;
  }

  private put(line: RunLine): void {
    const configurationValues = this.rows.get(line.key)?.configurationValues ?? {};
    this.rows.set(line.key, { ...line, configurationValues });
  }

  private configure(configuration: ConfigurationColumns): void {
    this.configuration = configuration;
    configuration.runs.forEach((key, i) => {
      const row = this.rows.get(key);
      if (!row) return;
      const values = configuration.columns.map(
        (column) => [column.key, column.values[i] ?? null] as const,
      );
      this.rows.set(key, { ...row, configurationValues: Object.fromEntries(values) });
    });
  }

  private orderedColumns(): Column[] {
    const made = [
      ...metricColumns(this.metrics),
      ...this.configuration.columns.map(({ key, values }) => configurationColumn(key, values)),
    ];
    const places = new Map(this.view.order.map((id, index) => [id, index]));
    const placed = made.filter(({ id }) => places.has(id));
    placed.sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
    return [...placed, ...made.filter(({ id }) => !places.has(id))];
  }
}

/** Data derived from the rows and the view. */
interface Derived {
  searched: Row[];
  shown: Row[];
  lines: Line[];
  places: ReadonlyMap<string, number>;
  shownColumns: Column[];
  best: ReadonlyMap<string, number>;
}

/** Dialog with its subject. */
export type Dialog =
  | { kind: 'columns' }
  | { kind: 'axes' }
  | { kind: 'filter'; column: string }
  | { kind: 'edit'; keys: string[] }
  | { kind: 'newRun'; key: string };
