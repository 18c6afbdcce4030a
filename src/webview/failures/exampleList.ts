import { countVerdicts, DEFAULT_FILTER, filterRows, type Filter } from './filter';
import type { Subset, ToWebview } from './messages';
import type { RowsOfSet } from './shownSet';
import { sortRows, type Sort } from './sort';

/** What the list is narrowed to. */
export interface ShownSubset {
  of: Subset;
  title: string;
  /** 1 for each of its rows; null while they are not known. */
  mask: Uint8Array | null;
  /** Why they cannot be known. */
  problem: string | undefined;
}

/** What of the list survives a reload of the page. */
export interface ListState {
  filter: Filter;
  sort: Sort;
  reverse: boolean;
  subset: Subset | null;
}

/** Which rows are listed, and in which order: filter, order and subset, and what follows from them. */
export class ExampleList {
  filter: Filter;
  sort: Sort;
  reverse: boolean;
  /** null for all examples. */
  subset: ShownSubset | null;
  /** Rows that pass the filter, in order. */
  shown = new Int32Array(0);
  counts = { wrong: 0, right: 0, unlabelled: 0 };
  private order: Int32Array<ArrayBuffer> | null = null;
  private rooms: [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>] = [
    new Int32Array(0),
    new Int32Array(0),
  ];
  /** Rows that `counts` is of, -1 for other rows. */
  private counted = -1;

  constructor(
    private readonly page: RowsOfSet,
    { filter, sort = 'wrong', reverse = false, subset }: Partial<ListState>,
  ) {
    this.filter = { ...DEFAULT_FILTER, ...filter };
    this.sort = sort;
    this.reverse = reverse;
    this.subset = subset ? { of: subset, title: '', mask: null, problem: undefined } : null;
  }

  get state(): ListState {
    const { filter, sort, reverse, subset } = this;
    return { filter, sort, reverse, subset: subset?.of ?? null };
  }

  get filterReadsNotes(): boolean {
    const { marked, tag, search } = this.filter;
    return marked || tag !== null || search !== '';
  }

  /** How many rows another filter would show. */
  countOf(filter: Filter): number {
    const { rows } = this.page;
    const all = this.order ?? sortRows(rows, this.sort, this.reverse);
    const room = new Int32Array(all.length);
    return filterRows(rows, all, filter, this.epoch, room, this.subset?.mask).length;
  }

  setSort(sort: Sort, reverse: boolean): void {
    this.sort = sort;
    this.reverse = reverse;
    this.order = null;
  }

  /** There are more rows than were ordered. */
  rowsAdded(): void {
    this.order = null;
  }

  /** The rows are others. Those of the subset come when all rows are there. */
  rowsReplaced(): void {
    if (this.subset) this.subset = { ...this.subset, mask: null };
    this.order = null;
    this.counted = -1;
  }

  /** Narrows the list to a subset. */
  narrow({ subset, title, rows, problem, fresh }: Extract<ToWebview, { type: 'subset' }>): void {
    const mask = rows && new Uint8Array(this.page.rows.count);
    for (const row of rows ?? []) if (mask) mask[row] = 1;
    const isNew = fresh || JSON.stringify(subset) !== JSON.stringify(this.subset?.of);
    // Its right answers count as well; what narrowed the list before has nothing to do with it.
    if (isNew && rows === null && problem === undefined)
      this.filter = { ...DEFAULT_FILTER, show: 'all' };
    this.subset = { of: subset, title, mask, problem };
    this.counted = -1;
  }

  /** Lists the examples outside the subset as well. */
  leaveSubset(): void {
    this.subset = null;
    this.counted = -1;
  }

  /** Recomputes which rows are shown, from the rows and all that was set since the last time. */
  recompute(): void {
    const { rows } = this.page;
    const mask = this.subset?.mask ?? null;
    if (this.counted !== rows.count) {
      this.counts = countVerdicts(rows, mask);
      this.counted = rows.count;
    }
    this.order ??= sortRows(rows, this.sort, this.reverse);
    const room = this.roomFor(this.order);
    this.shown = filterRows(rows, this.order, this.filter, this.epoch, room, mask);
  }

  private get epoch(): number | null {
    return this.page.set?.epoch ?? null;
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
}
