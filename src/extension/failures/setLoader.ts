import { stat } from 'node:fs/promises';
import { localized } from '../../util/language';
import { phrase, type Words } from '../../util/phrase';
import { errnoOf, wordsOf } from '../../util/userError';
import type { PredictionSet, ToWebview } from '../../webview/failures/messages';
import { InSlices } from '../inSlices';
import { exportFormats } from './exportRows';
import { readAnswers } from './history';
import { fileOfSet } from '../../run/predictionSets';
import { PredictionTable } from './predictionTable';
import { readPredictions } from '../../run/readPredictions';

/** Rows of a message: small enough to be unpacked by the webview within a frame. */
const ROWS_A_MESSAGE = 4000;
/** Earlier epochs whose answers are shown beside an example. */
const MOST_EPOCHS = 24;

type BeginMessage = Extract<ToWebview, { type: 'begin' }>;
type RowMessage = Extract<ToWebview, { type: 'rows' | 'end' | 'loadFailed' | 'history' }>;

/**
 * Loads one prediction file after the other, each with the answers of the other epochs, and tells of it
 * while it goes on. What was told is kept, so that a webview that was reloaded can be told again.
 */
export class SetLoader {
  /** Rows loaded so far. */
  table = new PredictionTable();
  generation = 0;
  private abort = new AbortController();
  private begun: BeginMessage | undefined;
  private told: RowMessage[] = [];
  /** How many of `told` the page has got. */
  private arrived = 0;
  private readonly telling = new InSlices(() => this.tellNext());

  constructor(
    private readonly runFolder: string,
    private readonly tell: (message: ToWebview) => void,
  ) {}

  /** The set being shown. */
  get set(): PredictionSet | null {
    return this.begun?.set ?? null;
  }

  /**
   * Loads a set in place of the one before. Problems are told, not thrown.
   * @param select identifier of the example to show first.
   * @param others the run's other sets; epochs of the same split become the history.
   */
  async load(
    set: PredictionSet,
    select: string | null,
    others: readonly PredictionSet[],
  ): Promise<void> {
    this.stop();
    const { signal } = this.abort;
    const generation = ++this.generation;
    const file = fileOfSet(this.runFolder, set);
    this.table = new PredictionTable();
    this.told = [];
    this.arrived = 0;
    try {
      const { size } = await stat(file);
      if (signal.aborted) return;
      this.begin({ type: 'begin', generation, set, bytes: size, select });
      await this.readRows(file, generation, signal);
      await this.readHistory(set, others, generation, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (this.begun?.generation !== generation)
        this.begin({ type: 'begin', generation, set, bytes: 0, select });
      await this.say({ type: 'loadFailed', generation, ...explain(error, file) });
    }
  }

  /**
   * Tells everything about the set shown once more; resolves when it is told.
   * @param select the example shown now.
   */
  async repeat(select: string | null): Promise<void> {
    if (!this.begun) return;
    this.tell({ ...this.begun, select });
    this.arrived = 0;
    await this.telling.run();
  }

  stop(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  private async readRows(file: string, generation: number, signal: AbortSignal): Promise<void> {
    let skipped = 0;
    let firstProblem: Words | undefined;
    let incomplete = false;
    for await (const batch of readPredictions(file, { signal, batchSize: ROWS_A_MESSAGE })) {
      if (signal.aborted) return;
      ({ skipped, firstProblem, incomplete } = { firstProblem, ...batch });
      if (batch.predictions.length === 0) continue;
      const columns = this.table.append(batch.predictions);
      await this.say({ type: 'rows', generation, columns, bytesRead: batch.bytesRead });
    }
    // Other predictions may have been opened while these were told.
    if (signal.aborted) return;
    const formats = exportFormats(this.table.count > 0 ? this.table.row(0) : undefined);
    await this.say({
      type: 'end',
      generation,
      skipped,
      ...(firstProblem !== undefined && { firstProblem: localized(firstProblem) }),
      incomplete,
      formats,
    });
  }

  private async readHistory(
    set: PredictionSet,
    others: readonly PredictionSet[],
    generation: number,
    signal: AbortSignal,
  ): Promise<void> {
    // The nearest epochs first: they are what "newly wrong" compares with.
    const epochs = others
      .filter(({ split, epoch }) => split === set.split && epoch !== null && epoch !== set.epoch)
      .sort((a, b) => distance(a, set) - distance(b, set))
      .slice(0, MOST_EPOCHS);
    for (const other of epochs) {
      try {
        const answers = await readAnswers(this.runFolder, other, this.table, signal);
        if (signal.aborted) return;
        await this.say({ type: 'history', generation, epoch: other.epoch ?? 0, answers });
      } catch (error) {
        // An epoch whose file went away leaves a gap; the set shown is not affected.
        if (signal.aborted || errnoOf(error) === undefined) throw error;
      }
    }
  }

  private begin(message: BeginMessage): void {
    this.begun = message;
    this.tell(message);
  }

  /** Behind what is being told: rows come in order also while the earlier ones are repeated. */
  private async say(message: RowMessage): Promise<void> {
    this.told.push(message);
    await this.telling.run();
  }

  private tellNext(): boolean {
    const message = this.told[this.arrived];
    if (message === undefined) return false;
    this.arrived += 1;
    this.tell(message);
    return true;
  }
}

/** Distance in epochs, earlier ones before later ones. */
function distance(other: PredictionSet, set: PredictionSet): number {
  const from = set.epoch ?? Number.MAX_SAFE_INTEGER;
  const to = other.epoch ?? 0;
  return to < from ? from - to : 1e6 + to - from;
}

function explain(error: unknown, file: string): { message: string; hint?: string } {
  if (errnoOf(error) === 'ENOENT')
    return { message: localized(phrase('{0} is not there any more.', file)) };
  return { message: localized(phrase('{0} cannot be read: {1}', file, wordsOf(error))) };
}
