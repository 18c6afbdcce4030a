import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { epochOrder, shardOrder, sharedImageOrder } from '../../src/data/order';
import type { Example } from '../../src/data/types';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const sorted = (order: Iterable<number>) => Array.from(order).sort((a, b) => a - b);

describe('the order of an epoch', () => {
  it.each([0, 1, 2, 3, 17, 1000])('is a permutation of %i', (count) => {
    expect(sorted(epochOrder(count, 42, 0))).toEqual(numbers(count));
  });

  it('depends on seed and epoch alone', () => {
    expect(epochOrder(500, 42, 3)).toEqual(epochOrder(500, 42, 3));
    expect(epochOrder(500, 42, 3)).not.toEqual(epochOrder(500, 42, 4));
    expect(epochOrder(500, 42, 3)).not.toEqual(epochOrder(500, 43, 3));
  });

  it('puts every example everywhere about equally often', () => {
    const first = new Array<number>(6).fill(0);
    for (let epoch = 0; epoch < 6000; epoch++) first[epochOrder(6, 1, epoch)[0]]++;
    for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it('does not change from version to version: resumed runs depend on it', () => {
    expect(Array.from(epochOrder(10, 42, 0))).toEqual([3, 9, 8, 1, 7, 4, 6, 5, 2, 0]);
  });
});

describe('shares of several processes', () => {
  it.each([
    [10, 3],
    [9, 3],
    [2, 5],
    [1, 4],
  ])('of %i examples for %i processes have equal size and miss none', (count, worldSize) => {
    const order = epochOrder(count, 1, 0);
    const shares = numbers(worldSize).map((rank) => shardOrder(order, { rank, worldSize }));
    expect(new Set(shares.map((share) => share.length))).toEqual(
      new Set([Math.ceil(count / worldSize)]),
    );
    expect(sorted(new Set(shares.flatMap((share) => Array.from(share))))).toEqual(numbers(count));
  });

  it("are PyTorch's DistributedSampler's", () => {
    // list(DistributedSampler(range(10), num_replicas=4, rank=r, shuffle=False)) for r = 0, 1, 2, 3
    const order = Int32Array.from(numbers(10));
    expect(numbers(4).map((rank) => Array.from(shardOrder(order, { rank, worldSize: 4 })))).toEqual(
      [
        [0, 4, 8],
        [1, 5, 9],
        [2, 6, 0],
        [3, 7, 1],
      ],
    );
  });
});

describe('the order of an evaluation', () => {
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

  it('brings together what shares images, by any number of steps', () => {
    const pairs: [string, string][] = [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
      ['b', 'g'],
      ['d', 'c'],
      ['g', 'h'],
    ];
    const order = sharedImageOrder(pairs.map((images, i) => example(i, ...images)));
    expect(Array.from(order)).toEqual([0, 3, 5, 1, 4, 2]);
  });

  it('leaves a data set without shared images in annotation order', () => {
    const order = sharedImageOrder(numbers(50).map((i) => example(i, `${i}l`, `${i}r`)));
    expect(Array.from(order)).toEqual(numbers(50));
  });

  it('takes NLVR2 pairs together', async () => {
    const { examples } = await loadDataset(
      join(import.meta.dirname, '../data/nlvr2/dev.json'),
      'val',
      { format: 'nlvr2', imageRoot: '/data' },
    );
    const order = Array.from(sharedImageOrder(examples));
    expect(sorted(order)).toEqual(numbers(36));
    const pairs = order.map((i) => examples[i].images.join());
    const runs = pairs.filter((pair, i) => pair !== pairs[i - 1]).length;
    expect(runs).toBe(new Set(pairs).size);
    const inFile = examples.map(({ images }) => images.join());
    expect(inFile.filter((pair, i) => pair !== inFile[i - 1]).length).toBeGreaterThan(runs);
  });
});
