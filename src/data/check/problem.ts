import type { Split } from '../split';
import type { Dataset } from '../types';

export type DataProblemCode =
  | 'annotation'
  | 'empty-split'
  | 'missing-image'
  | 'unreadable-image'
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

/** What is wrong with a data set. `error` prevents training, `information` is good to know. */
export interface DataProblem {
  severity: 'error' | 'warning' | 'information';
  code: DataProblemCode;
  /** A sentence that names the first few cases and how many there are. */
  message: string;
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
  name: string;
}

/** Cases that a message names. */
const named = 5;

/** One problem for all cases of a kind in a split; nothing when there are none. */
export function problemOf(
  dataset: Dataset,
  severity: DataProblem['severity'],
  code: DataProblemCode,
  cases: readonly Case[],
  says: string,
): DataProblem[] {
  if (cases.length === 0) return [];
  const shown = cases.slice(0, named).map(({ name, line }) => `${name} (line ${line})`);
  const more = cases.length > named ? ` and ${cases.length - named} more` : '';
  return [
    {
      severity,
      code,
      message: `${says}: ${shown.join(', ')}${more}.`,
      file: dataset.file,
      line: cases[0].line,
      split: dataset.split,
      count: cases.length,
    },
  ];
}

/** "1 image", "2 images". */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
