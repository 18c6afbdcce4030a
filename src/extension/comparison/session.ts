import { stat } from 'node:fs/promises';
import type { Comparison, CompareRequest, Outcome } from '../../analysis/compare';
import {
  OUTCOMES,
  selectRows,
  type ComparedTable,
  type ExampleSelection,
} from '../../analysis/comparedTable';
import type { ComparedInThread } from '../../analysis/compareThread';
import { builtInSlices, YES } from '../../analysis/slices';
import type { UserSlice } from '../../analysis/userSlices';
import { setFile, listSets } from '../../run/read/predictionSets';
import { localized, localizedMessage, localizedError } from '../../util/language';
import { localize } from '../../util/localize';
import { isAbortError, UserError } from '../../util/userError';
import type {
  Choice,
  ComparisonContract,
  ComparisonNumbers,
  ListedExample,
  PredictionSet,
  ComparableRun,
  Selection,
  Side,
  Split,
  ToHost,
  ToWebview,
  WantedEpoch,
} from '../../webview/comparison/messages';
import type { ComparedSubset } from '../../webview/failures/messages';
import type { MessageHandlers } from '../webview/messenger';
import { listExports, type ComparisonExport } from './exports';

/** Facts about a run from the registry. */
export interface KnownRun {
  name: string;
  bestEpoch: number | null;
}

/** The editor functions that a session uses. */
export interface ComparisonEditor {
  send(message: ToWebview): void;
  run(folder: string): KnownRun;
  /** Slices that the user has defined. @throws {UserError} when they are invalid */
  userSlices(): readonly UserSlice[];
  /** As `compareInThread`. */
  compare(
    request: CompareRequest,
    options: { signal: AbortSignal; quick: (compared: ComparedInThread) => void },
  ): Promise<ComparedInThread>;
  openFailures(
    folder: string,
    wanted: PredictionSet & { identifier?: string; subset: ComparedSubset },
  ): Promise<void>;
  /** Called when the user swaps the runs. */
  swapped(): void;
  copy(text: string): Promise<void>;
  /** Asks what to export and where, and writes it. @returns the file's name, null when canceled. */
  save(offered: readonly ComparisonExport[]): Promise<string | null>;
  problem(doing: string, error: unknown): void;
}

/** Maximum number of examples per request of the page. */
const MAX_EXAMPLES = 500;

type Shown =
  | { type: 'comparing' }
  | {
      type: 'compared';
      comparison: Comparison;
      table: ComparedTable;
      numbers: ComparisonNumbers;
      /** Whether all intervals are computed. */
      complete: boolean;
    }
  | { type: 'failed'; message: string; hint: string | null };

/** The state of one panel: which predictions of two runs it compares, and the result. */
export class ComparisonSession implements MessageHandlers<ComparisonContract> {
  private generation = 0;
  private shown: Shown | null = null;
  private abort = new AbortController();
  private offers: Record<Side, ComparableRun> | null = null;
  /** Size and modification time of the two compared files. */
  private stamps = '';
  private newer: string[] = [];
  private selected: { key: string; rows: Int32Array } | null = null;
  private disposed = false;
  private initialRead: Promise<void> | null = null;

  /**
   * @param folders the runs, a first.
   * @param choice null: the newest predictions of the first split that both have.
   */
  constructor(
    private folders: Readonly<Record<Side, string>>,
    private choice: Choice | null,
    private readonly editor: ComparisonEditor,
  ) {}

  get runs(): Readonly<Record<Side, string>> {
    return this.folders;
  }

  /** The comparison shown, if the subset belongs to it. */
  comparedFor({ a, b, split, epochA, epochB }: ComparedSubset): ComparedInThread | null {
    const { shown, folders } = this;
    if (shown?.type !== 'compared' || folders.a !== a || folders.b !== b) return null;
    const { comparison } = shown;
    const same =
      comparison.split === split && comparison.a.epoch === epochA && comparison.b.epoch === epochB;
    return same ? shown : null;
  }

  /** Starts the comparison while the page loads. */
  async prepare(): Promise<void> {
    this.initialRead = this.readOffers();
    await this.initialRead;
    if (this.shown === null) await this.compare();
  }

  async ready(): Promise<void> {
    await this.initialRead;
    await this.readOffers();
    this.sendRuns();
    if (this.shown === null) await this.compare();
    else this.sendShown();
  }

