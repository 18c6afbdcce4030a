import type { ExampleNote, ExportFormat, PredictionSet, ToWebview } from './messages';
import { Rows } from './rows';

/** Rows and the set to which they belong. */
export interface RowsOfSet {
  readonly rows: Rows;
  readonly set: PredictionSet | null;
}

export type Loading =
  | { state: 'none' }
  | { state: 'loading'; share: number }
  | { state: 'ready'; skipped: number; firstProblem: string | undefined; incomplete: boolean }
  | { state: 'failed'; message: string; hint: string | undefined };

/** A set that is being loaded and is not shown yet. */
interface Incoming {
  generation: number;
  set: PredictionSet;
  rows: Rows;
  select: string | null;
}

type Message<T extends ToWebview['type']> = Extract<ToWebview, { type: T }>;

/**
 * The shown set of predictions, and the incoming one that replaces it when its first rows have been loaded. Until then
 * the old rows stay visible and keep the focus.
 */
export class ShownSet implements RowsOfSet {
  set: PredictionSet | null = null;
  rows = new Rows();
  generation = 0;
  loading: Loading = { state: 'none' };
  formats: ExportFormat[] = [];
  private incoming: Incoming | null = null;
  private bytes = 0;

  /** Whether another set is being loaded that is not shown yet. */
  get hasIncoming(): boolean {
    return this.incoming !== null;
  }

  /** Whether the incoming rows can be shown: they contain the example to show first. */
  get canShowIncoming(): boolean {
    if (!this.incoming) return false;
    const { rows, select } = this.incoming;
    return select === null || rows.identifiers.includes(select);
  }

  /** The shown set, or the one that is being loaded. */
  get chosen(): PredictionSet | null {
    return this.incoming?.set ?? this.set;
  }

  /** All loaded rows of a split, shown and incoming. */
  rowsOf(split: PredictionSet['split']): Rows[] {
    return [this, this.incoming].flatMap((each) => (each?.set?.split === split ? [each.rows] : []));
  }

  /** Whether a message belongs to the current load or, if there is none, to the shown rows. */
  isCurrent(message: ToWebview): boolean {
    if (!('generation' in message) || message.type === 'begin') return true;
    return message.generation === (this.incoming?.generation ?? this.generation);
  }

  begin({ generation, set, bytes, select }: Message<'begin'>): void {
    this.bytes = bytes;
    this.incoming = { generation, set, select, rows: new Rows() };
    this.loading = { state: 'loading', share: 0 };
  }

  append({ columns, bytesRead }: Message<'rows'>): void {
    this.latestRows.append(columns);
    this.loading = { state: 'loading', share: this.bytes === 0 ? 1 : bytesRead / this.bytes };
  }

  end({ formats, skipped, firstProblem, incomplete }: Message<'end'>): void {
    this.formats = formats;
    this.loading = { state: 'ready', skipped, firstProblem, incomplete };
  }

  fail({ message, hint }: Message<'loadFailed'>): void {
    this.loading = { state: 'failed', message, hint };
  }

  setNotes(notes: Readonly<Record<string, ExampleNote>>): void {
    this.latestRows.notes = new Map(Object.entries(notes));
  }

  /** Makes an example the first to show of an incoming set of the same split. The latest selection wins. */
  selectInIncoming(identifier: string): void {
    if (this.incoming && this.incoming.set.split === this.set?.split)
      this.incoming.select = identifier;
  }

  /**
   * Replaces the shown rows by the incoming ones.
   * @returns the example to show first; null if no set is incoming
   */
  showIncoming(): { select: string | null } | null {
    if (!this.incoming) return null;
    const { generation, set, rows, select } = this.incoming;
    this.incoming = null;
    this.generation = generation;
    this.set = set;
    this.rows = rows;
    return { select };
  }

  private get latestRows(): Rows {
    return this.incoming?.rows ?? this.rows;
  }
}
