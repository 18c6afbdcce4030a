/** The labelled predictions of a set as every number of the analysis is computed from them. */
import { consistencyGroupOf, setKey } from '../data/annotations/format';
import type { Prediction } from '../run/predictions';
import { SentenceBootstrap } from './bootstrap';
import { measureAnswers, type Measured } from './metrics';
import { wilson, type ClusterSums, type Interval } from './statistics';

/** Fewer sentences than this, or all of them alike, and the bootstrap says less than Wilson's interval. */
export const FEW_SENTENCES = 30;

export interface Share {
  /** Labelled examples. */
  n: number;
  /** null without examples. */
  accuracy: number | null;
  /** Wilson's interval of the accuracy. */
  ci95: Interval | null;
  /** Share of sentences all of whose examples (here) are right; null where identifiers do not group. */
  consistency: number | null;
  /** Sentences. */
  groups: number;
  /** By a bootstrap over sentences; Wilson's for few. */
  consistencyCi95: Interval | null;
}

/** Labelled examples in the order of the file, with whether each is right and which sentence it belongs to. */
export class Examples {
  readonly predictions: readonly Prediction[];
  readonly right: Uint8Array;
  /** Number of the sentence of each example: its consistency group, else those of the same text. */
  readonly sentence: Int32Array;
  readonly sentences: number;
  private readonly measured: readonly Measured[];
  private drawn: SentenceBootstrap | undefined;

  constructor(predictions: readonly Prediction[]) {
    this.predictions = predictions.filter(({ label }) => label !== null);
    this.right = Uint8Array.from(this.predictions, ({ prediction, label }) =>
      Number(prediction === label),
    );
    const numbers = new Map<string, number>();
    this.sentence = Int32Array.from(this.predictions, ({ identifier, sentence }) => {
      const key = setKey(identifier, sentence);
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      return known;
    });
    this.sentences = numbers.size;
    this.measured = this.predictions.map(({ identifier, label }) => ({
      label,
      consistencyGroup: consistencyGroupOf(identifier),
      group: null,
    }));
  }

  get count(): number {
    return this.predictions.length;
  }

  /** The same resamples for every number. */
  get bootstrap(): SentenceBootstrap {
    return (this.drawn ??= new SentenceBootstrap(this.sentences));
  }

  /** Accuracy and consistency of some examples, with their intervals. @param rows their places, ascending. */
  share(rows: ArrayLike<number>): Share {
    return { ...this.quickShare(rows), consistencyCi95: this.consistencyInterval(rows) };
  }

  /** The same without the interval of the consistency, which needs the bootstrap and so takes longest: it is null. */
  quickShare(rows: ArrayLike<number>): Share {
    const n = rows.length;
    const examples = Array.from(rows, (row) => this.measured[row]);
    const { accuracy, consistency } = measureAnswers(examples, (i) => ({
      prediction: this.predictions[rows[i]].prediction,
      loss: NaN,
    }));
    return {
      n,
      accuracy,
      ci95: accuracy === null ? null : wilson(Math.round(accuracy * n), n),
      consistency,
      groups: consistency === null ? 0 : this.sentencesOf(rows).length,
      consistencyCi95: null,
    };
  }

  /**
   * The interval of the consistency of some examples; null where their identifiers do not group.
   * @param bootstrap that of other predictions of the same sentences, which need not be drawn twice
   */
  consistencyInterval(
    rows: ArrayLike<number>,
    bootstrap: () => SentenceBootstrap = () => this.bootstrap,
  ): Interval | null {
    const groups = this.sentencesOf(rows);
    if (groups.length === 0) return null;
    const consistent = groups.filter(({ examples, right }) => examples === right).length;
    return groups.length < FEW_SENTENCES || consistent === 0 || consistent === groups.length
      ? wilson(consistent, groups.length)
      : bootstrap().interval(
          groups.map(({ sentence }) => sentence),
          groups.map(({ examples, right }) => Number(examples === right)),
          groups.map(() => 1),
        );
  }

  /** Sums of some examples by sentence, for tests that allow for what the examples of a sentence have in common. */
  clusterSums(rows: ArrayLike<number>): ClusterSums {
    const examples = new Int32Array(this.sentences);
    const right = new Int32Array(this.sentences);
    for (let i = 0; i < rows.length; i++) {
      examples[this.sentence[rows[i]]]++;
      right[this.sentence[rows[i]]] += this.right[rows[i]];
    }
    return { examples, right };
  }

  countRight(rows: ArrayLike<number>): number {
    let count = 0;
    for (let i = 0; i < rows.length; i++) count += this.right[rows[i]];
    return count;
  }

  private sentencesOf(
    rows: ArrayLike<number>,
  ): { sentence: number; examples: number; right: number }[] {
    const sums = new Map<number, { sentence: number; examples: number; right: number }>();
    for (let i = 0; i < rows.length; i++) {
      if (this.measured[rows[i]].consistencyGroup === null) continue;
      const sentence = this.sentence[rows[i]];
      let known = sums.get(sentence);
      if (!known) sums.set(sentence, (known = { sentence, examples: 0, right: 0 }));
      known.examples++;
      known.right += this.right[rows[i]];
    }
    return [...sums.values()];
  }
}
