import { relative, sep } from 'node:path';
import { replaceFile, writeAll } from '../util/atomicFile';

/** A line of `predictions/<split>[-epoch-NNN].jsonl`. Keys are in snake case, lines in the order of the annotations. */
export interface Prediction {
  /** Identifier of the annotation; consistency is computed from NLVR2 and NLVR identifiers. */
  identifier: string;
  /** Index in the split, from 0. */
  index: number;
  split: 'train' | 'val' | 'test';
  /** As in the annotation. */
  sentence: string;
  /** Image paths, left and right, relative to the image folder; absolute in older files and those of other programs. */
  images: [string, string];
  /** null: unlabeled. */
  label: boolean | null;
  /** Answer of the model. */
  prediction: boolean;
  /** Probability of True, 0..1. NaN if the model provides none; the key is then missing in the file. */
  prob_true: number;
  /** [false, true]; NaN if the model provides none; the key is then missing in the file. */
  logits: [number, number];
  /** Group of the example (kind of sentence, synset), if the annotation has one. */
  group?: string;
  /** Set if parts of the model had random values (`--allow_missing`). */
  incomplete?: true;
}

/** A prediction as written to a file: probabilities and logits are optional. */
export type WrittenPrediction = Omit<Prediction, 'prob_true' | 'logits'> &
  Partial<Pick<Prediction, 'prob_true' | 'logits'>>;

/** Makes image paths relative to the image folder, so that the data can be moved. @param images absolute */
export function relativeImages(
  [left, right]: readonly [string, string],
  imageRoot: string,
): [string, string] {
  const from = (image: string): string => relative(imageRoot, image).replaceAll(sep, '/');
  return [from(left), from(right)];
}

const LINES_PER_WRITE = 2000;

/** Writes a predictions file atomically, one line per example. @throws {UserError} if the disk is full */
export function writePredictionLines(
  file: string,
  count: number,
  predictionAt: (i: number) => WrittenPrediction,
): void {
  replaceFile(file, (fd) => {
    for (let start = 0; start < count; start += LINES_PER_WRITE) {
      let lines = '';
      for (let i = start; i < Math.min(count, start + LINES_PER_WRITE); i++)
        lines += JSON.stringify(predictionAt(i)) + '\n';
      writeAll(fd, Buffer.from(lines));
    }
  });
}
