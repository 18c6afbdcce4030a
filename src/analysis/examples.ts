/** The labelled predictions of a set as every number of the analysis is computed from them. */
import { consistencyGroupOf, setKey } from '../data/annotations/format';
import type { Prediction } from '../run/predictions';
import { SentenceBootstrap } from './bootstrap';
import { consistentSentences, share } from './metrics';
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
  /** 1 for every example whose identifier says which sentence it belongs to. */
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

  /** The same resamples for every number. */
  get bootstrap(): SentenceBootstrap {
    return (this.drawn ??= new SentenceBootstrap(this.sentences));
  }

  /**
   * Accuracy and consistency of some examples. The interval of the consistency is null: it needs the bootstrap and so takes
   * longest; `consistencyInterval` has it.
   * @param rows their places, ascending
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
      consistency: groups === 0 ? null : share(consistent),
      groups,
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
    const { sentences, consistent } = this.sentencesOf(rows);
    const groups = sentences.length;
    if (groups === 0) return null;
    const right = consistent.reduce((sum, each) => sum + each, 0);
    return groups < FEW_SENTENCES || right === 0 || right === groups
      ? wilson(right, groups)
      : bootstrap().interval(sentences, consistent, new Uint8Array(groups).fill(1));
  }

  /**
   * Sums of some examples by sentence, for tests that allow for what the examples of a sentence have in common.
   * @param numbered the same examples, by whose sentences they are summed
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
