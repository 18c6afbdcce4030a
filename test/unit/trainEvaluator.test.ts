import { expect, test } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { Evaluator } from '../../src/train/evaluation';
import type { NlvrPrograms } from '../../src/train/programs';

test("images' features are held while an evaluation runs, also one that fails, and at no other time", async () => {
  const calls: string[] = [];
  const programs = {
    encodingChunk: () => 1,
    reserveSlots: (slots: number) => void calls.push(`reserve ${slots}`),
    releaseSlots: () => Promise.resolve(void calls.push('release')),
  } as unknown as NlvrPrograms;
  const evaluator = new Evaluator(programs, 3, 4);
  expect(calls).toEqual([]);
  const dataset = { split: 'val', examples: [] } as unknown as Dataset;
  const none = (async function* () {})();
  expect(await evaluator.evaluate(dataset, none)).toEqual(new Float32Array(0));
  const broken = (async function* () {
    await Promise.resolve();
    yield* [];
    throw new Error('boom');
  })();
  await expect(evaluator.evaluate(dataset, broken)).rejects.toThrow('boom');
  expect(calls).toEqual(['reserve 9', 'release', 'reserve 9', 'release']);
});
