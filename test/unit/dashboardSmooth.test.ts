import { describe, expect, it } from 'vitest';
import { Smoother, stepWeight } from '../../src/webview/dashboard/smooth';

/** Stateless reference implementation. */
function reference(values: readonly number[], weight: number): number[] {
  return values.map((value, n) => {
    const finiteValues = values.slice(0, n + 1).filter(Number.isFinite);
    if (!Number.isFinite(value)) return Number.NaN;
    const average = finiteValues.reduce(
      (sum, each, i) => sum + (1 - weight) * weight ** (finiteValues.length - 1 - i) * each,
      0,
    );
    return average / (1 - weight ** finiteValues.length);
  });
}

describe('Smoother', () => {
  const values = [0.9, 0.7, Number.NaN, 0.8, 0.2, Number.POSITIVE_INFINITY, 0.3];

  it('is the debiased exponential moving average, with gaps where values are missing', () => {
    const smoothed = [...new Smoother(0.6).extend(Float32Array.from(values), values.length)];
    const expected = reference(values, 0.6);
    smoothed.forEach((value, i) => {
      const wanted = expected[i] ?? 0;
      if (Number.isNaN(wanted)) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(wanted, 6);
    });
  });

  it('starts at the first value, not at zero', () => {
    expect(new Smoother(0.99).extend(Float32Array.of(0.69), 1)[0]).toBeCloseTo(0.69, 6);
  });

  it('continues where it ended, with the same result', () => {
    const column = Float32Array.from(values);
    const inPieces = new Smoother(0.9);
    inPieces.extend(column, 2);
    inPieces.extend(column, 5);
    const pieces = Float32Array.from(inPieces.extend(column, values.length));
    expect(pieces).toEqual(new Smoother(0.9).extend(column, values.length));
  });

  it('refuses a weight of 1 or more', () => {
    expect(() => new Smoother(1)).toThrow(RangeError);
  });
});

describe('stepWeight', () => {
  it('is the setting itself for short runs and without steps', () => {
    expect(stepWeight(0.6, 300)).toBe(0.6);
    expect(stepWeight(0, 1e6)).toBe(0);
  });

  it('smooths long runs over more steps', () => {
    const weight = stepWeight(0.6, 200_000);
    expect(weight).toBeGreaterThan(0.998);
    expect(weight).toBeLessThan(1);
  });

  it('stays the same while a run grows slightly', () => {
    expect(stepWeight(0.6, 100_100)).toBe(stepWeight(0.6, 100_900));
  });
});
