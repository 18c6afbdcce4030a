/** The labeled predictions of a set, and the shares that are computed from them. */
import { consistencyGroupOf, setKey } from '../data/annotations/format';
import type { Prediction } from '../run/predictions';
import { SentenceBootstrap } from './bootstrap';
import { consistentSentences, shareOfOnes } from './metrics';
import { wilson, type ClusterSums, type Interval } from './statistics';

/** For fewer sentences, or if all or none are consistent, Wilson's interval replaces the bootstrap. */
export const MIN_BOOTSTRAP_SENTENCES = 30;

export interface Share {
  /** Labeled examples. */
  n: number;
  /** null without examples. */
  accuracy: number | null;
  /** Wilson's interval of the accuracy. */
  ci95: Interval | null;
  /** Share of sentences for which all of these examples are right; null if identifiers do not group. */
  consistency: number | null;
  /** Sentences. */
  groups: number;
  /** Bootstrap interval over sentences; Wilson's for few. */
  consistencyCi95: Interval | null;
}

/** Labeled examples in the order of the file, with correctness and sentence of each. */
export class Examples {
  readonly predictions: readonly Prediction[];
  readonly right: Uint8Array;
  /** Index of the sentence of each example: by its consistency group, otherwise by its text. */
  readonly sentence: Int32Array;
  readonly sentences: number;
  /** 1 for every example with a consistency group in its identifier. */
  private readonly grouped: Uint8Array;
  private drawn: SentenceBootstrap | undefined;

  constructor(predictions: readonly Prediction[]) {
    this.predictions = predictions.filter(({ label }) => label !== null);
    this.right = Uint8Array.from(this.predictions, ({ prediction, label }) =>
      Number(prediction === label),
    );
    const numbers = new Map<string, number>();
    this.sentence = Int32Array.from(this.predictions, ({ identifier, sentence }) => {
      const key = setKey(identifier, sentence);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, numbers.size);
      return numbers.size - 1;
    });
    this.sentences = numbers.size;
    this.grouped = Uint8Array.from(this.predictions, ({ identifier }) =>
      Number(consistencyGroupOf(identifier) !== null),
    );
  }

  get count(): number {
    return this.predictions.length;
  }

  /** The bootstrap samples, shared by all numbers. */
  get bootstrap(): SentenceBootstrap {
    return (this.drawn ??= new SentenceBootstrap(this.sentences));
  }

  /**
   * Computes accuracy and consistency of some examples. The interval of the consistency is null, because it needs the
   * bootstrap, which takes longest; `consistencyInterval` computes it.
   * @param rows their indices, ascending
   */
  quickShare(rows: ArrayLike<number>): Share {
    const n = rows.length;
    const right = this.countRight(rows);
    const { sentences, consistent } = this.sentencesOf(rows);
    const groups = sentences.length;
    return {
      n,
      accuracy: n === 0 ? null : right / n,
      ci95: n === 0 ? null : wilson(right, n),
      consistency: groups === 0 ? null : shareOfOnes(consistent),
      groups,
      consistencyCi95: null,
    };
  }

  /**
   * Computes the interval of the consistency of some examples; null if their identifiers do not group.
   * @param bootstrap samples of other predictions for the same sentences, to avoid drawing them twice
   */
  consistencyInterval(
    rows: ArrayLike<number>,
    bootstrap: () => SentenceBootstrap = () => this.bootstrap,
  ): Interval | null {
    const { sentences, consistent } = this.sentencesOf(rows);
    const groups = sentences.length;
    if (groups === 0) return null;
    const right = consistent.reduce((sum, each) => sum + each, 0);
    return groups < MIN_BOOTSTRAP_SENTENCES || right === 0 || right === groups
      ? wilson(right, groups)
      : bootstrap().interval(sentences, consistent, new Uint8Array(groups).fill(1));
  }

  /**
   * Sums some examples by sentence, for tests that account for the correlation of a sentence's examples.
   * @param numbered the same examples, whose sentence indices are used
   */
  clusterSums(
    rows: ArrayLike<number>,
    { sentence, sentences }: Pick<Examples, 'sentence' | 'sentences'> = this,
  ): ClusterSums {
    const examples = new Int32Array(sentences);
    const right = new Int32Array(sentences);
    for (let i = 0; i < rows.length; i++) {
      const of = sentence[rows[i]];
      examples[of]++;
      right[of] += this.right[rows[i]];
    }
    return { examples, right };
  }

  countRight(rows: ArrayLike<number>): number {
    let count = 0;
    for (let i = 0; i < rows.length; i++) count += this.right[rows[i]];
    return count;
  }

  private sentencesOf(rows: ArrayLike<number>): ReturnType<typeof consistentSentences> {
    const grouped = Array.prototype.filter.call(rows, (row: number) => this.grouped[row] === 1);
    return consistentSentences(grouped, this.sentence, this.right, this.sentences);
  }
}
