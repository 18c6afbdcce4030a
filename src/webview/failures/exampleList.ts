import { countVerdicts, DEFAULT_FILTER, filterRows, type Filter } from './filter';
import type { Subset, ToWebview } from './messages';
import type { RowsOfSet } from './shownSet';
import { sortRows, type Sort } from './sort';

/** Subset of the examples to which the list is restricted. */
export interface ShownSubset {
  subset: Subset;
  title: string;
  /** 1 for each row of the subset; null while the rows are unknown. */
  mask: Uint8Array | null;
  /** Why the rows cannot be determined. */
  problem: string | undefined;
}

/** State of the list that survives a reload of the page. */
export interface ListState {
  filter: Filter;
  sort: Sort;
  reverse: boolean;
  subset: Subset | null;
}

/** Filter, order and subset of the list, and the rows that result from them. */
export class ExampleList {
  filter: Filter;
  sort: Sort;
  reverse: boolean;
  /** null for all examples. */
  subset: ShownSubset | null;
  /** Rows that pass the filter, in order. */
  shown = new Int32Array(0);
  counts = { wrong: 0, right: 0, unlabeled: 0 };
  private order: Int32Array<ArrayBuffer> | null = null;
  private buffers: [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>] = [
    new Int32Array(0),
    new Int32Array(0),
  ];
  /** Number of rows that `counts` covers, -1 if it is outdated. */
  private countedRows = -1;

  constructor(
    private readonly source: RowsOfSet,
    { filter, sort = 'wrong', reverse = false, subset }: Partial<ListState>,
  ) {
    this.filter = { ...DEFAULT_FILTER, ...filter };
    this.sort = sort;
    this.reverse = reverse;
    this.subset = subset ? { subset, title: '', mask: null, problem: undefined } : null;
  }

  get state(): ListState {
    const { filter, sort, reverse, subset } = this;
    return { filter, sort, reverse, subset: subset?.subset ?? null };
  }

  get filterReadsNotes(): boolean {
    const { marked, tag, search } = this.filter;
    return marked || tag !== null || search !== '';
  }

  /** Number of rows that another filter would show. */
  countOf(filter: Filter): number {
    const { rows } = this.source;
    const all = this.order ?? sortRows(rows, this.sort, this.reverse);
    const buffer = new Int32Array(all.length);
    return filterRows(rows, all, filter, this.epoch, buffer, this.subset?.mask).length;
  }

  setSort(sort: Sort, reverse: boolean): void {
    this.sort = sort;
    this.reverse = reverse;
    this.order = null;
  }

  /** Invalidates the order after rows were appended. */
  rowsAdded(): void {
    this.order = null;
  }

  /** Resets the list for other rows. The subset's rows arrive after all rows have been loaded. */
  rowsReplaced(): void {
    if (this.subset) this.subset = { ...this.subset, mask: null };
    this.order = null;
    this.countedRows = -1;
  }

  /** Restricts the list to a subset. */
  narrow({ subset, title, rows, problem, fresh }: Extract<ToWebview, { type: 'subset' }>): void {
    const mask = rows && new Uint8Array(this.source.rows.count);
    for (const row of rows ?? []) if (mask) mask[row] = 1;
    const isNew = fresh || JSON.stringify(subset) !== JSON.stringify(this.subset?.subset);
    // A new subset shows all of its examples, right answers included, regardless of the previous filter.
    if (isNew && rows === null && problem === undefined)
      this.filter = { ...DEFAULT_FILTER, show: 'all' };
    this.subset = { subset, title, mask, problem };
    this.countedRows = -1;
  }

  /** Lists all examples again. */
  clearSubset(): void {
    this.subset = null;
    this.countedRows = -1;
  }

  /** Recomputes the shown rows. */
  recompute(): void {
    const { rows } = this.source;
    const mask = this.subset?.mask ?? null;
    if (this.countedRows !== rows.count) {
      this.counts = countVerdicts(rows, mask);
      this.countedRows = rows.count;
    }
    this.order ??= sortRows(rows, this.sort, this.reverse);
    const buffer = this.bufferFor(this.order);
    this.shown = filterRows(rows, this.order, this.filter, this.epoch, buffer, mask);
  }

  private get epoch(): number | null {
    return this.source.set?.epoch ?? null;
  }

  /**
   * Returns a buffer for the next list. Two buffers alternate: a slider requests sixty lists per second, and garbage
   * collection of as many arrays would cost frames.
   */
  private bufferFor({ length }: Int32Array): Int32Array<ArrayBuffer> {
    const [buffer, other] = this.buffers;
    const result = buffer.length >= length ? buffer : new Int32Array(length);
    this.buffers = [other, result];
    return result;
  }
}
