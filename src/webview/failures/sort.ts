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
  const { count, loss, probTrue, prediction, index } = rows;
  if (room.length < count) room = new Float32Array(loss.length);
  const keys = room.subarray(0, count);
  const sign = reverse ? -1 : 1;
  // Ascending. A loop each: this runs over 100,000 rows before the compiler knows it.
  switch (sort) {
    case 'wrong':
      for (let row = 0; row < count; row++) keys[row] = -sign * (loss[row] ?? NaN);
      break;
    case 'confidence':
      for (let row = 0; row < count; row++) {
        const sure = probTrue[row] ?? NaN;
        keys[row] = -sign * (prediction[row] === 1 ? sure : 1 - sure);
      }
      break;
    case 'probTrue':
      for (let row = 0; row < count; row++) keys[row] = -sign * (probTrue[row] ?? NaN);
      break;
    case 'index':
      for (let row = 0; row < count; row++) keys[row] = sign * (index[row] ?? 0);
  }
  return radixOrder(keys);
}

/** For the keys, kept: while rows arrive they are sorted five times a second, and to collect as many arrays costs frames. */
let room = new Float32Array(0);
