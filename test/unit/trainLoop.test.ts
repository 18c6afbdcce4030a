import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse';
import type { Dataset, Example } from '../../src/data/types';
import { FeatureCache } from '../../src/train/data/featureCache';
import { HealthMonitor } from '../../src/train/health';
import { ImageSlots } from '../../src/train/evaluate/imageSlots';
import { epochLine, evaluationLine, trimLog } from '../../src/train/log';
import { TrainingPlan } from '../../src/train/plan';
import { chooseWatched } from '../../src/train/evaluate/watchedPairs';
import { inEnglish } from '../../src/util/localize';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function dataset(count: number): Dataset {
  const examples = Array.from({ length: count }, (_, index): Example => ({
    index,
    identifier: `${index}`,
    sentence: '',
    images: ['l', 'r'],
    label: index % 3 === 0,
    consistencyGroup: null,
    group: null,
    line: index + 1,
  }));
  return { split: 'train', format: 'blip', imageRoot: '/images', file: 'train.json', examples };
}

describe('the plan of a run', () => {
  const { config } = parseConfig(
    'batch_size_train: 4\naccumulate_steps: 2\nmax_epoch: 3\ninit_lr: 1e-3\nmin_lr: 1e-4\ncurriculum: {ann_file: easy.json, epochs: 2}\n',
  );

  test('counts steps and epochs of both stages and drops incomplete steps', () => {
    const plan = new TrainingPlan(config, dataset(30), dataset(17));
    expect(
      plan.stages.map(({ name, stepsPerEpoch, batchesPerEpoch, firstEpoch }) => [
        name,
        stepsPerEpoch,
        batchesPerEpoch,
        firstEpoch,
      ]),
    ).toEqual([
      ['curriculum', 2, 4, 0],
      ['main', 3, 6, 2],
    ]);
    expect([plan.epochs, plan.totalSteps]).toEqual([5, 13]);
  });

  test("the learning rate is constant in the curriculum, then BLIP's cosine per epoch", () => {
    const plan = new TrainingPlan(config, dataset(30), dataset(17));
    expect(plan.learningRate(0, 0)).toBe(1e-3);
    expect(plan.learningRate(1, 3)).toBe(1e-3);
    expect(plan.learningRate(2, 4)).toBe(1e-3);
    expect(plan.learningRate(3, 7)).toBeCloseTo(
      9e-4 * 0.5 * (1 + Math.cos(Math.PI / 3)) + 1e-4,
      12,
    );
  });

  test('a data set smaller than a step is an error that names the key to decrease', () => {
    expect(() => new TrainingPlan(config, dataset(7))).toThrow(/fewer than one training step/);
  });
});

describe('log.txt', () => {
  test("lines are BLIP's: strings with four decimals, keys in order, Python's spaces", () => {
    expect(
      epochLine({
        trainLr: 3e-5,
        trainLoss: 0.69314,
        valAccuracy: 0.5,
        testAccuracy: 0.25,
        epoch: 0,
      }),
    ).toBe(
      '{"train_lr": "0.0000", "train_loss": "0.6931", "val_acc": "0.5000", "test_acc": "0.2500", "epoch": 0}\n',
    );
    expect(evaluationLine({ val: 0, test: 0.8 })).toBe(
      '{"val_acc": "0.0000", "test_acc": "0.8000"}\n',
    );
  });

  test('a resumed run removes the lines that it writes again, and incomplete lines', () => {
    const file = join(folder, 'log.txt');
    const line = (epoch: number): string => `{"train_lr": "0.0010", "epoch": ${epoch}}\n`;
    writeFileSync(file, `${line(0)}${line(1)}${line(2)}{"train_lr": "0.0`);
    trimLog(file, 2);
    expect(readFileSync(file, 'utf8')).toBe(line(0) + line(1));
  });
});

