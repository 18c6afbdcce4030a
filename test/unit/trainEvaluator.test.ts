import { expect, test } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { Evaluator } from '../../src/train/evaluate/evaluator';
import type { NlvrPrograms } from '../../src/train/programs';

test('features of images are in memory only during an evaluation, also one that fails', async () => {
  const calls: string[] = [];
  const programs = {
    imagesPerEncoding: () => 1,
    reserveSlots: (slots: number) => void calls.push(`reserve ${slots}`),
    releaseSlots: () => Promise.resolve(void calls.push('release')),
  } as unknown as NlvrPrograms;
  const evaluator = new Evaluator(programs, 3, 4, {
    rank: 0,
    worldSize: 1,
    allReduceSum: (values) => Promise.resolve(values),
  });
  expect(calls).toEqual([]);
  const dataset = { split: 'val', examples: [] } as unknown as Dataset;
  const plan = evaluator.plan(dataset);
  const none = (async function* () {})();
  expect(await evaluator.evaluate(dataset, plan, none)).toEqual(new Float32Array(0));
  const broken = (async function* () {
    await Promise.resolve();
    yield* [];
    throw new Error('boom');
  })();
  const one = {
    steps: [{ indices: Int32Array.of(0), sharesImagesWithPrevious: false }],
    rounds: 1,
  };
  await expect(evaluator.evaluate(dataset, one, broken)).rejects.toThrow('boom');
  expect(calls).toEqual(['reserve 9', 'release', 'reserve 9', 'release']);
});
