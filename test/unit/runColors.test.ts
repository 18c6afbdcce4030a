import { expect, it } from 'vitest';
import { COLOR_COUNT, RunColors } from '../../src/extension/runs/runColors';

/** What a window remembers. */
function memory() {
  const stored = new Map<string, unknown>();
  return {
    get: <T>(key: string, otherwise: T): T => (stored.get(key) as T | undefined) ?? otherwise,
    update: (key: string, value: unknown) => {
      stored.set(key, structuredClone(value));
      return Promise.resolve();
    },
  };
}

it('a run has the same color in every panel and after a reload; new runs get the least used color', () => {
  const stored = memory();
  const colors = new RunColors(stored);
  expect(colors.of(['a'])).toEqual([0]);
  expect(colors.of(['b'])).toEqual([1]);
  expect(colors.of(['b', 'c', 'a'])).toEqual([1, 2, 0]);
  expect(new RunColors(stored).of(['c', 'd'])).toEqual([2, 3]);
  expect(colors.of(['e', 'f', 'g'])).toEqual([4, 5, 0]);
});

it('if two runs of the same color are shown together, the later one gets another color in that panel only', () => {
  const colors = new RunColors(memory());
  const seven = Array.from({ length: 7 }, (_, i) => `run${i}`);
  for (const run of seven) colors.of([run]);
  const [first, last] = [colors.of(['run0'])[0], colors.of(['run6'])[0]];
  expect(first).toBe(last);
  const [there, other] = colors.of(['run0', 'run6']);
  expect(there).toBe(first);
  expect(other).not.toBe(first);
  expect(colors.of(['run6'])).toEqual([last]);
  // More than there are colors: each keeps its own where all are taken.
  const all = colors.of(seven);
  expect(new Set(all).size).toBe(COLOR_COUNT);
  expect(all[6]).toBe(last);
});
