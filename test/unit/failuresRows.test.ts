import { describe, expect, it } from 'vitest';
import { PredictionTable } from '../../src/extension/failures/predictionTable';
import type { Prediction } from '../../src/run/predictions';
import {
  DEFAULT_FILTER,
  countVerdicts,
  filterRows,
  type Filter,
} from '../../src/webview/failures/filter';
import { Rows } from '../../src/webview/failures/rows';
import { sortRows } from '../../src/webview/failures/sort';
import { radixOrder } from '../../src/webview/shared/radix';

/** Examples written short: sentence, label, probability of True, kind. */
type Short = [string, boolean | null, number, string?];
const examples: Short[] = [
  ['Two dogs run.', true, 0.9, 'dog'],
  ['Two dogs run.', false, 0.8, 'dog'],
  ['A cat on the left.', true, 0.03, 'cat'],
  ['A cat <b>sits</b>.', false, 0.4],
  ['Nobody knows.', null, 0.55, 'cat'],
  ['Three birds.', true, 0.45],
];

function rowsOf(list: Short[]): Rows {
  const rows = new Rows();
  const table = new PredictionTable();
  const predictions = list.map(([sentence, label, probTrue, group], index): Prediction => {
    const logit = Math.log(probTrue / (1 - probTrue));
    return {
      identifier: `pair ${index}`,
      index,
      split: 'val',
      sentence,
      images: ['/l.png', '/r.png'],
      label,
      prediction: probTrue > 0.5,
      prob_true: probTrue,
      logits: [0, logit],
      ...(group !== undefined && { group }),
    };
  });
  // In two pieces, as they arrive.
  rows.append(table.append(predictions.slice(0, 2)));
  rows.append(table.append(predictions.slice(2)));
  return rows;
}

function shown(rows: Rows, filter: Partial<Filter>, epoch: number | null = null): number[] {
  return [
    ...filterRows(
      rows,
      sortRows(rows, 'index', false),
      { ...DEFAULT_FILTER, show: 'all', ...filter },
      epoch,
    ),
  ];
}

describe('filtering', () => {
  const rows = rowsOf(examples);

  it('by verdict', () => {
    expect(shown(rows, { show: 'all' })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shown(rows, { show: 'wrong' })).toEqual([1, 2, 5]);
    expect(shown(rows, { show: 'right' })).toEqual([0, 3]);
    expect(shown(rows, { show: 'falsePositive' })).toEqual([1]);
    expect(shown(rows, { show: 'falseNegative' })).toEqual([2, 5]);
    expect(countVerdicts(rows)).toEqual({ wrong: 3, right: 2, unlabeled: 1 });
  });

  it('by kind and by confidence in the answer', () => {
    expect(shown(rows, { kind: 'cat' })).toEqual([2, 4]);
    expect(shown(rows, { kind: 'no such kind' })).toEqual([]);
    expect(shown(rows, { confidence: [0.85, 1] })).toEqual([0, 2]);
    expect(shown(rows, { confidence: [0.5, 0.6] })).toEqual([3, 4, 5]);
  });

  it('by words in sentence, identifier or note, in any order and case', () => {
    expect(shown(rows, { search: 'DOGS two' })).toEqual([0, 1]);
    expect(shown(rows, { search: '<b>' })).toEqual([3]);
    expect(shown(rows, { search: 'pair 2' })).toEqual([2]);
    expect(shown(rows, { search: 'cat 3' })).toEqual([3]);
    rows.notes = new Map([['pair 5', { marked: false, note: 'mislabeled?' }]]);
    expect(shown(rows, { search: 'birds mislabeled' })).toEqual([5]);
    expect(shown(rows, { marked: true })).toEqual([5]);
    rows.notes = new Map([
      ['pair 4', { marked: false, note: 'Unclear', tags: ['Blurred', 'Dog'] }],
    ]);
    expect(shown(rows, { search: 'dog' })).toEqual([0, 1, 4]);
    expect(shown(rows, { search: 'nobody dog blurred unclear pair 4' })).toEqual([4]);
    // The end of one identifier and the start of the next are not a word.
    expect(shown(rows, { search: '1pair' })).toEqual([]);
    const words = 'Two dogs run. pair 0'.repeat(12);
    expect(shown(rows, { search: words.replaceAll('0Two', '0 Two') })).toEqual([0]);
    expect(shown(rows, { search: `${words.replaceAll('0Two', '0 Two')} zebra` })).toEqual([]);
  });

  it('by how the answers changed over the epochs', () => {
    const changing = rowsOf(examples);
    // Answers now: T T F F T F; labels: T F T F - T.
    changing.history.set(1, Uint8Array.from([0, 1, 0, 1, 255, 0]));
    changing.history.set(2, Uint8Array.from([0, 0, 0, 0, 0, 255]));
    changing.history.set(3, Uint8Array.from([1, 1, 0, 0, 1, 0]));
    expect(shown(changing, { change: 'newlyWrong' }, 3)).toEqual([1]);
    expect(shown(changing, { change: 'newlyRight' }, 3)).toEqual([0]);
    expect(shown(changing, { change: 'changed' }, 3)).toEqual([0, 1, 3, 4]);
    expect(shown(changing, { change: 'alwaysWrong' }, 3)).toEqual([2, 5]);
    expect(changing.epochsOf(0).map(({ epoch, verdict }) => [epoch, verdict])).toEqual([
      [1, 'wrong'],
      [2, 'wrong'],
      [3, 'right'],
    ]);
  });
});

describe('sorting', () => {
  const rows = rowsOf(examples);
  it('puts the most confidently wrong first and the unlabeled last', () => {
    expect([...sortRows(rows, 'wrong', false)]).toEqual([2, 1, 5, 3, 0, 4]);
    expect([...sortRows(rows, 'wrong', true)]).toEqual([0, 3, 5, 1, 2, 4]);
  });
  it('by confidence, probability and position', () => {
    expect([...sortRows(rows, 'confidence', false)]).toEqual([2, 0, 1, 3, 4, 5]);
    expect([...sortRows(rows, 'probTrue', false)]).toEqual([0, 1, 4, 5, 3, 2]);
    expect([...sortRows(rows, 'index', true)]).toEqual([5, 4, 3, 2, 1, 0]);
  });
  it('orders floats numerically, and equal ones in file order', () => {
    const keys = new Float32Array(5000).map((_, i) =>
      Math.fround(Math.sin(i * 12.9898) * (i % 7 === 0 ? 1e-30 : 1e3)),
    );
    keys[17] = NaN;
    keys[18] = -0;
    keys[19] = 0;
    keys[20] = -Infinity;
    const expected = [...keys.keys()].sort((a, b) => {
      const [x, y] = [keys[a] ?? NaN, keys[b] ?? NaN];
      if (Number.isNaN(x) || Number.isNaN(y))
        return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return x - y || a - b;
    });
    const order = radixOrder(keys);
    expect([...order]).toEqual(expected);
    // The room that the work was done in is used again; the result stays.
    expect([...radixOrder(new Float32Array([2, 1]))]).toEqual([1, 0]);
    expect([...order]).toEqual(expected);
  });
});

describe('a row', () => {
  it('has its verdict, confidence and related examples', () => {
    const rows = rowsOf(examples);
    expect([0, 1, 4].map((row) => rows.verdict(row))).toEqual(['right', 'wrong', 'unlabeled']);
    expect(rows.confidence(2)).toBeCloseTo(0.97, 5);
    expect(rows.rowsOfGroup(1)).toEqual([0, 1]);
    expect(rows.rowsOfGroup(5)).toEqual([5]);
    expect(rows.kindOf(3)).toBeNull();
  });
});
