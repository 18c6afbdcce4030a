import { expect, test } from 'vitest';
import { fitLine } from '../../bench/soak/slope';
import { summarize } from '../../bench/soak/watched';

test('the slope of memory and its standard error are those of a linear regression', () => {
  // numpy.polyfit(x, y, 1, cov='unscaled') and the residual's variance with n - 2 degrees of freedom.
  const { slope, error } = fitLine([0, 1, 2, 3, 4], [1, 3, 2, 5, 4]);
  expect(slope).toBeCloseTo(0.8, 12);
  expect(error).toBeCloseTo(0.34641016151377546, 12);
  expect(fitLine([0, 1, 2], [5, 7, 9])).toEqual({ slope: 2, error: 0 });
  expect(() => fitLine([0, 1], [1, 2])).toThrow(RangeError);

  const points = Array.from({ length: 8 }, (_, i) => ({
    seconds: i * 1800,
    // Starts for two points, then grows by 2 MiB an hour.
    bytes: (i < 2 ? 900 : 100 + i) * 2 ** 20,
    descriptors: 20 + (i === 5 ? 3 : 0),
  }));
  expect(summarize(points)).toMatchObject({
    points: 6,
    minutes: 150,
    firstMiB: 102,
    lastMiB: 107,
    mostMiB: 107,
  });
  expect(summarize(points).slope).toBeCloseTo(2, 9);
  expect(summarize(points).descriptors).toEqual([20, 20, 23]);
});
