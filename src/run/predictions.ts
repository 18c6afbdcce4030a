/** A line of `predictions/<split>[-epoch-NNN].jsonl`. The command line's contract: snake case, annotation order. */
export interface Prediction {
  identifier: string;
  /** Position in the split, from 0. */
  index: number;
  split: 'train' | 'val' | 'test';
  sentence: string;
  /** Image paths, left and right, relative to the image root; absolute in files of before and of other programs. */
  images: [string, string];
  /** null: unlabelled. */
  label: boolean | null;
  prediction: boolean;
  prob_true: number;
  /** [false, true] */
  logits: [number, number];
  /** The example's group (kind of sentence, synset), where the annotation has one. */
  group?: string;
  /** The model had random values in some of its parts (`--allow_missing`); missing where it was whole. */
  incomplete?: true;
}
