import type { ExampleNote, ExportFormat, PredictionSet, ToWebview } from './messages';
import { Rows } from './rows';

/** Rows and the set that they are of. */
export interface RowsOfSet {
  readonly rows: Rows;
  readonly set: PredictionSet | null;
}

export type Loading =
  | { state: 'none' }
  | { state: 'loading'; share: number }
  | { state: 'ready'; skipped: number; firstProblem: string | undefined; incomplete: boolean }
  | { state: 'failed'; message: string; hint: string | undefined };

/** A set that is being loaded and not shown yet. */
interface Incoming {
  generation: number;
  set: PredictionSet;
  rows: Rows;
  select: string | null;
}

type Message<T extends ToWebview['type']> = Extract<ToWebview, { type: T }>;

/**
 * The set of predictions that is shown, and the one that takes its place as soon as there is something of it to show.
 * Until then the old rows stay, and the focus with them.
 */
export class ShownSet implements RowsOfSet {
  set: PredictionSet | null = null;
  rows = new Rows();
  generation = 0;
  loading: Loading = { state: 'none' };
  formats: ExportFormat[] = [];
  private incoming: Incoming | null = null;
  private bytes = 0;

  /** Whether another set is loaded that is not shown yet. */
  get hasIncoming(): boolean {
    return this.incoming !== null;
  }

  /** Whether the incoming rows may be shown: the example to show first is among them. */
  get incomingCanBeShown(): boolean {
    if (!this.incoming) return false;
    const { rows, select } = this.incoming;
    return select === null || rows.identifiers.includes(select);
  }

  /** The set that is shown, or that is about to be. */
  get chosen(): PredictionSet | null {
    return this.incoming?.set ?? this.set;
  }

  /** All rows of a split that the page has, shown and incoming. */
  rowsOf(split: PredictionSet['split']): Rows[] {
    return [this, this.incoming].flatMap((each) => (each?.set?.split === split ? [each.rows] : []));
  }

  /** Whether a message is about the load that is under way or, when there is none, about the rows shown. */
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

  /** Shows an example of the incoming set first, if it has the same split: of all that was chosen, the last is kept. */
  selectInIncoming(identifier: string): void {
    if (this.incoming && this.incoming.set.split === this.set?.split)
      this.incoming.select = identifier;
  }

  /**
   * Shows the incoming rows in place of the old ones.
   * @returns the example to show first; null when nothing is incoming
   */
  adopt(): { select: string | null } | null {
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