describe('image slots', () => {
  test('the least recently used image is evicted, images in use are not', () => {
    const slots = new ImageSlots(2);
    const a = slots.take('a', new Set());
    const b = slots.take('b', new Set());
    expect(slots.find('a')).toBe(a);
    expect(slots.take('c', new Set(['b', 'c']))).toBe(a);
    expect(slots.find('a')).toBeUndefined();
    expect(slots.find('b')).toBe(b);
    expect(() => slots.take('d', new Set(['b', 'c', 'd']))).toThrow(RangeError);
  });

  test('clear removes all images and frees each slot once', () => {
    const slots = new ImageSlots(3);
    for (const name of ['a', 'b', 'c']) slots.take(name, new Set());
    slots.clear();
    expect(slots.find('a')).toBeUndefined();
    expect(new Set(['x', 'y', 'z'].map((name) => slots.take(name, new Set()))).size).toBe(3);
  });
});

describe('feature cache', () => {
  test('returns stored values, stays within its limit, and cleans up', () => {
    const cache = new FeatureCache(join(folder, '.features'), 3, 2 * 12 + 5);
    ['a', 'b', 'c'].forEach((name, i) => cache.write(name, Float32Array.of(i, i + 0.5, -i)));
    const target = new Float32Array(3);
    expect(cache.read('b', target)).toBe(true);
    expect([...target]).toEqual([1, 1.5, -1]);
    expect(cache.read('a', target)).toBe(true);
    expect([...target]).toEqual([0, 0.5, -0]);
    expect(cache.has('c')).toBe(false);
    expect(cache.read('c', target)).toBe(false);
    cache.dispose();
    expect(() => readFileSync(join(folder, '.features', 'features.bin'))).toThrow();
  });
});

