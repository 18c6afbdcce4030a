/**
 * Computes the numbers of robustness tests: accuracy and changed predictions for changed inputs.
 * `train/evaluate/robustness.ts` runs the model.
 */
import type { Example } from '../data/types';
import { swapSides, classifySides, type Sides } from '../util/sides';
import { decide, measure, probabilityTrue } from './metrics';
import { mcnemarExact, wilson, type Interval } from './statistics';

/** The changes of each pair, in the order of the report. */
export const ROBUSTNESS_TESTS = [
  /** Images swapped, and left and right in the sentence: the prediction must not change if sides refer to images. */
  'exchanged',
  'left image twice',
  'right image twice',
  /** Both images are the mean image. */
  'no images',
  /** The empty sentence. */
  'no sentence',
] as const;

export type RobustnessTest = (typeof ROBUSTNESS_TESTS)[number];

/** The model's logits for the original pairs and in each test: two numbers per example, [false, true]. */
export type RobustnessAnswers = Record<RobustnessTest | 'original', Float32Array>;

/** The share of examples whose prediction changed. */
export interface Flips {
  n: number;
  flips: number;
  /** Wilson's interval of flips / n. */
  ci95: Interval;
}

/** A pair whose prediction changed. */
export interface FlippedPair {
  identifier: string;
  /** Index in the split, from 0, as in predictions. */
  index: number;
  sentence: string;
  /** The sentence of the test, if it differs. */
  asked?: string;
  label: boolean | null;
  /** Probability of True before and in the test. */
  probTrue: number;
  probTrueThen: number;
}

export interface TestNumbers extends Flips {
  test: RobustnessTest;
  /** Compared with the labels of the original pairs; null without labels. */
  accuracy: number | null;
  accuracyCi95: Interval | null;
  /** Accuracy minus that of the original pairs. */
  difference: number | null;
  /** McNemar's exact test of that difference; null without labels. */
  p: number | null;
  /** Labeled examples that became right, or wrong. */
  newlyRight: number;
  newlyWrong: number;
  /** Only for `exchanged`: by the kind of sides in the sentence. */
  sides?: (Flips & { sides: Sides })[];
  /** Every pair whose prediction changed, the largest change of probability first. */
  pairs: FlippedPair[];
}

export interface RobustnessNumbers {
  /** Number of examples, and of labeled ones among them. */
  examples: number;
  labelled: number;
  /** Accuracy of the original pairs. */
  accuracy: number | null;
  ci95: Interval | null;
  /** Share of the more frequent label: the accuracy of always predicting it. */
  majority: number | null;
  tests: TestNumbers[];
}

/** Computes the numbers. @param indexOf index of an example in its split, if `examples` are a part of it */
export function robustnessNumbers(
  examples: readonly Example[],
  answers: RobustnessAnswers,
  indexOf: (i: number) => number = (i) => i,
): RobustnessNumbers {
  const labels = examples.flatMap(({ label }) => (label === null ? [] : [label]));
  const labeled = labels.length;
  const positive = labels.filter(Boolean).length;
  const original = accuracyOf(examples, answers.original);
  const tests = ROBUSTNESS_TESTS.map((test): TestNumbers => {
    const flipped = flippedIn(answers.original, answers[test]);
    const labeledFlips = flipped.filter((i) => examples[i].label !== null);
    const rightIn = (i: number): boolean => answerAt(answers[test], i) === examples[i].label;
    const newlyRight = labeledFlips.filter(rightIn).length;
    const newlyWrong = labeledFlips.length - newlyRight;
    const { accuracy, ci95: accuracyCi95 } = accuracyOf(examples, answers[test]);
    return {
      test,
      ...flips(flipped.length, examples.length),
      accuracy,
      accuracyCi95,
      difference:
        accuracy === null || original.accuracy === null ? null : accuracy - original.accuracy,
      p: labeled === 0 ? null : mcnemarExact(newlyWrong, newlyRight),
      newlyRight,
      newlyWrong,
      ...(test === 'exchanged' && { sides: flipsBySides(examples, flipped) }),
      pairs: pairsOf(examples, flipped, answers.original, answers[test], test, indexOf),
    };
  });
  return {
    examples: examples.length,
    labelled: labeled,
    accuracy: original.accuracy,
    ci95: original.ci95,
    majority: labeled === 0 ? null : Math.max(positive, labeled - positive) / labeled,
    tests,
  };
}

/** The sentence of an example in a test. */
export function sentenceIn(test: RobustnessTest, sentence: string): string {
  if (test === 'exchanged') return swapSides(sentence);
  return test === 'no sentence' ? '' : sentence;
}

const logitsAt = (logits: Float32Array, i: number): [number, number] => [
  logits[2 * i],
  logits[2 * i + 1],
];

const answerAt = (logits: Float32Array, i: number): boolean => decide(logitsAt(logits, i));

function accuracyOf(
  examples: readonly Example[],
  logits: Float32Array,
): { accuracy: number | null; ci95: Interval | null } {
  const { accuracy } = measure(examples, logits);
  const n = examples.filter(({ label }) => label !== null).length;
  return { accuracy, ci95: accuracy === null ? null : wilson(Math.round(accuracy * n), n) };
}

/** Indices of the examples whose predictions differ, ascending. */
function flippedIn(before: Float32Array, then: Float32Array): number[] {
  const places: number[] = [];
  for (let i = 0; 2 * i < before.length; i++)
    if (answerAt(before, i) !== answerAt(then, i)) places.push(i);
  return places;
}

function flips(count: number, n: number): Flips {
  return { n, flips: count, ci95: wilson(count, n) };
}

function flipsBySides(
  examples: readonly Example[],
  flipped: readonly number[],
): (Flips & { sides: Sides })[] {
  const kinds = examples.map(({ sentence }) => classifySides(sentence));
  return (['none', 'images', 'other'] as const).map((sides) => ({
    sides,
    ...flips(
      flipped.filter((i) => kinds[i] === sides).length,
      kinds.filter((kind) => kind === sides).length,
    ),
  }));
}

function pairsOf(
  examples: readonly Example[],
  flipped: readonly number[],
  before: Float32Array,
  then: Float32Array,
  test: RobustnessTest,
  indexOf: (i: number) => number,
): FlippedPair[] {
  const pairs = flipped.map((i): FlippedPair => {
    const { identifier, sentence, label } = examples[i];
    const asked = sentenceIn(test, sentence);
    return {
      identifier,
      index: indexOf(i),
      sentence,
      ...(asked !== sentence && asked !== '' && { asked }),
      label,
      probTrue: probabilityTrue(logitsAt(before, i)),
      probTrueThen: probabilityTrue(logitsAt(then, i)),
    };
  });
  const change = ({ probTrue, probTrueThen }: FlippedPair): number =>
    Math.abs(probTrueThen - probTrue);
  return pairs.sort((a, b) => change(b) - change(a) || a.index - b.index);
}
