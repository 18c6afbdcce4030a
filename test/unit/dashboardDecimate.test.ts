import { describe, expect, it } from 'vitest';
import { decimate, lowerBound, nearest } from '../../src/webview/dashboard/decimate';

const steps = (count: number) => Uint32Array.from({ length: count }, (_, i) => i + 1);

describe('decimate', () => {
  it('returns few points unchanged, plus one on each side of the range', () => {
    const ys = Float32Array.from([1, 2, 3, 4, 5, 6]);
    const points = decimate(steps(6), ys, 6, 2.5, 4.5, 100);
    expect(points).toEqual([
      { x: 2, y: 2 },
      { x: 3, y: 3 },
      { x: 4, y: 4 },
      { x: 5, y: 5 },
    ]);
  });

  it('uses only the first `count` values of a column with a larger capacity', () => {
    const points = decimate(steps(8), new Float32Array(8).fill(1), 3, 0, 100, 100);
    expect(points.map((point) => point.x)).toEqual([1, 2, 3]);
  });

  it('keeps every extreme of a long curve in few ascending points', () => {
    const count = 200_000;
    const ys = Float32Array.from({ length: count }, (_, i) => Math.sin(i / 5000));
    ys[77_777] = 9;
    ys[123_456] = -9;
    const points = decimate(steps(count), ys, count, 0, count, 500);
    expect(points.length).toBeLessThanOrEqual(1000);
    expect(points).toContainEqual({ x: 77_778, y: 9 });
    expect(points).toContainEqual({ x: 123_457, y: -9 });
    expect(points.every((point, i) => i === 0 || point.x > (points[i - 1]?.x ?? 0))).toBe(true);
  });

  it('keeps gaps of missing values at any zoom', () => {
    const count = 10_000;
    const ys = new Float32Array(count).fill(0.5);
    ys[5000] = Number.NaN;
    expect(
      decimate(steps(count), ys, count, 0, count, 100).filter(({ y }) => Number.isNaN(y)),
    ).toHaveLength(1);
    expect(
      decimate(steps(count), ys, count, 4998, 5004, 100).filter(({ y }) => Number.isNaN(y)),
    ).toEqual([{ x: 5001, y: Number.NaN }]);
    const empty = new Float32Array(count).fill(Number.NaN);
    expect(
      decimate(steps(count), empty, count, 0, count, 100).every(({ y }) => Number.isNaN(y)),
    ).toBe(true);
  });

  it('maps x to the units of the chart', () => {
    const points = decimate(steps(4), new Float32Array(4), 4, 0, 4, 100, (step) => step / 2);
    expect(points.map((point) => point.x)).toEqual([0.5, 1, 1.5, 2]);
  });

  it('returns no points for an empty column', () => {
    expect(decimate(new Uint32Array(0), new Float32Array(0), 0, 0, 1, 100)).toEqual([]);
  });
});

describe('searching a column', () => {
  const column = Uint32Array.from([10, 20, 30, 0, 0]);

  it('finds the first value that is not less', () => {
    expect([5, 10, 11, 30, 31].map((value) => lowerBound(column, 3, value))).toEqual([
      0, 0, 1, 2, 3,
    ]);
  });

  it('finds the closest value', () => {
    expect([-5, 14, 16, 99].map((value) => nearest(column, 3, value))).toEqual([0, 0, 1, 2]);
    expect(nearest(column, 0, 1)).toBe(-1);
  });
});