describe('health', () => {
  test('accuracy at chance is reported once, after three evaluations in a row', () => {
    const monitor = new HealthMonitor({
      pretrained: false,
      missingKeys: 0,
      numWorkers: 4,
      processors: 8,
      imagesKept: false,
      majorityShare: 0.55,
    });
    expect(
      [0.55, 0.6, 0.55, 0.56, 0.5, 0.5].map((accuracy) => monitor.afterEvaluation(accuracy).length),
    ).toEqual([0, 0, 0, 0, 1, 0]);
  });

  const run = {
    pretrained: true,
    missingKeys: 0,
    numWorkers: 3,
    processors: 8,
    imagesKept: false,
    majorityShare: 0.5,
  };
  const slow = { milliseconds: 10_000, waited: 4000, waitedFirst: 0 };

  test('a slow loader is reported with the applicable advice only', () => {
    const monitor = new HealthMonitor(run);
    expect(monitor.afterEpoch({ ...slow, waited: 1000 })).toEqual([]);
    const [note] = monitor.afterEpoch(slow);
    expect(note.code).toBe('slow-loader');
    const hints = [
      run,
      { ...run, imagesKept: true },
      { ...run, numWorkers: 8 },
      { ...run, numWorkers: 8, imagesKept: true },
    ].map((each) => new HealthMonitor(each).afterEpoch(slow)[0].hint);
    expect(hints.map((hint) => hint && inEnglish(hint))).toEqual([
      'Raise num_workers (now 3), or set cache_images.',
      'Raise num_workers (now 3).',
      'Set cache_images.',
      undefined,
    ]);
  });

  test('a note is resolved when its condition ends, and reported again when it recurs', () => {
    const monitor = new HealthMonitor(run);
    monitor.afterEpoch(slow);
    // The first steps have batches that were made during the evaluation.
    monitor.duringEpoch({ milliseconds: 2000, waited: 0, waitedFirst: 0 }, 40);
    expect(monitor.takeResolved()).toEqual([]);
    monitor.duringEpoch({ milliseconds: 12_000, waited: 100, waitedFirst: 0 }, 40);
    expect(monitor.takeResolved()).toEqual(['slow-loader']);
    expect(monitor.takeResolved()).toEqual([]);
    expect(monitor.afterEpoch(slow)).toHaveLength(1);
    monitor.afterEpoch({ ...slow, waited: 0 });
    expect(monitor.takeResolved()).toEqual(['slow-loader']);
    for (let i = 0; i < 20; i++) monitor.afterStep([0.1, 0.2]);
    for (let i = 0; i < 20; i++) monitor.afterStep([0.1, 0.1]);
    for (const accuracy of [0.5, 0.5, 0.5, 0.6]) monitor.afterEvaluation(accuracy);
    expect(monitor.takeResolved()).toEqual(['slow-rank', 'accuracy-at-chance']);
  });

  test('a resumed run checks the notes of earlier attempts again', () => {
    const monitor = new HealthMonitor({ ...run, resumed: true });
    expect(monitor.takeResolved()).toEqual(['slow-loader', 'slow-rank']);
    for (const accuracy of [0.6, 0.6]) monitor.afterEvaluation(accuracy);
    expect(monitor.takeResolved()).toEqual(['accuracy-at-chance']);
    expect(monitor.afterEpoch(slow)).toHaveLength(1);
  });

  test('a rank that is persistently slower than the others is reported once, with its machine', () => {
    const notesOf = (
      steps: (index: number) => number[],
      monitor = new HealthMonitor({ ...run, hosts: ['a', 'b', 'c'] }),
    ): string[] =>
      Array.from({ length: 60 }, (_, i) => monitor.afterStep(steps(i)))
        .flat()
        .map(({ message }) => inEnglish(message));
    const slowRankMessage =
      'Rank 1 on b takes 2.0 times as long for a step as the other ranks, which wait';
    expect(notesOf(() => [0.1, 0.2, 0.1])).toEqual([expect.stringContaining(slowRankMessage)]);
    expect(notesOf(() => [0.1, 0.2])).toEqual([expect.stringContaining(slowRankMessage)]);
    // Slightly slower, slow by turns, and one long pause.
    expect(notesOf(() => [0.1, 0.14, 0.1])).toEqual([]);
    expect(notesOf((i) => (i % 2 === 0 ? [0.1, 0.2] : [0.2, 0.1]))).toEqual([]);
    expect(notesOf((i) => [0.1, i === 30 ? 9 : 0.1, 0.1])).toEqual([]);
    expect(notesOf(() => [0.1])).toEqual([]);
  });

  test('waiting for the first batch of a short epoch is not reported as a slow loader', () => {
    const monitor = new HealthMonitor(run);
    expect(monitor.afterEpoch({ milliseconds: 1000, waited: 600, waitedFirst: 580 })).toEqual([]);
  });

  test('accuracy at chance is explained by missing parameters only if they were expected in the file', () => {
    const hintOf = (missingKeys: number, pretrained = true): string => {
      const monitor = new HealthMonitor({ ...run, missingKeys, pretrained });
      const notes = [0.5, 0.5, 0.5].flatMap((accuracy) => monitor.afterEvaluation(accuracy));
      return inEnglish(notes[0].hint ?? '');
    };
    expect(hintOf(0)).toBe('Check the labels and the learning rate.');
    expect(hintOf(2)).toContain('2 parameters of the model were not in the pretrained checkpoint');
    expect(hintOf(0, false)).toContain('random weights');
  });
});

test('watched pairs are spread over the split, of both labels, and the same each time', () => {
  const { examples } = dataset(300);
  const chosen = chooseWatched(examples, 8);
  expect(new Set(chosen).size).toBe(8);
  expect(chosen.filter((i) => examples[i].label === true)).toHaveLength(4);
  expect(Math.max(...chosen) - Math.min(...chosen)).toBeGreaterThan(200);
  expect(chooseWatched(examples, 8)).toEqual(chosen);
  expect(chooseWatched(examples.slice(0, 2), 8)).toHaveLength(2);
});
