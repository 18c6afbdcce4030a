import { stat } from 'node:fs/promises';
import type { Prediction } from '../../run/predictions';
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import { errnoOf, UserError, messageTextOf } from '../../util/userError';
import type { PredictionSet, ToWebview } from '../../webview/failures/messages';
import { exportFormats } from './exportRows';
import { readAnswers } from './history';
import { setFile } from '../../run/read/predictionSets';
import { PredictionTable } from './predictionTable';
import { readPredictions } from '../../run/read/readPredictions';
import { FileChanged, ShownFile, stampOf } from './shownFile';

/** Rows of a message, but for the last. */
const ROWS_PER_MESSAGE = 4000;
/** Earlier epochs whose answers are shown with an example. */
const MOST_EPOCHS = 24;

type BeginMessage = Extract<ToWebview, { type: 'begin' }>;

/** The answers of another epoch, one byte a row. */
interface OtherAnswers {
  /** Of the file shown and of the file of the answers. */
  stamps: string;
  answers: Uint8Array;
}

/**
 * Loads one prediction file after the other, each with the answers of the other epochs, and sends it to the page while
 * it continues. The page has the rows; this keeps the position of each of them in the file, which is read again when a
 * row is wanted, or all of them because the page was discarded.
 */
export class SetLoader {
  generation = 0;
  private abort = new AbortController();
  private begun: BeginMessage | undefined;
  private shown: ShownFile | undefined;
  /** By epoch. A byte a row is little, and reading them takes as long as all the rows of their epochs. */
  private answers = new Map<number, OtherAnswers>();

  constructor(
    private readonly runFolder: string,
    private readonly send: (message: ToWebview) => void,
  ) {}

  /** The set being shown. */
  get set(): PredictionSet | null {
    return this.begun?.set ?? null;
  }

  /**
   * Loads a set in place of the one before. Problems are reported, not thrown.
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
    const file = setFile(this.runFolder, set);
    if (set.split !== this.set?.split) this.answers.clear();
    try {
      const found = await stat(file);
      if (signal.aborted) return;
      this.shown = new ShownFile(file, stampOf(found));
      this.begin({ type: 'begin', generation, set, bytes: found.size, select });
      const table = await this.readRows(this.shown, generation, signal);
      if (table) await this.readHistory(set, others, this.shown.stamp, table, generation, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (this.begun?.generation !== generation)
        this.begin({ type: 'begin', generation, set, bytes: 0, select });
      this.send({ type: 'loadFailed', generation, message: localized(explain(error, file)) });
    }
  }

  /**
   * A row of the set shown.
   * @throws {UserError} when it belongs to a set that is no longer shown, or cannot be read any more; `FileChanged`.
   */
  async row(generation: number, row: number): Promise<Prediction> {
    return this.reading(generation, (shown) => shown.row(row));
  }

  /** The rows of the set shown by their numbers, for as long as what is returned is used. @throws as `row`. */
  async rows(generation: number): Promise<(row: number) => Prediction> {
    return this.reading(generation, (shown) => shown.all());
  }

  /** The path of an image by its id; undefined for one of a set that is no longer shown. */
  imagePath(image: number): string | undefined {
    return this.shown?.images[image];
  }

  stop(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  private async reading<T>(generation: number, read: (shown: ShownFile) => Promise<T>): Promise<T> {
    const { shown } = this;
    if (generation !== this.generation || !shown) throw otherPredictions();
    try {
      return await read(shown);
    } catch (error) {
      if (error instanceof FileChanged || errnoOf(error) === undefined) throw error;
      throw new UserError(explain(error, shown.file));
    }
  }

  /** @returns the table, for lining up other epochs; undefined when it is no longer wanted. */
  private async readRows(
    shown: ShownFile,
    generation: number,
    signal: AbortSignal,
  ): Promise<PredictionTable | undefined> {
    const table = new PredictionTable(shown.images);
    let formats = exportFormats(undefined);
    let skipped = 0;
    let firstProblem: MessageText | undefined;
    let incomplete = false;
    for await (const batch of readPredictions(shown.file, {
      signal,
      batchSize: ROWS_PER_MESSAGE,
    })) {
      if (signal.aborted) return undefined;
      ({ skipped, firstProblem, incomplete } = { firstProblem, ...batch });
      if (batch.predictions.length === 0) continue;
      if (table.count === 0) formats = exportFormats(batch.predictions[0]);
      const columns = table.append(batch.predictions);
      shown.append(batch.starts);
      this.send({ type: 'rows', generation, columns, bytesRead: batch.bytesRead });
    }
    if (signal.aborted) return undefined;
    this.send({
      type: 'end',
      generation,
      skipped,
      ...(firstProblem !== undefined && { firstProblem: localized(firstProblem) }),
      incomplete,
      formats,
    });
    return table;
  }

  private async readHistory(
    set: PredictionSet,
    others: readonly PredictionSet[],
    stamp: string,
    table: PredictionTable,
    generation: number,
    signal: AbortSignal,
  ): Promise<void> {
    // The nearest epochs first: they are what "newly wrong" compares with.
    const epochs = others
      .filter(({ split, epoch }) => split === set.split && epoch !== null && epoch !== set.epoch)
      .sort((a, b) => distance(a, set) - distance(b, set))
      .slice(0, MOST_EPOCHS);
    const before = this.answers;
    this.answers = new Map();
    for (const other of epochs) {
      const epoch = other.epoch ?? 0;
      try {
        const stamps = `${set.epoch} ${stamp} ${stampOf(await stat(setFile(this.runFolder, other)))}`;
        const known = before.get(epoch);
        const answers =
          known?.stamps === stamps
            ? known.answers
            : await readAnswers(this.runFolder, other, table, signal);
        if (signal.aborted) return;
        this.answers.set(epoch, { stamps, answers });
        this.send({ type: 'history', generation, epoch, answers });
      } catch (error) {
        // An epoch whose file went away leaves a gap; the set shown is not affected.
        if (signal.aborted || errnoOf(error) === undefined) throw error;
      }
    }
  }

  private begin(message: BeginMessage): void {
    this.begun = message;
    this.send(message);
  }
}

/** What is asked about rows that are no longer shown. */
export function otherPredictions(): UserError {
  return new UserError(localize('Other predictions were opened in the meantime.'));
}

/** Distance in epochs, earlier ones before later ones. */
function distance(other: PredictionSet, set: PredictionSet): number {
  const from = set.epoch ?? Number.MAX_SAFE_INTEGER;
  const to = other.epoch ?? 0;
  return to < from ? from - to : 1e6 + to - from;
}

function explain(error: unknown, file: string): MessageText {
  if (errnoOf(error) === 'ENOENT') return localize('{0} no longer exists.', file);
  return localize('{0} cannot be read: {1}', file, messageTextOf(error));
}
