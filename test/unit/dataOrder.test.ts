import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { epochOrder, evaluationSteps, rankOrder, stepsByRank } from '../../src/data/order';
import type { Example } from '../../src/data/types';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const sorted = (order: Iterable<number>) => Array.from(order).sort((a, b) => a - b);

describe('the order of an epoch', () => {
  it.each([0, 1, 2, 3, 17, 1000])('is a permutation of %i', (count) => {
    expect(sorted(epochOrder(count, 42, 0))).toEqual(numbers(count));
  });

  it('depends only on seed and epoch', () => {
    expect(epochOrder(500, 42, 3)).toEqual(epochOrder(500, 42, 3));
    expect(epochOrder(500, 42, 3)).not.toEqual(epochOrder(500, 42, 4));
    expect(epochOrder(500, 42, 3)).not.toEqual(epochOrder(500, 43, 3));
  });

  it('puts every example at every position with about equal frequency', () => {
    const first = new Array<number>(6).fill(0);
    for (let epoch = 0; epoch < 6000; epoch++) first[epochOrder(6, 1, epoch)[0]]++;
    for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it('does not change between versions, because resumed runs depend on it', () => {
    expect(Array.from(epochOrder(10, 42, 0))).toEqual([3, 9, 8, 1, 7, 4, 6, 5, 2, 0]);
  });
});

describe('shares of several processes', () => {
  it.each([
    [10, 3],
    [9, 3],
    [2, 5],
  ])('of %i examples for %i processes have equal size and no example twice', (count, worldSize) => {
    const order = epochOrder(count, 1, 0);
    const shares = numbers(worldSize).map((rank) => rankOrder(order, { rank, worldSize }));
    const size = Math.floor(count / worldSize);
    expect(shares.map((share) => share.length)).toEqual(shares.map(() => size));
    expect(new Set(shares.flatMap((share) => Array.from(share))).size).toBe(size * worldSize);
  });

  it("are PyTorch's DistributedSampler's with drop_last", () => {
    // list(DistributedSampler(range(10), num_replicas=4, rank=r, shuffle=False, drop_last=True)) for r = 0, 1, 2, 3
    const order = Int32Array.from(numbers(10));
    expect(numbers(4).map((rank) => Array.from(rankOrder(order, { rank, worldSize: 4 })))).toEqual([
      [0, 4],
      [1, 5],
      [2, 6],
      [3, 7],
    ]);
  });

  it('together are the batches of one process, for any number of processes', () => {
    const order = epochOrder(48, 7, 2);
    const batch = (share: Int32Array, size: number, step: number) =>
      Array.from(share.subarray(step * size, (step + 1) * size));
    for (const worldSize of [2, 3, 4])
      for (let step = 0; step < 48 / 12; step++) {
        const parts = numbers(worldSize).flatMap((rank) =>
          batch(rankOrder(order, { rank, worldSize }), 12 / worldSize, step),
        );
        expect(sorted(parts)).toEqual(sorted(batch(order, 12, step)));
      }
  });
});

describe('the batches of an evaluation', () => {
  const example = (index: number, ...images: [string, string]): Example => ({
    index,
    identifier: String(index),
    sentence: '',
    images,
    label: null,
    consistencyGroup: null,
    group: null,
    line: 1,
  });

  const stepsOf = (pairs: [string, string][], batchSize: number) =>
    evaluationSteps(
      pairs.map((images, i) => example(i, ...images)),
      batchSize,
    );
  const chain: [string, string][] = [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
    ['b', 'g'],
    ['d', 'c'],
    ['g', 'h'],
  ];

  it('group examples that share images, directly or transitively', () => {
    const [only, ...others] = stepsOf(chain, 6);
    expect(others).toEqual([]);
    expect(Array.from(only.indices)).toEqual([0, 3, 5, 1, 4, 2]);
  });

  it('share images with no other batch, unless a group is larger than a batch', () => {
    const batches = (size: number) =>
      stepsOf(chain, size).map(({ indices, sharesImagesWithPrevious }) => [
        Array.from(indices),
        sharesImagesWithPrevious,
      ]);
    expect(batches(4)).toEqual([
      [[0, 3, 5], false],
      [[1, 4, 2], false],
    ]);
    expect(batches(2)).toEqual([
      [[0, 3], false],
      [[5], true],
      [[1, 4], false],
      [[2], false],
    ]);
  });

  it('of a data set without shared images are in annotation order', () => {
    const steps = stepsOf(
      numbers(50).map((i) => [`${i}l`, `${i}r`]),
      8,
    );
    expect(steps.flatMap(({ indices }) => Array.from(indices))).toEqual(numbers(50));
  });

  it('are distributed completely: every batch once, and batches that share images on one process', () => {
    const steps = stepsOf(chain, 2);
    for (const worldSize of [1, 2, 3, 5]) {
      const shares = stepsByRank(steps, worldSize);
      expect(shares).toHaveLength(worldSize);
      expect(sorted(shares.flat().flatMap(({ indices }) => Array.from(indices)))).toEqual(
        numbers(6),
      );
      for (const share of shares) expect(share[0]?.sharesImagesWithPrevious ?? false).toBe(false);
    }
  });

  it('groups NLVR2 pairs', async () => {
    const { examples } = await loadDataset(
      join(import.meta.dirname, '../data/nlvr2/dev.json'),
      'val',
      { format: 'nlvr2', imageRoot: '/data' },
    );
    const order = evaluationSteps(examples, 64).flatMap(({ indices }) => Array.from(indices));
    expect(sorted(order)).toEqual(numbers(36));
    const pairs = order.map((i) => examples[i].images.join());
    const runs = pairs.filter((pair, i) => pair !== pairs[i - 1]).length;
    expect(runs).toBe(new Set(pairs).size);
    const inFile = examples.map(({ images }) => images.join());
    expect(inFile.filter((pair, i) => pair !== inFile[i - 1]).length).toBeGreaterThan(runs);
  });
});
