import { relative, sep } from 'node:path';
import { replaceFile, writeAll } from '../util/atomicFile';

/** A line of `predictions/<split>[-epoch-NNN].jsonl`. The command line's contract: snake case, annotation order. */
export interface Prediction {
  /** Of the annotation; consistency is computed from NLVR2's and NLVR's own. */
  identifier: string;
  /** Position in the split, from 0. */
  index: number;
  split: 'train' | 'val' | 'test';
  /** As in the annotation. */
  sentence: string;
  /** Image paths, left and right, relative to the image root; absolute in files of before and of other programs. */
  images: [string, string];
  /** null: unlabelled. */
  label: boolean | null;
  /** The model's answer. */
  prediction: boolean;
  /** Probability of True, 0..1. NaN where the model gave none; the file then lacks it. */
  prob_true: number;
  /** [false, true]; NaN where the model gave none; the file then lacks them. */
  logits: [number, number];
  /** The example's group (kind of sentence, synset), where the annotation has one. */
  group?: string;
  /** The model had random values in some of its parts (`--allow_missing`); missing where it was whole. */
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
