import { decide, probabilityTrue } from '../../analysis/metrics';
import type { Dataset, Example } from '../../data/types';
import { relativeImages, writePredictionLines, type Prediction } from '../../run/predictions';

/** The prediction of one example, in the format of the predictions file. */
function predictionOf(
  example: Example,
  { split, imageRoot }: Pick<Dataset, 'split' | 'imageRoot'>,
  logits: [number, number],
): Prediction {
  return {
    identifier: example.identifier,
    index: example.index,
    split,
    sentence: example.sentence,
    images: relativeImages(example.images, imageRoot),
    label: example.label,
    prediction: decide(logits),
    prob_true: probabilityTrue(logits),
    logits,
    ...(example.group !== null && { group: example.group }),
  };
}

/**
 * Writes one line per example, in annotation order, atomically.
 * @param logits two numbers per example, [false, true].
 * @param incomplete whether parameters of the model had random values; each line then notes it.
 */
export function writePredictions(
  file: string,
  dataset: Pick<Dataset, 'split' | 'examples' | 'imageRoot'>,
  logits: Float32Array,
  incomplete = false,
): void {
  const { examples } = dataset;
  writePredictionLines(file, examples.length, (i) => {
    const line = predictionOf(examples[i], dataset, [logits[2 * i], logits[2 * i + 1]]);
    return incomplete ? { ...line, incomplete } : line;
  });
}
