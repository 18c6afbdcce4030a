import { describe, expect, it } from 'vitest';
import { fit, ringSeconds, stepSeconds } from '../../bench/costModel.mjs';

const buckets = [1, 25, 25, 9].map((mib) => mib * 2 ** 20);
const bytes = buckets.reduce((a, b) => a + b, 0);
const work = { step: 0.5, own: 0.4, window: 0.5, buckets };

describe('the cost model of several processes', () => {
  it("sends 2 (N − 1) / N of a ring's bytes, in 2 (N − 1) messages", () => {
    expect(ringSeconds(800, 8, { rate: 100, latency: 0 })).toBe(14);
    expect(ringSeconds(800, 8, { rate: Infinity, latency: 3 })).toBe(42);
  });

  it('overlaps communication before the last gradient, but not the last bucket and the processor time', () => {
    const fast = { ranks: 2, rate: 1e12, latency: 0, processor: 1e-9 };
    const quick = stepSeconds(work, fast, true);
    expect(quick.exposed).toBeCloseTo((9 * 2 ** 20) / 1e12, 12);
    expect(quick.seconds).toBeCloseTo(0.5 + bytes * 1e-9 + quick.exposed, 12);
    const slow = { ...fast, rate: 1e8 };
    const [overlapped, after] = [true, false].map((overlap) => stepSeconds(work, slow, overlap));
    expect(after.exposed).toBeCloseTo(bytes / 1e8, 9);
    expect(after.hidden).toBeCloseTo(0, 9);
    expect(overlapped.hidden).toBeGreaterThan(0);
    expect(overlapped.hidden).toBeLessThan(work.own * work.window);
    expect(overlapped.hidden + overlapped.exposed).toBeCloseTo(after.exposed, 9);
  });

  it('recovers the latency, processor time and window of simulated measurements', () => {
    const parameters = { latency: 4e-3, processor: 2e-9, window: 0.4 };
    const predict = (
      { latency, processor, window }: typeof parameters,
      { rate, overlap, parts }: { rate: number; overlap: boolean; parts: number[] },
    ): number =>
      stepSeconds(
        { ...work, window, buckets: parts },
        { ranks: 2, rate, latency, processor },
        overlap,
      ).seconds;
    const many = Array.from({ length: 60 }, () => bytes / 60);
    const measurements = [6e7, 1.2e8, 5e8].flatMap((rate) =>
      [true, false].flatMap((overlap) =>
        [buckets, many].map((parts) => {
          const point = { rate, overlap, parts };
          return { ...point, seconds: predict(parameters, point) };
        }),
      ),
    );
    const found = fit(
      measurements,
      { latency: 1e-3, processor: 1e-9, window: 0.9 },
      { latency: 1, processor: 1e-6, window: 1 },
      predict,
    );
    for (const name of ['latency', 'processor', 'window'] as const)
      expect(found[name] / parameters[name], name).toBeCloseTo(1, 1);
  });
});
