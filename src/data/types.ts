/** What a data set is made of. */
import type { Span } from './dataError';
import type { Split } from './split';

/** One NLVR example: a sentence and two images. */
export interface Example {
  /** Position in the split, from 0; the loader's order and the seeds refer to it. */
  index: number;
  identifier: string;
  sentence: string;
  /** Absolute paths, left and right. */
  images: [string, string];
  /** null: unlabelled. */
  label: boolean | null;
  /** Consistency group (the identifier without its pair number), null where the format has none. */
  consistencyGroup: string | null;
  /** What the examples are grouped by: kind of sentence (sample data set), synset (NLVR2) or similar; accuracy is reported by it. */
  group: string | null;
  /** 1-based line of the annotation file. */
  line: number;
  /** Where in that line, if other examples are on it too (a JSON list on one line). */
  span?: Span;
}

export interface Dataset {
  split: Split;
  format: 'blip' | 'nlvr2' | 'nlvr1';
  /** Absolute path of the annotation file. */
  file: string;
  /** Absolute path of the folder that all images lie in. */
  imageRoot: string;
  examples: Example[];
  /** Examples of the file that were left out, as their images do not exist (`missing_images: skip`). */
  skipped?: number;
  /** Set when the file has bytes that are no UTF-8: such characters were replaced by U+FFFD. */
  notUtf8?: true;
}

/** What the model takes for one step. Arrays are freshly allocated and may be kept. */
export interface Batch {
  /** Indices of the examples, in batch order. */
  indices: Int32Array;
  /** Images of the batch as resized RGB bytes, NHWC: [imageCount, size, size, 3]. The graph normalises them. */
  images: Uint8Array;
  imageCount: number;
  /** For training: images 0 of all pairs, then images 1 (2n images). For evaluation with shared images: left[i], right[i] index into `images`. */
  left: Int32Array;
  right: Int32Array;
  /** [n]; 1 where the left/right exchange swapped the pair (training only), else 0. */
  swapped: Uint8Array;
  /** [n, length], [ENC] first, [SEP] last, 0 padded. */
  inputIds: Int32Array;
  /** [n, length], 1 for tokens, 0 for padding. */
  attentionMask: Int32Array;
  /** Padded length: the longest of the batch, rounded up to the loader's bucket. */
  length: number;
  /** [n]; 1 true, 0 false, -1 unlabelled. */
  labels: Int32Array;
}
