/** Types of data sets and batches. */
import type { Span } from './dataError';
import type { Split } from './split';

/** One NLVR example: a sentence and two images. */
export interface Example {
  /** Index in the split, from 0; the loader's order and the seeds refer to it. */
  index: number;
  identifier: string;
  sentence: string;
  /** Absolute paths, left and right. */
  images: [string, string];
  /** null: unlabeled. */
  label: boolean | null;
  /** Consistency group (the identifier without its pair number); null if the format has none. */
  consistencyGroup: string | null;
  /** Group by which accuracy is reported: kind of sentence (sample data set), synset (NLVR2) or similar. */
  group: string | null;
  /** 1-based line of the annotation file. */
  line: number;
  /** Span in that line, if other examples are on it, too (a JSON list on one line). */
  span?: Span;
}

export interface Dataset {
  split: Split;
  format: 'blip' | 'nlvr2' | 'nlvr1';
  /** Absolute path of the annotation file. */
  file: string;
  /** Absolute path of the folder that contains all images. */
  imageRoot: string;
  examples: Example[];
  /** Number of examples that were skipped because their images are missing (`missing_images: skip`). */
  skipped?: number;
  /** Set if the file contains invalid UTF-8, which was replaced by U+FFFD. */
  notUtf8?: true;
}

/** Input of the model for one step. The arrays are newly allocated and not reused. */
export interface Batch {
  /** Indices of the examples, in batch order. */
  indices: Int32Array;
  /** Images of the batch as resized RGB bytes, NHWC: [imageCount, size, size, 3]. The graph normalizes them. */
  images: Uint8Array;
  imageCount: number;
  /** For training: images 0 of all pairs, then images 1 (2n images). For evaluation with shared images: left[i], right[i] index into `images`. */
  left: Int32Array;
  right: Int32Array;
  /** [n]; 1 if the images of the pair were swapped (training only), else 0. */
  swapped: Uint8Array;
  /** [n, length], [ENC] first, [SEP] last, 0 padded. */
  inputIds: Int32Array;
  /** [n, length], 1 for tokens, 0 for padding. */
  attentionMask: Int32Array;
  /** Padded length: the longest of the batch, rounded up to the loader's bucket. */
  length: number;
  /** [n]; 1 true, 0 false, -1 unlabeled. */
  labels: Int32Array;
}
