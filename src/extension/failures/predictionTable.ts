import { crossEntropyOf } from '../../analysis/metrics';
import { setKey } from '../../data/annotations/format';
import type { Prediction } from '../../run/predictions';
import type { RowColumns } from '../../webview/failures/messages';
import { StringIds } from './stringIds';

/**
 * Converts the predictions of one file to columns for the page; repeated strings (sentences, image paths, kinds) are sent
 * once. The rows are not stored here, only in the page.
 */
export class PredictionTable {
  /** The row of each identifier, the last one where several have the same. */
  private readonly rows = new StringIds();
  /** All rows of the identifiers that several have. */
  private readonly repeated = new Map<string, Set<number>>();
  private readonly sentences = new StringIds();
  private readonly kinds = new StringIds();
  private readonly sets = new StringIds();
  private readonly imageIds = new StringIds();
  private rowCount = 0;

  /** @param images receives the image paths by index; they are not sent to the page */
  constructor(private readonly images: string[] = []) {}

  get count(): number {
    return this.rowCount;
  }

  /** Adds predictions as rows. @returns the columns to send to the page */
  append(predictions: readonly Prediction[]): RowColumns {
    const count = predictions.length;
    const columns: RowColumns = {
      first: this.count,
      count,
      identifiers: predictions.map((prediction) => prediction.identifier),
      newSentences: [],
      sentence: new Int32Array(count),
      newKinds: [],
      kind: new Int32Array(count),
      set: new Int32Array(count),
      index: new Int32Array(count),
      label: new Int8Array(count),
      prediction: new Uint8Array(count),
      probTrue: new Float32Array(count),
      loss: new Float32Array(count),
      left: new Int32Array(count),
      right: new Int32Array(count),
    };
    predictions.forEach((prediction, i) => {
      const { identifier, sentence, group, index, label, logits } = prediction;
      this.addIdentifier(identifier, columns.first + i);
      columns.sentence[i] = this.sentences.id(sentence, columns.newSentences);
      columns.kind[i] = group === undefined ? -1 : this.kinds.id(group, columns.newKinds);
      columns.left[i] = this.imageIds.id(prediction.images[0], this.images);
      columns.right[i] = this.imageIds.id(prediction.images[1], this.images);
      columns.index[i] = index < 0 ? columns.first + i : index;
      columns.set[i] = this.sets.id(setKey(identifier, sentence));
      columns.label[i] = label === null ? -1 : Number(label);
      columns.prediction[i] = Number(prediction.prediction);
      columns.probTrue[i] = prediction.prob_true;
      columns.loss[i] = crossEntropyOf(logits, label);
    });
    this.rowCount += count;
    return columns;
  }

  /** Row of an identifier. If several rows have it, prefers the one with the same number in another file (`guess`). */
  rowOf(identifier: string, guess = -1): number | undefined {
    return this.repeated.get(identifier)?.has(guess) ? guess : this.rows.get(identifier);
  }

  private addIdentifier(identifier: string, row: number): void {
    const before = this.rows.set(identifier, row);
    if (before === undefined) return;
    const rows = this.repeated.get(identifier);
    if (rows) rows.add(row);
    else this.repeated.set(identifier, new Set([before, row]));
  }
}
