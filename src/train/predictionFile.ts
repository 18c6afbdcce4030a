import { decide, probabilityTrue } from '../analysis/metrics';
import type { Example } from '../data/types';
import type { Split } from '../run/events';
import { writePredictionLines, type Prediction } from '../run/predictions';

/** What the model said of one example, as the predictions file and the failures panel know it. */
export function predictionOf(example: Example, split: Split, logits: [number, number]): Prediction {
  return {
    identifier: example.identifier,
    index: example.index,
    split,
    sentence: example.sentence,
    images: example.images,
    label: example.label,
    prediction: decide(logits),
    prob_true: probabilityTrue(logits),
    logits,
    ...(example.group !== null && { group: example.group }),
  };
}

/**
 * Writes one line an example, in annotation order, atomically.
 * @param logits two numbers an example, [false, true].
 */
export function writePredictions(
  file: string,
  split: Split,
  examples: readonly Example[],
  logits: Float32Array,
): void {
  writePredictionLines(file, examples.length, (i) =>
    predictionOf(examples[i], split, [logits[2 * i], logits[2 * i + 1]]),
  );
}
