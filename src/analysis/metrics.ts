/**
 * Accuracy and consistency as NLVR's official scripts define them (nlvr/nlvr2/eval/metrics.py, nlvr/nlvr1/eval):
 * accuracy is the share of examples answered correctly, consistency the share of sentences (examples whose
 * identifiers differ only in the pair number) for which every example is answered correctly.
 */
import type { Dataset, Example } from '../data/types';
import type { GroupAccuracy } from '../run/events';
import { localize, type MessageText } from '../util/localize';

/** Why consistency is null: no example has a label, or identifiers do not show which examples share a sentence. */
export type ConsistencyReason = 'unlabelled' | 'no-identifiers';

export interface Metrics {
  /** 0..1 over labeled examples; null if none is labeled. */
  accuracy: number | null;
  /** 0..1 over groups; null if identifiers do not group. */
  consistency: number | null;
  /** Why there is no consistency; missing if there is. */
  consistencyReason?: ConsistencyReason;
  /** Mean cross-entropy in nats over labeled examples. */
  loss: number | null;
  examples: number;
  /** Accuracy by group, in order of first appearance. */
  groups: GroupAccuracy[];
  /** Examples of the split that were left out because their images are missing. */
  skipped?: number;
}

/** Computes the metrics of a data set, with the number of examples that were left out. */
export function measureDataset(
  { examples, skipped }: Pick<Dataset, 'examples' | 'skipped'>,
  logits: Float32Array,
): Metrics {
  return { ...measure(examples, logits), ...(skipped !== undefined && { skipped }) };
}

/** Message about results that cover part of a split. */
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
 * @returns NaN for an unlabeled example (`label` null) and for logits that are NaN
 */
export function crossEntropyOf(logits: readonly [number, number], label: boolean | null): number {
  if (label === null) return NaN;
  const margin = label ? logits[0] - logits[1] : logits[1] - logits[0];
  return Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
}

/** Computes metrics from logits. @param logits two numbers per example, [false, true], in the order of `examples` */
export function measure(examples: readonly Example[], logits: Float32Array): Metrics {
  return measurePredictions(examples, (i) => {
    const pair: [number, number] = [logits[2 * i], logits[2 * i + 1]];
    return { prediction: decide(pair), loss: crossEntropyOf(pair, examples[i].label) };
  });
}

/**
 * Finds the sentences of some examples, and whether all of these examples are right.
 * @param rows indices of the examples
 * @param sentence index of the sentence of every example, below `count`
 * @param right 1 for every example that is right
 * @returns the indices of the sentences, ascending, and 1 or 0 for each of them
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
export function shareOfOnes(ones: Uint8Array): number {
  let sum = 0;
  for (const each of ones) sum += each;
  return sum / ones.length;
}

/** The fields of an example that accuracy and consistency need. */
export type MeasuredExample = Pick<Example, 'label' | 'consistencyGroup' | 'group'>;

/**
 * Computes the metrics of predictions from any source.
 * @param answerOf the prediction for an example, by its index in `examples`; `loss` is the cross-entropy in nats, NaN
 *   without a probability
 */
export function measurePredictions(
  examples: readonly MeasuredExample[],
  answerOf: (i: number) => { prediction: boolean; loss: number },
): Metrics {
  let labeled = 0;
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
    labeled++;
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
    accuracy: labeled === 0 ? null : correct / labeled,
    consistency: sentences.length === 0 ? null : shareOfOnes(consistent),
    ...(sentences.length === 0 && {
      consistencyReason: labeled === 0 ? ('unlabelled' as const) : ('no-identifiers' as const),
    }),
    loss: labeled === 0 ? null : loss / labeled,
    examples: examples.length,
    groups: [...groups].map(([name, g]) => ({
      name,
      examples: g.examples,
      accuracy: g.correct / g.examples,
    })),
  };
}
