import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse';
import type { Batch, Dataset, Example } from '../../src/data/types';
import { RunFolder } from '../../src/run/runFolder';
import { requireDiskSpace, presentBytes } from '../../src/train/checkpoint/diskSpace';
import { exampleOrder, requireSameOrder } from '../../src/train/data/exampleOrder';
import { FeatureCache } from '../../src/train/data/featureCache';
import { FrozenVision } from '../../src/train/data/frozenVision';
import { mergeMetrics, writeMetrics } from '../../src/analysis/metricsFile';
import type { Metrics } from '../../src/analysis/metrics';
import { TrainingPlan } from '../../src/train/plan';
import { changedResources } from '../../src/train/resources';
import { inEnglish } from '../../src/util/localize';

let root: string;
let folder: RunFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  folder = new RunFolder(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function dataset(count: number, change: Partial<Example> = {}): Dataset {
  const examples = Array.from({ length: count }, (_, index): Example => ({
    index,
    identifier: `${index}`,
    sentence: `sentence ${index}`,
    images: [`/images/${index}.png`, `/images/${index + 1}.png`],
    label: index % 2 === 0,
    consistencyGroup: null,
    group: null,
    line: index + 1,
    ...(index === 3 && change),
  }));
  return { split: 'train', format: 'blip', imageRoot: '/images', file: 'train.json', examples };
}

describe('a run is only resumed with the same examples', () => {
  const config = { ...parseConfig('').config, batch_size_train: 4, accumulate_steps: 2 };
  const order = (more: Partial<typeof config> = {}, train = dataset(16), easy?: Dataset) => {
    const changed = { ...config, ...more };
    return exampleOrder(changed, new TrainingPlan(changed, train, easy));
  };
  const begun = order();

  test('in batches and steps of the same size', () => {
    expect(() => requireSameOrder(begun, order({ batch_size_train: 8 }), folder)).toThrow(
      /started with batch_size_train 4, not 8 and/,
    );
    expect(() => requireSameOrder(begun, order({ accumulate_steps: 1 }), folder)).toThrow(
      /started with accumulate_steps 2, not 1 and/,
    );
  });

  test('the same ones in the same order, and the same curriculum', () => {
    const curriculum = { ann_file: 'easy.json', epochs: 2 };
    for (const other of [
      order({}, dataset(17)),
      order({}, dataset(16, { sentence: 'another one' })),
      order({}, dataset(16, { images: ['/images/3.png', '/images/9.png'] })),
      order({ curriculum }, dataset(16), dataset(8)),
    ])
      expect(() => requireSameOrder(begun, other, folder)).toThrow(/different training examples/);
  });

  test('other keys may change', () => {
    const moved: Partial<Example> = { images: ['/elsewhere/3.png', '/elsewhere/4.png'] };
    for (const same of [
      order({ max_epoch: 99, init_lr: 1, num_workers: 7 }),
      order({}, dataset(16, moved)),
      order({}, dataset(16, { label: true })),
    ])
      requireSameOrder(begun, same, folder);
  });
});

describe('disk space', () => {
  test('of a resumed run does not include existing files again', () => {
    writeFileSync(folder.best, Buffer.alloc(100));
    mkdirSync(folder.last);
    writeFileSync(join(folder.last, 'model.safetensors'), Buffer.alloc(100));
    writeFileSync(join(folder.last, 'optimizer.safetensors'), Buffer.alloc(200));
    for (const epoch of [1, 2, 1000])
      writeFileSync(folder.epochCheckpoint(epoch), Buffer.alloc(epoch));
    expect(presentBytes(folder, 0)).toBe(400);
    expect(presentBytes(folder, 2)).toBe(1402);
  });

  test('is refused only if the files that are still to be written do not fit', () => {
    const { bavail, bsize } = statfsSync(root);
    const free = bavail * bsize;
    expect(() => requireDiskSpace(root, 2 * free, 0)).toThrow(/need [\d.]+ .B\./);
    expect(() => requireDiskSpace(root, 4 * free, free)).toThrow(/need [\d.]+ .B more\./);
    requireDiskSpace(root, 2 * free, 1.5 * free);
  });
});

describe('features of a frozen vision transformer', () => {
  /** An encoder of two images, each in a lane of its own: [image, 100 + image] of bytes. */
  const programs = {
    featureShape: [1, 2] as [number, number],
    imagesPerRun: 2,
    hostEncodingProgram: () => ({
      run: ({ images }: { images: Uint8Array }) => {
        if (images.length !== 2) throw new RangeError(`${images.length} images`);
        const features = Float32Array.from(images, (byte) => byte).reduce<number[]>(
          (all, byte) => [...all, byte, 100 + byte],
          [],
        );
        return Promise.resolve({ features: Float32Array.from(features) });
      },
    }),
  } as unknown as ConstructorParameters<typeof FrozenVision>[0];

  function batchOf(indices: number[]): Batch {
    const n = indices.length;
    const images = [...indices, ...indices.map((index) => index + 1)];
    return {
      indices: Int32Array.from(indices),
      images: Uint8Array.from(images),
      imageCount: 2 * n,
      left: Int32Array.from({ length: n }, (_, i) => i),
      right: Int32Array.from({ length: n }, (_, i) => n + i),
      swapped: new Uint8Array(n),
    } as Batch;
  }

  test('do not depend on the images that are encoded before or with them', async () => {
    const examples = dataset(8);
    const features = async (...batches: number[][]): Promise<number[]> => {
      const cache = new FeatureCache(join(root, '.features'), 2, 1e6);
      const vision = new FrozenVision(programs, cache, 1);
      let last: Float32Array = new Float32Array();
      for (const batch of batches) last = await vision.features(examples, batchOf(batch));
      vision.dispose();
      return [...last];
    };
    const resumed = await features([0, 1], [2, 5]);
    expect(resumed).toEqual([2, 102, 5, 105, 3, 103, 6, 106]);
    expect(await features([2, 5])).toEqual(resumed);
    expect(await features([5, 2], [2, 5])).toEqual(resumed);
    // An odd number of images to encode.
    expect(await features([4], [2, 5])).toEqual(resumed);
    expect(await features([3, 4])).toEqual([3, 103, 4, 104, 4, 104, 5, 105]);
  });
});

test('metrics of splits that were not evaluated again stay', () => {
  const metrics = (accuracy: number): Metrics => ({
    accuracy,
    consistency: null,
    loss: 1,
    examples: 2,
    groups: [],
  });
  const accuracies = (): Record<string, number> => {
    const content = JSON.parse(readFileSync(folder.metrics, 'utf8')) as Record<string, Metrics>;
    return Object.fromEntries(Object.entries(content).map(([k, v]) => [k, v.accuracy ?? NaN]));
  };
  const source = { run: 'calm-fox', epoch: 3, checkpoint: 'checkpoint_best.safetensors' };
  mergeMetrics(folder.metrics, { val: metrics(0.1) }, source);
  expect(JSON.parse(readFileSync(folder.metrics, 'utf8'))).toMatchObject({ val: source });
  expect(accuracies()).toEqual({ val: 0.1 });
  writeMetrics(folder.metrics, { val: metrics(0.5), test: metrics(0.6) }, source);
  mergeMetrics(folder.metrics, { test: metrics(0.7) }, source);
  expect(accuracies()).toEqual({ val: 0.5, test: 0.7 });
  writeFileSync(folder.metrics, '{"val": ');
  mergeMetrics(folder.metrics, { test: metrics(0.8) }, source);
  expect(accuracies()).toEqual({ test: 0.8 });
});

test('reports changes of the machine that affect results', () => {
  const before = { device: 'CPU', threads: 2, lanes: 2, tensorflow: '2.21.0' };
  const changes = (now: Partial<typeof before>): string[] =>
    changedResources(before, { ...before, ...now }).map(inEnglish);
  expect(changes({})).toEqual([]);
  expect(changes({ threads: 4, lanes: 1 })).toEqual([
    'with threads: 4 instead of 2',
    'with shards: 1 instead of 2',
  ]);
  expect(changes({ device: 'GPU', threads: 64, lanes: 1 })).toEqual(['on a GPU instead of a CPU']);
  expect(changes({ tensorflow: '2.20.0' })).toEqual(['with TensorFlow 2.20.0 instead of 2.21.0']);
});
