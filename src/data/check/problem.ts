import { messageFrom, phrase, type Message, type Words } from '../../util/phrase';
import type { Split } from '../split';
import type { Dataset } from '../types';

export type DataProblemCode =
  | 'annotation'
  | 'empty-split'
  | 'missing-image'
  | 'unreadable-image'
  | 'turned-image'
  | 'empty-sentence'
  | 'wrong-encoding'
  | 'unlabelled'
  | 'one-label'
  | 'duplicate-example'
  | 'conflicting-labels'
  | 'duplicate-identifier'
  | 'same-image-twice'
  | 'long-sentence'
  | 'same-file'
  | 'shared-examples'
  | 'shared-images';

/**
 * What is wrong with a data set, in a sentence that names the first few cases and how many there are. `error` prevents
 * training, `information` is good to know.
 */
export interface DataProblem extends Message {
  severity: 'error' | 'warning' | 'information';
  code: DataProblemCode;
  /** Absolute path of the annotation file. */
  file: string;
  /** 1-based, of the first case. */
  line?: number;
  split?: Split;
  /** How many cases. */
  count: number;
}

/** One case of a problem. */
export interface Case {
  line: number;
  /** How a message names it. */
  name: Words;
}

/** Cases that a message names. */
const named = 5;

/** One problem for all cases of a kind in a split; nothing when there are none. */
export function problemOf(
  dataset: Dataset,
  severity: DataProblem['severity'],
  code: DataProblemCode,
  cases: readonly Case[],
  says: Words,
): DataProblem[] {
  if (cases.length === 0) return [];
  const shown = cases.slice(0, named).map(({ name, line }) => phrase('{0} (line {1})', name, line));
  const more = cases.length - shown.length;
  return [
    {
      severity,
      code,
      ...messageFrom(
        more > 0
          ? phrase('{0}: {1} and {2} more.', says, shown, more)
          : phrase('{0}: {1}.', says, shown),
      ),
      file: dataset.file,
      line: cases[0].line,
      split: dataset.split,
      count: cases.length,
    },
  ];
}
