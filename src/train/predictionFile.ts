import { relative, sep } from 'node:path';
import type { Dataset, Example } from '../data/types';
import type { Prediction } from '../run/predictions';
import { replaceFile, writeAll } from '../util/atomicFile';
import { decide, probabilityTrue } from './metrics';

const LINES_PER_WRITE = 2000;

/** The images of an example seen from the folder they lie in, so that the data may be moved. */
export function relativeImages({ images }: Example, imageRoot: string): [string, string] {
  const [left, right] = images.map((image) => relative(imageRoot, image).replaceAll(sep, '/'));
  return [left, right];
}

/** What the model said of one example, as the predictions file and the failures panel know it. */
export function predictionOf(
  example: Example,
  { split, imageRoot }: Pick<Dataset, 'split' | 'imageRoot'>,
  logits: [number, number],
): Prediction {
  return {
    identifier: example.identifier,
    index: example.index,
    split,
    sentence: example.sentence,
    images: relativeImages(example, imageRoot),
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
 * @param incomplete whether the model had random values; each line then says so.
 */
export function writePredictions(
  file: string,
  dataset: Pick<Dataset, 'split' | 'examples' | 'imageRoot'>,
  logits: Float32Array,
  incomplete = false,
): void {
  const { examples } = dataset;
  replaceFile(file, (fd) => {
    for (let start = 0; start < examples.length; start += LINES_PER_WRITE) {
      const lines = examples.slice(start, start + LINES_PER_WRITE).map((example, k) => {
        const i = start + k;
        const line = predictionOf(example, dataset, [logits[2 * i], logits[2 * i + 1]]);
        return JSON.stringify(incomplete ? { ...line, incomplete } : line) + '\n';
      });
      writeAll(fd, Buffer.from(lines.join('')));
    }
  });
}