  /** Call when predictions or names of the runs may have changed. */
  async refresh(): Promise<void> {
    const { shown } = this;
    if (shown === null || shown.type === 'comparing') return;
    if (shown.type === 'compared' && !shown.complete) return;
    const before = JSON.stringify([this.offers, this.newer]);
    const generation = this.generation;
    await this.readOffers();
    this.newer = await this.findNewer();
    if (this.disposed || generation !== this.generation) return;
    if (before === JSON.stringify([this.offers, this.newer])) return;
    this.sendRuns();
    // Missing predictions may exist now.
    if (shown.type === 'failed') await this.compare();
  }

  async message(message: ToHost): Promise<void> {
    switch (message.type) {
      case 'choose':
        this.choice = message.choice;
        break;
      case 'swapRuns':
        this.folders = { a: this.folders.b, b: this.folders.a };
        if (this.choice)
          this.choice = {
            ...this.choice,
            epochA: this.choice.epochB,
            epochB: this.choice.epochA,
          };
        this.editor.swapped();
        break;
      case 'compareAgain':
        break;
    }
    await this.readOffers();
    this.newer = [];
    this.sendRuns();
    await this.compare();
  }

  readonly requests: MessageHandlers<ComparisonContract>['requests'] = {
    examples: ({ generation, selection, first, count, find }) => {
      const { table } = this.result(generation);
      const rows = this.rowsOf(table, selection);
      const wanted = rows.subarray(first, first + Math.min(count, MAX_EXAMPLES));
      const index = find === null ? -1 : rows.findIndex((row) => table.identifiers[row] === find);
      return {
        total: rows.length,
        examples: Array.from(wanted, (row) => toListedExample(table, row)),
        found: index < 0 ? null : index,
      };
    },
    openExamples: async ({ generation, side, selection, title, identifier }) => {
      const { comparison } = this.result(generation);
      const { split, a, b, slices } = comparison;
      const slice = selection.slice === null ? null : slices[selection.slice];
      await this.editor.openFailures(this.folders[side], {
        split,
        epoch: comparison[side].epoch,
        subset: {
          kind: 'comparison',
          title,
          ...this.folders,
          split,
          epochA: a.epoch,
          epochB: b.epoch,
          outcomes: selection.outcomes,
          slice: slice && { slice: slice.slice, value: slice.value },
          search: selection.search,
        },
        ...(identifier !== null && { identifier }),
      });
      return null;
    },
    copyJson: async ({ generation }) => {
      const { comparison } = this.completeResult(generation);
      await this.editor.copy(`${JSON.stringify(comparison, null, 2)}\n`);
      return null;
    },
    export: async ({ generation, selection }) => {
      const { comparison, table } = this.completeResult(generation);
      const rows = selection === null ? null : this.rowsOf(table, selection);
      return { file: await this.editor.save(listExports(comparison, table, rows)) };
    },
  };

  failed(error: unknown, during: string): void {
    this.editor.problem(during, error);
  }

  dispose(): void {
    this.disposed = true;
    this.abort.abort();
  }

  /** @throws {UserError} when another comparison is shown. */
  private result(generation: number): Extract<Shown, { type: 'compared' }> {
    if (generation !== this.generation || this.shown?.type !== 'compared')
      throw new UserError(localize('Other predictions are compared now.'));
    return this.shown;
  }

  /** @throws {UserError} when another comparison is shown, or intervals are still being computed. */
  private completeResult(generation: number): Extract<Shown, { type: 'compared' }> {
    const result = this.result(generation);
    if (!result.complete) throw new UserError(localize('The intervals are still being computed.'));
    return result;
  }

  /** The rows of a selection, cached because a list is requested in pieces. */
  private rowsOf(table: ComparedTable, selection: Selection): Int32Array {
    const key = JSON.stringify([this.generation, selection]);
    if (this.selected?.key !== key) {
      const wanted: ExampleSelection = selection;
      this.selected = { key, rows: selectRows(table, wanted) };
    }
    return this.selected.rows;
  }

  private async readOffers(): Promise<void> {
    const offer = async (folder: string): Promise<ComparableRun> => {
      const sets = await listSets(folder);
      return { folder, sets, ...this.editor.run(folder) };
    };
    const { a, b } = this.folders;
    const [offerA, offerB] = [await offer(a), await offer(b)];
    this.offers = { a: offerA, b: offerB };
    this.choice ??= {
      split: commonSplit(offerA.sets, offerB.sets),
      epochA: 'last',
      epochB: 'last',
    };
  }

