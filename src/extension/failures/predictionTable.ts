import { crossEntropyOf } from '../../analysis/metrics';
import { setKey } from '../../data/annotations/format';
import type { Prediction } from '../../run/predictions';
import type { RowColumns } from '../../webview/failures/messages';

/** Gives equal strings the same small number. */
class Interner {
  private readonly ids = new Map<string, number>();

  constructor(readonly values: string[] = []) {}

  id(value: string): number {
    const known = this.ids.get(value);
    if (known !== undefined) return known;
    const id = this.values.length;
    this.values.push(value);
    this.ids.set(value, id);
    return id;
  }
}

/**
 * Makes columns for the page of the predictions of one file, strings that repeat (sentences, image paths, kinds) once.
 * The rows themselves are not kept: the page holds them.
 */
export class PredictionTable {
  private readonly identifiers: string[] = [];
  private readonly sentences = new Interner();
  private readonly kinds = new Interner();
  private readonly sets = new Interner();
  private readonly images: Interner;
  private rowOfIdentifier: Map<string, number> | undefined;

  /** @param images gets the image paths, by their ids: the page does not. */
  constructor(images: string[] = []) {
    this.images = new Interner(images);
  }

  get count(): number {
    return this.identifiers.length;
  }

  /** Adds predictions as rows; what is returned goes to the page. */
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
    predictions.forEach((prediction, i) => {
      const { identifier, sentence, group, index, label, logits } = prediction;
      this.identifiers.push(identifier);
      columns.sentence[i] = this.sentences.id(sentence);
      columns.kind[i] = group === undefined ? -1 : this.kinds.id(group);
      columns.left[i] = this.images.id(prediction.images[0]);
      columns.right[i] = this.images.id(prediction.images[1]);
      columns.index[i] = index < 0 ? columns.first + i : index;
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

  /** Row of an identifier: its row in another file of the same split is tried first (`guess`). */
  rowOf(identifier: string, guess = -1): number | undefined {
    if (this.identifiers[guess] === identifier) return guess;
    this.rowOfIdentifier ??= new Map(this.identifiers.map((name, row) => [name, row]));
    return this.rowOfIdentifier.get(identifier);
  }
}
