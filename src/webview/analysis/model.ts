import type {
  AnalysisContract,
  DynamicsColumns,
  ExampleLine,
  ExampleNote,
  Fate,
  ListFormat,
  ListId,
  NoiseCandidate,
  Numbers,
  PanelState,
  PredictionSet,
  RobustnessResult,
  Subset,
  TabId,
  ToHost,
  ToWebview,
} from './messages';
import { FATES, POINT_COLUMNS, SLICE_COLUMNS, TABS } from './messages';

/** The part of the host connection that the model uses. */
export interface Host {
  send(message: ToHost): void;
  request<N extends keyof AnalysisContract['requests']>(
    name: N,
    params: AnalysisContract['requests'][N]['params'],
  ): Promise<AnalysisContract['requests'][N]['result']>;
}

export type AnalysisState =
  | { state: 'none' }
  | { state: 'working'; share: number }
  | { state: 'done' }
  | { state: 'canceled' }
  | { state: 'failed'; message: string; hint: string | undefined; trust: boolean };

export interface Notice {
  level: 'info' | 'error';
  message: string;
}

export const DEFAULT_SLICES: PanelState['slices'] = {
  column: 'slice',
  descending: false,
  search: '',
  marked: false,
};

/** State of the panel, independent of the DOM: data from the host and choices of the user. Every change calls `changed`. */
export class Model {
  run: Extract<ToWebview, { type: 'init' }> | null = null;
  sets: PredictionSet[] = [];
  set: PredictionSet | null = null;
  state: AnalysisState = { state: 'none' };
  /** null until the first numbers arrive. */
  numbers: Numbers | null = null;
  /** Whether `numbers` is complete. */
  complete = false;
  /** undefined while loading; null for fewer than two epochs. */
  dynamics: DynamicsColumns | null | undefined;
  notes: ReadonlyMap<string, ExampleNote> = new Map();
  notice: Notice | null = null;
  tab: TabId = 'overview';
  slices = DEFAULT_SLICES;
  fate: Fate | null = null;
  points: PanelState['points'] = { column: 'confidence', descending: false };
  unmarkedOnly = false;
  /** undefined while loading. */
  robustness: readonly RobustnessResult[] | undefined;
  private robustnessFile: string | null = null;
  at: PanelState['at'] = {};
  generation = 0;
  /** The set of `numbers`, which may differ from `set` while another one is being analyzed. */
  private numbersOf: PredictionSet | null = null;
  private readonly lines = new Map<number, ExampleLine>();
  private readonly requestedRows = new Set<number>();

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
    private readonly saveState: (state: PanelState) => void,
    state: Partial<PanelState>,
  ) {
    this.tab = TABS.find((tab) => tab === state.tab) ?? this.tab;
    const column = SLICE_COLUMNS.find((each) => each === state.slices?.column);
    this.slices = { ...DEFAULT_SLICES, ...state.slices, column: column ?? DEFAULT_SLICES.column };
    this.fate = FATES.find((fate) => fate === state.fate) ?? null;
    const pointColumn = POINT_COLUMNS.find((each) => each === state.points?.column);
    this.points = { ...this.points, ...state.points, column: pointColumn ?? this.points.column };
    this.unmarkedOnly = state.unmarkedOnly ?? false;
    this.at = { ...state.at };
    this.robustnessFile = state.robustness ?? null;
  }

  receive(message: ToWebview): void {
    if (
      'generation' in message &&
      message.type !== 'begin' &&
      message.generation !== this.generation
    )
      return;
    switch (message.type) {
      case 'init':
        this.run = message;
        this.sets = message.sets;
        break;
      case 'sets':
        this.sets = message.sets;
        if (this.run) this.run = { ...this.run, active: message.active };
        break;
      case 'begin':
        this.begin(message);
        break;
      case 'progress':
        if (this.state.state === 'working') this.state = { state: 'working', share: message.share };
        break;
      case 'numbers':
        this.setNumbers(message.numbers, message.complete);
        break;
      case 'dynamics':
        this.dynamics = message.columns;
        break;
      case 'failed': {
        const { message: text, hint, trust } = message;
        this.state = { state: 'failed', message: text, hint, trust: trust === true };
        break;
      }
      case 'canceled':
        this.state = { state: 'canceled' };
        break;
      case 'robustness':
        this.robustness = message.results;
        break;
      case 'showTab':
        this.tab = message.tab;
        this.save();
        break;
      case 'notes':
        this.notes = new Map(Object.entries(message.notes));
        break;
    }
    this.changed();
  }

  /** A newer epoch of the split shown, not yet looked at. */
  get newer(): PredictionSet | null {
    const { set } = this;
    if (!set || set.epoch === null) return null;
    const latest = this.sets.filter(({ split, epoch }) => split === set.split && epoch !== null);
    const last = latest.at(-1);
    return last && (last.epoch ?? 0) > set.epoch ? last : null;
  }

  open(set: PredictionSet): void {
    this.host.send({ type: 'open', set });
  }

  setTab(tab: TabId): void {
    this.tab = tab;
    this.saveAndNotify();
  }

  setSlices(change: Partial<PanelState['slices']>): void {
    this.slices = { ...this.slices, ...change };
    this.moveTo('slices', 0);
  }

  setFate(fate: Fate | null): void {
    this.fate = fate;
    this.moveTo('points', 0);
  }

  setPoints(change: Partial<PanelState['points']>): void {
    this.points = { ...this.points, ...change };
    this.moveTo('points', 0);
  }

  /** The shown result. */
  get robustnessShown(): RobustnessResult | undefined {
    const results = this.robustness ?? [];
    return results.find(({ file }) => file === this.robustnessFile) ?? results[0];
  }

  setRobustness(file: string): void {
    this.robustnessFile = file;
    this.saveAndNotify();
  }

  setUnmarkedOnly(unmarkedOnly: boolean): void {
    this.unmarkedOnly = unmarkedOnly;
    this.moveTo('noise', 0);
  }

  /** Moves the focus of a list to a row. */
  moveTo(list: ListId, index: number): void {
    this.at = { ...this.at, [list]: index };
    this.saveAndNotify();
  }

  showSubset(subset: Subset): void {
    this.host.send({ type: 'showSubset', subset });
  }

  showExample(identifier: string): void {
    this.host.send({ type: 'showExample', identifier });
  }

  showRow(row: number): void {
    this.host.send({ type: 'showRow', generation: this.generation, row });
  }

  send(message: ToHost): void {
    this.host.send(message);
  }

  /** The example of a row; undefined while it is not loaded. */
  line(row: number): ExampleLine | undefined {
    return this.lines.get(row);
  }

  /** Requests the missing examples of visible rows. */
  requestLines(rows: readonly number[]): void {
    const missing = rows.filter((row) => !this.lines.has(row) && !this.requestedRows.has(row));
    if (missing.length === 0) return;
    for (const row of missing) this.requestedRows.add(row);
    const { generation } = this;
    this.host.request('rows', { generation, rows: missing }).then(
      (lines) => {
        if (generation !== this.generation) return;
        for (const line of lines) this.lines.set(line.row, line);
        // Rows that the host could not provide yet are requested again.
        for (const row of missing) this.requestedRows.delete(row);
        if (lines.length > 0) this.changed();
      },
      (error: unknown) => this.showError(error),
    );
  }

  noteOf(identifier: string): ExampleNote {
    return this.notes.get(identifier) ?? { marked: false, note: '' };
  }

  async toggleMark({ identifier }: Pick<NoiseCandidate, 'identifier'>): Promise<void> {
    if (!this.set) return;
    const { split } = this.set;
    const before = this.noteOf(identifier);
    const note = { ...before, marked: !before.marked };
    this.notes = new Map([...this.notes, [identifier, note]]);
    this.changed();
    await this.host
      .request('saveNote', { split, identifier, note })
      .catch((error: unknown) => this.showError(error));
  }

  /** @returns the name of the file; null if canceled or failed */
  async exportCandidates(format: ListFormat): Promise<string | null> {
    try {
      return (await this.host.request('exportCandidates', { format })).file;
    } catch (error) {
      this.showError(error);
      return null;
    }
  }

  showInfo(message: string): void {
    this.notice = { level: 'info', message };
    this.changed();
  }

  dismissNotice(): void {
    this.notice = null;
    this.changed();
  }

  private begin({ generation, set }: Extract<ToWebview, { type: 'begin' }>): void {
    this.generation = generation;
    this.set = set;
    this.state = { state: 'working', share: 0 };
    this.lines.clear();
    this.requestedRows.clear();
    this.notice = null;
    if (!sameSet(set, this.numbersOf)) {
      this.numbers = null;
      this.complete = false;
      this.dynamics = undefined;
    }
    this.save();
  }

  private setNumbers(numbers: Numbers, complete: boolean): void {
    // Complete numbers of the same set stay visible until the new ones are complete.
    if (!complete && this.complete && sameSet(this.set, this.numbersOf)) return;
    this.numbers = numbers;
    this.numbersOf = this.set;
    this.complete = complete;
    if (complete) this.state = { state: 'done' };
  }

  private showError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.notice = { level: 'error', message };
    this.changed();
  }

  private saveAndNotify(): void {
    this.save();
    this.changed();
  }

  private save(): void {
    const { set, tab, slices, fate, points, unmarkedOnly, at, robustnessFile: robustness } = this;
    if (!this.run) return;
    const { runFolder } = this.run;
    this.saveState({ runFolder, set, tab, slices, fate, points, unmarkedOnly, at, robustness });
  }
}

function sameSet(a: PredictionSet | null, b: PredictionSet | null): boolean {
  return a !== null && b !== null && a.split === b.split && a.epoch === b.epoch;
}
