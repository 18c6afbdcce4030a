/** The numbers of the analysis against SciPy, statsmodels and NLVR2's official script (test/fixtures/analysis). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyze, type AnalysisResult } from '../../src/analysis/analyze';
import { compare, type ComparisonResult } from '../../src/analysis/compare';
import { importPredictions } from '../../src/analysis/import/importPredictions';
import {
  benjaminiHochberg,
  fisherExact,
  mcnemarExact,
  normalTwoSided,
  pairedDifference,
  wilson,
  type Interval,
} from '../../src/analysis/statistics';
import { loadConfig } from '../../src/config/load';
import { sharedFolder } from '../integration/tinyProject';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'analysis');

interface ReferenceShare {
  n: number;
  accuracy: number;
  ci95: Interval;
  consistency: number;
  groups: number;
}
interface Reference {
  wilson: { count: number; n: number; ci95: Interval }[];
  mcnemar: { onlyA: number; onlyB: number; p: number }[];
  fisher: { table: [number, number, number, number]; p: number }[];
  benjaminiHochberg: { p: number[]; q: number[] };
  normal: { z: number; p: number }[];
  pairedDifference: { onlyA: number; onlyB: number; n: number; ci95: Interval }[];
  all: ReferenceShare;
  slices: (ReferenceShare & {
    slice: string;
    value: string;
    p?: number;
    compared: { newlyRight: number; newlyWrong: number; p: number };
  })[];
  calibration: Record<string, number>;
  consistencyCi95: Interval;
  differenceCi95: Interval;
  comparedP: number;
}
const reference = JSON.parse(readFileSync(join(fixtures, 'reference.json'), 'utf8')) as Reference;

/** Equal to nine digits. */
function expectClose(actual: number | null | undefined, expected: number, what = ''): void {
  const difference = Math.abs((actual ?? NaN) - expected);
  expect(difference, `${what}: ${actual} is not ${expected}`).toBeLessThanOrEqual(
    1e-9 * Math.abs(expected) + 1e-14,
  );
}
function expectInterval(actual: Interval | null, expected: Interval, tolerance = 1e-12): void {
  for (const side of [0, 1])
    expect(Math.abs((actual?.[side] ?? NaN) - expected[side])).toBeLessThanOrEqual(tolerance);
}

describe('statistics', () => {
  test("Wilson's interval is that of statsmodels", () => {
    for (const { count, n, ci95 } of reference.wilson) expectInterval(wilson(count, n), ci95);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });

  test("McNemar's and Fisher's exact tests are those of statsmodels and SciPy", () => {
    for (const { onlyA, onlyB, p } of reference.mcnemar) expectClose(mcnemarExact(onlyA, onlyB), p);
    for (const { table, p } of reference.fisher) expectClose(fisherExact(...table), p, `${table}`);
  });

  test("Benjamini and Hochberg's correction is that of statsmodels", () => {
    const { p, q } = reference.benjaminiHochberg;
    benjaminiHochberg(p).forEach((each, i) => expectClose(each, q[i]));
    expect(benjaminiHochberg([])).toEqual([]);
  });

  test("the normal distribution is SciPy's, in the far tail too", () => {
    for (const { z, p } of reference.normal) {
      expectClose(normalTwoSided(z), p, `z ${z}`);
      expectClose(normalTwoSided(-z), p, `z -${z}`);
    }
  });

  test("the interval of a paired difference is Bonett and Price's", () => {
    for (const { onlyA, onlyB, n, ci95 } of reference.pairedDifference)
      expectInterval(pairedDifference(onlyA, onlyB, n), ci95);
  });
});

