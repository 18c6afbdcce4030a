import { crossEntropyOf } from '../../analysis/metrics';
import { setKey } from '../../data/annotations/format';
import type { Prediction } from '../../run/predictions';
import type { RowColumns } from '../../webview/failures/messages';

/** Gives equal strings the same small number. */
class Interner {
  readonly values: string[] = [];
  private readonly ids = new Map<string, number>();

  id(value: string): number {
    const known = this.ids.get(value);
    if (known !== undefined) return known;
    const id = this.values.length;
    this.values.push(value);
    this.ids.set(value, id);
    return id;
  }

  at(id: number): string {
    const value = this.values[id];
    if (value === undefined) throw new RangeError(`no string has the id ${id}`);
    return value;
  }
}

/**
 * The rows of one predictions file, held once: strings that repeat (sentences, image paths, kinds) are
 * shared, so that a hundred thousand rows stay small.
 */
export class PredictionTable {
  private readonly identifiers: string[] = [];
  private readonly sentences = new Interner();
  private readonly kinds = new Interner();
  private readonly sets = new Interner();
  private readonly images = new Interner();
  private readonly columns = {
    sentence: [] as number[],
    kind: [] as number[],
    left: [] as number[],
    right: [] as number[],
    index: [] as number[],
    label: [] as (boolean | null)[],
    prediction: [] as boolean[],
    probTrue: [] as number[],
    logitFalse: [] as number[],
    logitTrue: [] as number[],
    split: [] as Prediction['split'][],
  };
  private rowOfIdentifier: Map<string, number> | undefined;

  get count(): number {
    return this.identifiers.length;
  }

  /** Adds predictions as rows; what is returned goes to the panel. */
  append(predictions: readonly Prediction[]): RowColumns {
    const count = predictions.length;
    const firstSentence = this.sentences.values.length;
    const firstKind = this.kinds.values.length;
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
    const kept = this.columns;
    predictions.forEach((prediction, i) => {
      const { identifier, sentence, label, logits } = prediction;
      this.identifiers.push(identifier);
      kept.sentence.push((columns.sentence[i] = this.sentences.id(sentence)));
      kept.kind.push(
        (columns.kind[i] = prediction.group === undefined ? -1 : this.kinds.id(prediction.group)),
      );
      kept.left.push((columns.left[i] = this.images.id(prediction.images[0])));
      kept.right.push((columns.right[i] = this.images.id(prediction.images[1])));
      kept.index.push(
        (columns.index[i] = prediction.index < 0 ? columns.first + i : prediction.index),
      );
      kept.label.push(label);
      kept.prediction.push(prediction.prediction);
      kept.probTrue.push(prediction.prob_true);
      kept.logitFalse.push(logits[0]);
      kept.logitTrue.push(logits[1]);
      kept.split.push(prediction.split);
      columns.set[i] = this.sets.id(setKey(identifier, sentence));
      columns.label[i] = label === null ? -1 : Number(label);
      columns.prediction[i] = Number(prediction.prediction);
      columns.probTrue[i] = prediction.prob_true;
      columns.loss[i] = crossEntropyOf(logits, label);
    });
    columns.newSentences = this.sentences.values.slice(firstSentence);
    columns.newKinds = this.kinds.values.slice(firstKind);
    this.rowOfIdentifier = undefined;
    return columns;
  }

  /** @throws {RangeError} when there is no such row. */
  row(row: number): Prediction {
    const identifier = this.identifiers[row];
    if (identifier === undefined) throw new RangeError(`there is no row ${row}`);
    const kept = this.columns;
    const kind = kept.kind[row] ?? -1;
    return {
      identifier,
      index: kept.index[row] ?? row,
      split: kept.split[row] ?? 'val',
      sentence: this.sentences.at(kept.sentence[row] ?? 0),
      images: [this.images.at(kept.left[row] ?? 0), this.images.at(kept.right[row] ?? 0)],
      label: kept.label[row] ?? null,
      prediction: kept.prediction[row] ?? false,
      prob_true: kept.probTrue[row] ?? NaN,
      logits: [kept.logitFalse[row] ?? NaN, kept.logitTrue[row] ?? NaN],
      ...(kind >= 0 && { group: this.kinds.at(kind) }),
    };
  }

  /** @throws {RangeError} when there is no such image. */
  imagePath(image: number): string {
    return this.images.at(image);
  }

  /** Row of an identifier: where it stands in another file of the same split is tried first (`guess`). */
  rowOf(identifier: string, guess = -1): number | undefined {
    if (this.identifiers[guess] === identifier) return guess;
    this.rowOfIdentifier ??= new Map(this.identifiers.map((name, row) => [name, row]));
    return this.rowOfIdentifier.get(identifier);
  }
}
