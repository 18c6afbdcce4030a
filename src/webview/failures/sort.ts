import { radixOrder } from '../shared/radix';
import type { Rows } from './rows';

export const SORTS = ['wrong', 'confidence', 'probTrue', 'index'] as const;
/**
 * - `wrong`: most confidently wrong first, then the right answers from the shakiest to the surest;
 *   with two classes that is the order of the loss.
 * - `confidence`: surest first, right or wrong; reversed, what the model hesitates about.
 * - `probTrue`: surest True first.
 * - `index`: as in the annotation file.
 */
export type Sort = (typeof SORTS)[number];

/** Row numbers of all rows in the order of `sort`; equal rows stay in file order, NaN comes last. */
export function sortRows(rows: Rows, sort: Sort, reverse: boolean): Int32Array<ArrayBuffer> {
  const keys = new Float32Array(rows.count);
  for (let row = 0; row < rows.count; row++) {
    const key = sortKey(rows, sort, row);
    keys[row] = reverse ? -key : key;
  }
  return radixOrder(keys);
}

/** The value that rows are sorted by, ascending. */
function sortKey(rows: Rows, sort: Sort, row: number): number {
  switch (sort) {
    case 'wrong':
      return -(rows.loss[row] ?? NaN);
    case 'confidence':
      return -rows.confidence(row);
    case 'probTrue':
      return -(rows.probTrue[row] ?? NaN);
    case 'index':
      return rows.index[row] ?? 0;
  }
}