describe('two models on NLVR2, imported', () => {
  const folder = sharedFolder();
  let result: AnalysisResult;
  let compared: ComparisonResult;

  beforeAll(async () => {
    const config = join(folder, 'nlvr.yaml');
    writeFileSync(
      config,
      `ann_root: '${join(fixtures, 'nlvr2')}'\nann_files: {train: '', val: dev.json, test: ''}\n`,
    );
    for (const model of ['a', 'b'])
      await importPredictions({
        file: join(fixtures, `predictions-${model}.csv`),
        loaded: loadConfig(config),
        split: 'val',
        folder: join(folder, model),
        name: model,
        epoch: null,
        overwrite: false,
        version: '0',
      });
    const options = { split: 'val', userSlices: [] } as const;
    result = await analyze({ ...options, run: join(folder, 'a'), epoch: 'last' });
    compared = await compare({
      ...options,
      a: join(folder, 'a'),
      b: join(folder, 'b'),
      epochA: 'last',
      epochB: 'last',
    });
  });

  test('accuracy, consistency and their intervals, reproducibly', async () => {
    const { analysis } = result;
    const again = { run: join(folder, 'a'), split: 'val', userSlices: [], epoch: 'last' } as const;
    expect(await analyze(again)).toEqual(result);
    expect(analysis).toMatchObject({ n: reference.all.n, groups: reference.all.groups, notes: [] });
    expectClose(analysis.accuracy, reference.all.accuracy);
    expectClose(analysis.consistency, reference.all.consistency);
    expectInterval(analysis.ci95, reference.all.ci95);
    // The two bootstraps draw different samples.
    expectInterval(analysis.consistencyCi95, reference.consistencyCi95, 0.02);
  });

  test('every slice of labels, annotators, subsets and phenomena, with its test', () => {
    const names = ['label', 'annotators', 'subset', 'phenomenon'];
    const slices = result.analysis.slices.filter(({ slice }) => names.includes(slice));
    expect(slices).toHaveLength(reference.slices.length);
    expect(slices.length).toBeGreaterThan(15);
    for (const expected of reference.slices) {
      const name = `${expected.slice} ${expected.value}`;
      const slice = slices.find((s) => `${s.slice} ${s.value}` === name);
      expect(slice, name).toMatchObject({ n: expected.n, groups: expected.groups });
      if (!slice) continue;
      expectClose(slice.accuracy, expected.accuracy, name);
      expectClose(slice.consistency, expected.consistency, name);
      expectInterval(slice.ci95, expected.ci95);
      if (expected.p === undefined) expect(slice.p, name).toBeNull();
      else expectClose(slice.p, expected.p, name);
    }
  });

  test('the correction covers all tested slices', () => {
    const tested = result.analysis.slices.filter(({ p }) => p !== null);
    const q = benjaminiHochberg(tested.map(({ p }) => p ?? NaN));
    expect(tested.map((slice) => slice.q)).toEqual(q);
    for (const { q, marked, finding } of result.analysis.slices) {
      expect(marked).toBe(q !== null && q < 0.05);
      expect(finding !== null).toBe(marked);
    }
  });

  test('calibration', () => {
    const { calibration } = result.analysis;
    const { temperature, ...exact } = reference.calibration;
    for (const [key, value] of Object.entries(exact)) {
      const actual = calibration?.[key as 'ece' | 'brier' | 'nll'];
      // The precision of the two numbers with the temperature is that of the minimum.
      const tolerance = key.endsWith('Calibrated') ? 1e-6 : 1e-12;
      expect(Math.abs((actual ?? NaN) - value), key).toBeLessThan(tolerance);
    }
    expect(Math.abs((calibration?.temperature ?? NaN) - temperature)).toBeLessThan(1e-6);
    expect(calibration?.bins).toHaveLength(15);
    expect(calibration?.bins.reduce((sum, { n }) => sum + n, 0)).toBe(reference.all.n);
  });

  test('the comparison, by slice, with the examples of every number', () => {
    const { comparison, examples } = compared;
    expectClose(comparison.p, reference.comparedP);
    expectInterval(comparison.ci95, reference.differenceCi95, 0.02);
    for (const { slice, value, compared: expected } of reference.slices) {
      const place = comparison.slices.findIndex((s) => s.slice === slice && s.value === value);
      const actual = comparison.slices[place];
      expect(actual).toMatchObject({
        newlyRight: expected.newlyRight,
        newlyWrong: expected.newlyWrong,
      });
      if (actual.p !== null) expectClose(actual.p, expected.p, `${slice} ${value}`);
      const newlyWrongExamples = examples.filter(
        (each) => each.slices.includes(place) && each.outcome === 'newly wrong',
      );
      expect(newlyWrongExamples).toHaveLength(expected.newlyWrong);
    }
    // The second model is better by construction, except for hard cardinality.
    expect(comparison.difference).toBeGreaterThan(0);
    const hard = comparison.slices.find(({ value }) => value === 'hard cardinality');
    expect(hard?.difference).toBeLessThan(0);
    expect(hard?.finding?.message).toMatch(
      /^Phenomenon "hard cardinality": \d+ points worse on \d+ \(\d+ newly wrong, \d+ newly right\)$/,
    );
  });
});
