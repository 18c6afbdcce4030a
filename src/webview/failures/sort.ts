import { radixOrder } from '../shared/radix';
import type { Rows } from './rows';

export const SORTS = ['wrong', 'confidence', 'probTrue', 'index'] as const;
/**
 * - `wrong`: most confidently wrong answers first, then right answers from the least to the most confident;
 *   with two classes this is the order of the loss.
 * - `confidence`: most confident answers first; reversed, the least confident ones.
 * - `probTrue`: highest probability of True first.
 * - `index`: order of the annotation file.
 */
export type Sort = (typeof SORTS)[number];

/** Returns all row numbers in the order of `sort`. Equal rows stay in file order; NaN comes last. */
export function sortRows(rows: Rows, sort: Sort, reverse: boolean): Int32Array<ArrayBuffer> {
  const { count, loss, probTrue, prediction, index } = rows;
  if (keyBuffer.length < count) keyBuffer = new Float32Array(loss.length);
  const keys = keyBuffer.subarray(0, count);
  const sign = reverse ? -1 : 1;
  // Ascending keys. One loop per order, because this runs over 100,000 rows possibly before JIT compilation.
  switch (sort) {
    case 'wrong':
      for (let row = 0; row < count; row++) keys[row] = -sign * (loss[row] ?? NaN);
      break;
    case 'confidence':
      for (let row = 0; row < count; row++) {
        const probability = probTrue[row] ?? NaN;
        keys[row] = -sign * (prediction[row] === 1 ? probability : 1 - probability);
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

/** Reused buffer: rows are sorted five times per second while they arrive, and garbage collection would cost frames. */
let keyBuffer = new Float32Array(0);
