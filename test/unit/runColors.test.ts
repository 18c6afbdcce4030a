import { expect, it } from 'vitest';
import { COLOR_COUNT, RunColors } from '../../src/extension/runs/runColors';

/** What a window remembers. */
function memory() {
  const kept = new Map<string, unknown>();
  return {
    get: <T>(key: string, otherwise: T): T => (kept.get(key) as T | undefined) ?? otherwise,
    update: (key: string, value: unknown) => {
      kept.set(key, structuredClone(value));
      return Promise.resolve();
    },
  };
}

it('a run has its color in every panel and after a reload; new ones get those that are rare', () => {
  const kept = memory();
  const colors = new RunColors(kept);
  expect(colors.of(['a'])).toEqual([0]);
  expect(colors.of(['b'])).toEqual([1]);
  expect(colors.of(['b', 'c', 'a'])).toEqual([1, 2, 0]);
  expect(new RunColors(kept).of(['c', 'd'])).toEqual([2, 3]);
  expect(colors.of(['e', 'f', 'g'])).toEqual([4, 5, 0]);
});

it('of two runs of one color that are shown together the later has another one there, and only there', () => {
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