  private async compare(): Promise<void> {
    const { choice } = this;
    if (!choice || this.disposed) return;
    this.abort.abort();
    const abort = (this.abort = new AbortController());
    this.generation += 1;
    this.show({ type: 'comparing' });
    try {
      const show = ({ comparison, table }: ComparedInThread, complete: boolean): void => {
        if (abort.signal.aborted) return;
        const numbers = toNumbers(comparison);
        this.show({ type: 'compared', comparison, table, numbers, complete });
      };
      const compared = await this.editor.compare(
        { ...this.folders, ...choice, userSlices: this.editor.userSlices() },
        { signal: abort.signal, quick: (known) => show(known, false) },
      );
      if (abort.signal.aborted) return;
      this.stamps = await this.stampsOf(compared.comparison);
      show(compared, true);
    } catch (error) {
      if (abort.signal.aborted || isAbortError(error)) return;
      // The log gets the stack, the page the message.
      this.editor.problem('compare', error);
      this.show({ type: 'failed', ...localizedError(error) });
    }
  }

  private show(shown: Shown): void {
    this.shown = shown;
    this.sendShown();
  }

  private sendShown(): void {
    const { shown, generation } = this;
    if (shown === null || this.disposed) return;
    switch (shown.type) {
      case 'comparing':
        return this.editor.send({ type: 'comparing', generation });
      case 'compared':
        return this.editor.send({
          type: 'compared',
          generation,
          comparison: shown.numbers,
          complete: shown.complete,
        });
      case 'failed':
        return this.editor.send({ ...shown, generation });
    }
  }

  private sendRuns(): void {
    if (!this.offers || !this.choice || this.disposed) return;
    this.editor.send({ type: 'runs', ...this.offers, choice: this.choice, newer: this.newer });
  }

  /** Names of the runs with newer predictions than those compared. */
  private async findNewer(): Promise<string[]> {
    const { shown, choice, offers } = this;
    if (shown?.type !== 'compared' || !choice || !offers) return [];
    const { comparison } = shown;
    const other = (offer: ComparableRun, wanted: WantedEpoch, epoch: number | null): boolean =>
      wanted === 'last'
        ? offer.sets.findLast(({ split }) => split === choice.split)?.epoch !== epoch
        : wanted === 'best' && epoch !== null && offer.bestEpoch !== epoch;
    const a = other(offers.a, choice.epochA, comparison.a.epoch);
    const b = other(offers.b, choice.epochB, comparison.b.epoch);
    const [stampA, stampB] = (await this.stampsOf(comparison)).split(' ');
    const [oldA, oldB] = this.stamps.split(' ');
    const names = [
      ...(a || stampA !== oldA ? [offers.a.name] : []),
      ...(b || stampB !== oldB ? [offers.b.name] : []),
    ];
    return [...new Set(names)];
  }

  private async stampsOf({ a, b, split }: Comparison): Promise<string> {
    const stamp = async (folder: string, epoch: number | null): Promise<string> => {
      const found = await stat(setFile(folder, { split, epoch })).catch(() => null);
      return found === null ? 'gone' : `${found.mtimeMs}/${found.size}`;
    };
    return `${await stamp(this.folders.a, a.epoch)} ${await stamp(this.folders.b, b.epoch)}`;
  }
}

/** The first of val, test and train that both runs have, else the first that either has. */
function commonSplit(a: readonly PredictionSet[], b: readonly PredictionSet[]): Split {
  const has = (sets: readonly PredictionSet[], split: Split): boolean =>
    sets.some((set) => set.split === split);
  const splits = ['val', 'test', 'train'] as const;
  return (
    splits.find((split) => has(a, split) && has(b, split)) ??
    splits.find((split) => has(a, split) || has(b, split)) ??
    'val'
  );
}

/** Converts a comparison to what the page shows, in the display language. */
function toNumbers(comparison: Comparison): ComparisonNumbers {
  const side = ({ name, epoch, alone }: Comparison['a']) => ({ name, epoch, alone });
  return {
    ...comparison,
    a: side(comparison.a),
    b: side(comparison.b),
    slices: comparison.slices.map(({ finding, ...slice }) => ({
      ...slice,
      title: sliceTitle(slice.slice, slice.value),
      finding: finding === null ? null : localizedMessage(finding),
    })),
    notes: comparison.notes.map(localizedMessage),
  };
}

function sliceTitle(slice: string, value: string): string {
  const title = localized(builtInSlices.find((each) => each.slice === slice)?.title ?? slice);
  return value === YES ? title : `${title}: ${value}`;
}

function toListedExample(table: ComparedTable, row: number): ListedExample {
  return {
    identifier: table.identifiers[row],
    sentence: table.sentences[table.sentence[row]],
    label: table.label[row] === 1,
    answerA: table.answerA[row] === 1,
    answerB: table.answerB[row] === 1,
    probTrueA: table.probTrueA[row],
    probTrueB: table.probTrueB[row],
    outcome: OUTCOMES[table.outcome[row]] satisfies Outcome,
  };
}
