/**
 * Accuracy and consistency as NLVR's official scripts define them (nlvr/nlvr2/eval/metrics.py, nlvr/nlvr1/eval):
 * accuracy is the share of examples answered correctly, consistency the share of sentences (examples that
 * share an identifier but for the pair number) for which every example is answered correctly.
 */
import type { Dataset, Example } from '../data/types';
import type { GroupAccuracy } from '../run/events';
import { localize, type MessageText } from '../util/localize';

/** Why consistency is null: no example has a label, or their identifiers do not say which share a sentence. */
export type ConsistencyReason = 'unlabelled' | 'no-identifiers';

export interface Metrics {
  /** 0..1 over labelled examples; null when none is labelled. */
  accuracy: number | null;
  /** 0..1 over groups; null where identifiers do not group. */
  consistency: number | null;
  /** Why there is no consistency; missing where there is. */
  consistencyReason?: ConsistencyReason;
  /** Mean cross-entropy in nats over labelled examples. */
  loss: number | null;
  examples: number;
  /** Accuracy by group, in order of first appearance. */
  groups: GroupAccuracy[];
  /** Examples of the split that were left out, as their images do not exist: the numbers are of a part. */
  skipped?: number;
}

/** The metrics of a data set, of which examples may have been left out. */
export function measureDataset(
  { examples, skipped }: Pick<Dataset, 'examples' | 'skipped'>,
  logits: Float32Array,
): Metrics {
  return { ...measure(examples, logits), ...(skipped !== undefined && { skipped }) };
}

/** What to say of results that are of a part of a split. */
export function skippedNote(split: string, { examples, skipped = 0 }: Metrics): MessageText {
  return localize(
    'The results on {0} cover {1} of {2} examples. The others were skipped because their images are missing.',
    split,
    examples,
    examples + skipped,
  );
}

/** Softmax probability of "true" from the logits of [false, true]. */
export function probabilityTrue(logits: readonly [number, number]): number {
  return 1 / (1 + Math.exp(logits[0] - logits[1]));
}

/** BLIP's decision: the larger logit; a tie is "false", as `argmax` takes the first. */
export function decide(logits: readonly [number, number]): boolean {
  return logits[1] > logits[0];
}

/**
 * Cross-entropy in nats: log(1 + exp(other − own)), stable for large differences.
 * @param logits [false, true]
 * @returns NaN for an unlabelled example (`label` null) and for logits that are not numbers.
 */
export function crossEntropyOf(logits: readonly [number, number], label: boolean | null): number {
  if (label === null) return NaN;
  const margin = label ? logits[0] - logits[1] : logits[1] - logits[0];
  return Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
}

/**
 * @param logits two numbers an example, [false, true], in the order of `examples`.
 */
export function measure(examples: readonly Example[], logits: Float32Array): Metrics {
  return measureAnswers(examples, (i) => {
    const pair: [number, number] = [logits[2 * i], logits[2 * i + 1]];
    return { prediction: decide(pair), loss: crossEntropyOf(pair, examples[i].label) };
  });
}

/**
 * The sentences of some examples, and whether every one of these examples is right.
 * @param rows places of the examples
 * @param sentence number of the sentence of every example, below `count`
 * @param right 1 for every example that is right
 * @returns the numbers of the sentences, ascending, and for each of them 1 or 0
 */
export function consistentSentences(
  rows: ArrayLike<number>,
  sentence: Int32Array,
  right: Uint8Array,
  count: number,
): { sentences: Int32Array; consistent: Uint8Array } {
  const seen = new Uint8Array(count);
  const wrong = new Uint8Array(count);
  let found = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const of = sentence[row];
    if (seen[of] === 0) found++;
    seen[of] = 1;
    if (right[row] === 0) wrong[of] = 1;
  }
  const sentences = new Int32Array(found);
  const consistent = new Uint8Array(found);
  for (let of = 0, place = 0; of < count; of++) {
    if (seen[of] === 0) continue;
    sentences[place] = of;
    consistent[place++] = 1 - wrong[of];
  }
  return { sentences, consistent };
}

/** The share of ones. */
export function share(ones: Uint8Array): number {
  let sum = 0;
  for (const each of ones) sum += each;
  return sum / ones.length;
}

/** What accuracy and consistency need to know of an example. */
export type Measured = Pick<Example, 'label' | 'consistencyGroup' | 'group'>;

/**
 * The metrics of answers of any origin.
 * @param answerOf the answer to an example, by its place in `examples`; `loss` is the cross-entropy in nats, NaN where
 *   the model gave no probability.
 */
export function measureAnswers(
  examples: readonly Measured[],
  answerOf: (i: number) => { prediction: boolean; loss: number },
): Metrics {
  let labelled = 0;
  let loss = 0;
  const right = new Uint8Array(examples.length);
  const sentence = new Int32Array(examples.length);
  const grouped: number[] = [];
  const numbers = new Map<string, number>();
  const groups = new Map<string, { examples: number; correct: number }>();
  examples.forEach(({ label, consistencyGroup, group: name }, i) => {
    if (label === null) return;
    const answer = answerOf(i);
    right[i] = Number(answer.prediction === label);
    labelled++;
    loss += answer.loss;
    if (consistencyGroup !== null) {
      sentence[i] = numbers.get(consistencyGroup) ?? numbers.size;
      numbers.set(consistencyGroup, sentence[i]);
      grouped.push(i);
    }
    if (name !== null) {
      const group = groups.get(name) ?? { examples: 0, correct: 0 };
      group.examples++;
      group.correct += right[i];
      groups.set(name, group);
    }
  });
  const correct = right.reduce((sum, each) => sum + each, 0);
  const { sentences, consistent } = consistentSentences(grouped, sentence, right, numbers.size);
  return {
    accuracy: labelled === 0 ? null : correct / labelled,
    consistency: sentences.length === 0 ? null : share(consistent),
    ...(sentences.length === 0 && {
      consistencyReason: labelled === 0 ? ('unlabelled' as const) : ('no-identifiers' as const),
    }),
    loss: labelled === 0 ? null : loss / labelled,
    examples: examples.length,
    groups: [...groups].map(([name, g]) => ({
      name,
      examples: g.examples,
      accuracy: g.correct / g.examples,
    })),
  };
}
