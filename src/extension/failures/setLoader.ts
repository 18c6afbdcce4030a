import { stat } from 'node:fs/promises';
import type { Prediction } from '../../run/predictions';
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import { errnoOf, UserError, messageTextOf } from '../../util/userError';
import type { PredictionSet, ToWebview } from '../../webview/failures/messages';
import { exportFormats } from './exportRows';
import { readAnswers } from './readAnswers';
import { setFile } from '../../run/read/predictionSets';
import { PredictionTable } from './predictionTable';
import { readPredictions } from '../../run/read/readPredictions';
import { FileChangedError, ShownFile, stampOf } from './shownFile';

/** Rows per message except the last. */
const ROWS_PER_MESSAGE = 4000;
/** Maximum number of other epochs whose answers are shown with an example. */
const MAX_EPOCHS = 24;

type BeginMessage = Extract<ToWebview, { type: 'begin' }>;

/** The answers of another epoch, one byte per row. */
interface OtherAnswers {
  /** Stamps of the file shown and of the file of the answers. */
  stamps: string;
  answers: Uint8Array;
}

/**
 * Loads one prediction file after the other, each with the answers of the other epochs, and streams it to the page. The
 * rows are stored in the page; the loader stores the position of each row in the file, and reads the file again when a
 * row is requested, or all rows after the page was discarded.
 */
export class SetLoader {
  generation = 0;
  private abort = new AbortController();
  private begun: BeginMessage | undefined;
  private shown: ShownFile | undefined;
  /** By epoch. Cached, because reading them takes as long as reading all rows of their epochs. */
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
   * Loads a set and replaces the previous one. Problems are reported, not thrown.
   * @param select identifier of the example to select
   * @param others the other sets of the run; epochs of the same split become the history
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
      this.sendBegin({ type: 'begin', generation, set, bytes: found.size, select });
      const table = await this.readRows(this.shown, generation, signal);
      if (table) await this.readHistory(set, others, this.shown.stamp, table, generation, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (this.begun?.generation !== generation)
        this.sendBegin({ type: 'begin', generation, set, bytes: 0, select });
      this.send({ type: 'loadFailed', generation, message: localized(describeError(error, file)) });
    }
  }

  /**
   * Reads a row of the set shown.
   * @throws {UserError} when it belongs to a set that is no longer shown, or can no longer be read; {@link FileChangedError}.
   */
  async row(generation: number, row: number): Promise<Prediction> {
    return this.readShown(generation, (shown) => shown.row(row));
  }

  /** Reads all rows of the set shown. @returns a function from index to row, which holds the file. @throws as `row`. */
  async rows(generation: number): Promise<(row: number) => Prediction> {
    return this.readShown(generation, (shown) => shown.all());
  }

  /** The path of an image by its index; undefined for one of a set that is no longer shown. */
  imagePath(image: number): string | undefined {
    return this.shown?.images[image];
  }

  stop(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  private async readShown<T>(
    generation: number,
    read: (shown: ShownFile) => Promise<T>,
  ): Promise<T> {
    const { shown } = this;
    if (generation !== this.generation || !shown) throw otherPredictionsError();
    try {
      return await read(shown);
    } catch (error) {
      if (error instanceof FileChangedError || errnoOf(error) === undefined) throw error;
      throw new UserError(describeError(error, shown.file));
    }
  }

  /** @returns the table, to which other epochs are aligned; undefined when aborted. */
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
    // The nearest epochs first: "newly wrong" compares with them.
    const epochs = others
      .filter(({ split, epoch }) => split === set.split && epoch !== null && epoch !== set.epoch)
      .sort((a, b) => sortKey(a, set) - sortKey(b, set))
      .slice(0, MAX_EPOCHS);
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
        // An epoch whose file was deleted is omitted; the set shown is not affected.
        if (signal.aborted || errnoOf(error) === undefined) throw error;
      }
    }
  }

  private sendBegin(message: BeginMessage): void {
    this.begun = message;
    this.send(message);
  }
}

/** The error of a request for rows that are no longer shown. */
export function otherPredictionsError(): UserError {
  return new UserError(localize('Other predictions were opened in the meantime.'));
}

/** Sort key: distance in epochs, all earlier epochs before later ones. */
function sortKey(other: PredictionSet, set: PredictionSet): number {
  const from = set.epoch ?? Number.MAX_SAFE_INTEGER;
  const to = other.epoch ?? 0;
  return to < from ? from - to : 1e6 + to - from;
}

function describeError(error: unknown, file: string): MessageText {
  if (errnoOf(error) === 'ENOENT') return localize('{0} no longer exists.', file);
  return localize('{0} cannot be read: {1}', file, messageTextOf(error));
}
