import { expect, it } from 'vitest';
import type { DynamicsColumns, SliceNumbers } from '../../src/webview/analysis/messages';
import { DEFAULT_SLICES } from '../../src/webview/analysis/model';
import { PointIndex, rowsOfFate, sortPoints } from '../../src/webview/analysis/points';
import { barRange, shownSlices } from '../../src/webview/analysis/sliceRows';

function slice(value: string, accuracy: number | null, marked = false): SliceNumbers {
  return {
    ...{ slice: 'kind', title: 'Kind', value, n: 10, accuracy, marked },
    ci95: accuracy === null ? null : [accuracy - 0.05, accuracy + 0.05],
    ...{ consistency: null, groups: 0, consistencyCi95: null, rest: null },
    ...{ difference: accuracy === null ? null : accuracy - 0.5, q: null, finding: null },
  };
}

it('slices are searched by words and sorted by a column, with unknown numbers last in both directions', () => {
  const slices = [slice('dog', 0.7), slice('cat', null), slice('bird', 0.4, true)];
  const values = (view: Partial<typeof DEFAULT_SLICES>) =>
    shownSlices(slices, { ...DEFAULT_SLICES, ...view }).map((each) => each.value);
  expect(values({})).toEqual(['dog', 'cat', 'bird']);
  expect(values({ column: 'accuracy' })).toEqual(['bird', 'dog', 'cat']);
  expect(values({ column: 'accuracy', descending: true })).toEqual(['dog', 'bird', 'cat']);
  expect(values({ column: 'value' })).toEqual(['bird', 'cat', 'dog']);
  expect(values({ search: 'KIND bi' })).toEqual(['bird']);
  expect(values({ marked: true })).toEqual(['bird']);
  expect(barRange(slices)).toEqual([0.3, 0.8]);
  expect(barRange([slice('a', null)])).toEqual([0, 1]);
});

it('points are sorted, and the one under the pointer is found among a hundred thousand', () => {
  const count = 100_000;
  const columns: DynamicsColumns = {
    confidence: Float32Array.from({ length: count }, (_, i) => (i % 1000) / 999),
    variability: Float32Array.from({ length: count }, (_, i) => (0.5 * Math.floor(i / 1000)) / 99),
    correctness: new Float32Array(count),
    fate: Uint8Array.from({ length: count }, (_, i) => (i === 7 ? 255 : i % 4)),
  };
  const learned = rowsOfFate(columns, 'learned');
  expect(learned.length).toBe(25_000);
  const rows = rowsOfFate(columns, null);
  expect(rows.length).toBe(count - 1);
  const sorted = sortPoints(columns, rows, { column: 'confidence', descending: true });
  expect([...sorted.subarray(0, 3)]).toEqual([999, 1999, 2999]);
  const index = new PointIndex(columns, rows);
  // Pixels of a map of 990 × 999: points are 10 apart in x and 1 in y.
  const at = (x: number, y: number) => index.nearest(x / 990, y / 999, 990, 999, 6);
  expect(at(0, 0)).toBe(0);
  expect(at(52, 300.2)).toBe(5300);
  expect(at(990, 999)).toBe(99_999);
  // Row 7 has no prediction in any epoch, so the nearest points are next to it.
  expect(at(0.1, 7.2)).toBe(8);
  expect(index.nearest(2, 2, 990, 999, 6)).toBeNull();
});
