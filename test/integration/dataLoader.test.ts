import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { DataError } from '../../src/data/dataError';
import { decodeImage } from '../../src/data/image/decode';
import { evaluationTransform } from '../../src/data/image/transform';
import { createLoader, type LoaderOptions } from '../../src/data/loader/createLoader';
import { LoaderPool, type PoolOptions } from '../../src/data/loader/loaderPool';
import type { PipelineSettings } from '../../src/data/loader/settings';
import type { Batch, Dataset } from '../../src/data/types';

const real = join(import.meta.dirname, '../data/nlvr1');
const settings: PipelineSettings = {
  imageSize: 32,
  augment: true,
  swapImages: true,
  maxWords: 40,
  maxTokens: 512,
  seed: 7,
};
let dataset: Dataset;
let folder: string;
const pools: LoaderPool[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nlvr-loader-'));
  dataset = await loadDataset(join(real, 'dev.json'), 'train', { format: 'auto', imageRoot: real });
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function poolOf(options: PoolOptions): Promise<LoaderPool> {
  const pool = await LoaderPool.create(options);
  pools.push(pool);
  return pool;
}
const loaderOf = (pool: LoaderPool, more: Partial<LoaderOptions> = {}) =>
  createLoader({ pool, dataset, settings, mode: 'train', epoch: 0, batchSize: 16, ...more });
async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}
/** Every array of every batch as a short text, so that a difference shows its field. */
const fingerprints = (batches: Batch[]) =>
  batches.map((batch) =>
    Object.entries(batch).map(([field, value]: [string, Uint8Array | Int32Array | number]) =>
      typeof value === 'number'
        ? `${field} ${value}`
        : `${field} ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`,
    ),
  );
const indicesOf = (batches: Batch[]) => batches.flatMap(({ indices }) => Array.from(indices));

describe('the same bytes', () => {
  it('for 0, 1 and 3 workers, with and without memory', async () => {
    const small = { ...dataset, examples: dataset.examples.slice(0, 54) };
    const runs: Batch[][] = [];
    for (const numWorkers of [0, 1, 3])
      for (const memoryBytes of [0, 2 ** 26]) {
        const pool = await poolOf({ numWorkers, memoryBytes });
        runs.push(await collect(loaderOf(pool, { dataset: small, batchSize: 9 })));
      }
    for (const run of runs.slice(1)) expect(fingerprints(run)).toEqual(fingerprints(runs[0]));
    expect(runs[0]).toHaveLength(6);
  });

  it('when an epoch is resumed in the middle', async () => {
    const pool = await poolOf({ numWorkers: 2 });
    const whole = await collect(loaderOf(pool, { epoch: 3 }));
    const startExample = 5 * whole[0].indices.length;
    const rest = loaderOf(pool, { epoch: 3, startExample });
    expect(rest.batches).toBe(2);
    expect(fingerprints(await collect(rest))).toEqual(fingerprints(whole.slice(5)));
    const one = await collect(loaderOf(pool, { epoch: 3, startExample, maxBatches: 1 }));
    expect(fingerprints(one)).toEqual(fingerprints([whole[5]]));
    expect(
      await collect(loaderOf(pool, { epoch: 3, startExample: 9 * whole[0].indices.length })),
    ).toEqual([]);
  });
});

describe('training batches', () => {
  it('contain images 0 of all pairs, then images 1, different in each epoch', async () => {
    const pool = await poolOf({ numWorkers: 2 });
    const [first, second] = [
      await collect(loaderOf(pool)),
      await collect(loaderOf(pool, { epoch: 1 })),
    ];
    expect(indicesOf(first)).not.toEqual(indicesOf(second));
    for (const batch of first) {
      expect(batch.imageCount).toBe(32);
      expect(batch.images).toHaveLength(32 * 32 * 32 * 3);
      expect(Array.from(batch.left)).toEqual(Array.from({ length: 16 }, (_, i) => i));
      expect(Array.from(batch.right)).toEqual(Array.from({ length: 16 }, (_, i) => 16 + i));
      expect(batch.length % 8).toBe(0);
    }
    const indices = indicesOf(first);
    expect(new Set(indices).size).toBe(7 * 16);
  });

  it('swap images and words together, for about half of the examples', async () => {
    const file = join(folder, 'sides.json');
    const images = dataset.examples[0].images.map((path) => path.slice(real.length + 1));
    const rows = Array.from({ length: 200 }, () => ({
      images,
      sentence: 'left, not right',
      label: 'True',
    }));
    writeFileSync(file, JSON.stringify(rows));
    const pairs = await loadDataset(file, 'train', { format: 'blip', imageRoot: real });
    const pool = await poolOf({ numWorkers: 1 });
    const [batch] = await collect(
      loaderOf(pool, {
        dataset: pairs,
        batchSize: 200,
        settings: { ...settings, augment: false },
      }),
    );
    const plain = await Promise.all(
      pairs.examples[0].images.map(async (image) => {
        const pixels = new Uint8Array(32 * 32 * 3);
        evaluationTransform(await decodeImage(image), 32, pixels);
        return Buffer.from(pixels);
      }),
    );
    const imageAt = (slot: number) =>
      Buffer.from(batch.images.subarray(slot * 3072, (slot + 1) * 3072));
    const left = 2187;
    const right = 2157;
    for (let i = 0; i < 200; i++) {
      const swapped = batch.swapped[i] === 1;
      expect(imageAt(batch.left[i]).equals(plain[swapped ? 1 : 0])).toBe(true);
      expect(imageAt(batch.right[i]).equals(plain[swapped ? 0 : 1])).toBe(true);
      const ids = Array.from(batch.inputIds.subarray(i * batch.length, i * batch.length + 6));
      expect(ids).toEqual(
        swapped ? [30523, right, 1010, 2025, left, 102] : [30523, left, 1010, 2025, right, 102],
      );
    }
    const share = batch.swapped.reduce((sum, value) => sum + value, 0) / 200;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  it('omit the pixels of images that are not needed', async () => {
    const pool = await poolOf({ numWorkers: 1 });
    const known = new Set(dataset.examples.slice(0, 60).map(({ images }) => images[0]));
    const needsPixels = (file: string) => !known.has(file);
    const [batch] = await collect(loaderOf(pool, { needsPixels, maxBatches: 1 }));
    const [whole] = await collect(loaderOf(pool, { maxBatches: 1 }));
    let left = 0;
    batch.indices.forEach((index, i) => {
      const { images } = dataset.examples[index];
      const sides = batch.swapped[i] ? [images[1], images[0]] : images;
      for (const [side, slots] of [batch.left, batch.right].entries()) {
        const pixels = batch.images.subarray(slots[i] * 3072, (slots[i] + 1) * 3072);
        const wanted = whole.images.subarray(slots[i] * 3072, (slots[i] + 1) * 3072);
        if (needsPixels(sides[side])) expect(Buffer.from(pixels).equals(wanted)).toBe(true);
        else expect(pixels.every((value) => value === 0)).toBe(true);
        if (!needsPixels(sides[side])) left++;
      }
    });
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(32);
  });

  it('contain the specified examples', async () => {
    const pool = await poolOf({ numWorkers: 1 });
    const batches = [Int32Array.of(100, 99, 98), Int32Array.of(3)];
    const given = await collect(loaderOf(pool, { batches }));
    expect(given.map(({ indices }) => indices)).toEqual(batches);
  });

  it('are distributed over processes without loss', async () => {
    const pool = await poolOf({ numWorkers: 1 });
    const parts = [];
    for (const rank of [0, 1, 2])
      parts.push(
        await collect(
          loaderOf(pool, { rankShard: { rank, worldSize: 3 }, batchSize: 8, epoch: 2 }),
        ),
      );
    expect(parts.map((part) => part.length)).toEqual([5, 5, 5]);
    expect(new Set(parts.flatMap(indicesOf)).size).toBe(120);
  });
});

describe('evaluation batches', () => {
  it('contain every example once and each distinct image once, unchanged', async () => {
    const pool = await poolOf({ numWorkers: 2 });
    const batches = await collect(loaderOf(pool, { mode: 'eval', batchSize: 36 }));
    expect(batches.map((batch) => batch.indices.length)).toEqual([36, 36, 36, 12]);
    // The six images of a sentence are used by six examples, so there are as many images as examples.
    expect(batches.map((batch) => batch.imageCount)).toEqual([36, 36, 36, 12]);
    expect(indicesOf(batches).sort((a, b) => a - b)).toEqual(dataset.examples.map((_, i) => i));
    const pixels = new Uint8Array(3072);
    for (const batch of batches.slice(0, 1))
      for (let i = 0; i < batch.indices.length; i++) {
        const example = dataset.examples[batch.indices[i]];
        for (const [side, slots] of [batch.left, batch.right].entries()) {
          evaluationTransform(await decodeImage(example.images[side]), 32, pixels);
          const from = slots[i] * 3072;
          expect(Buffer.from(batch.images.subarray(from, from + 3072)).equals(pixels)).toBe(true);
        }
        expect(batch.swapped[i]).toBe(0);
        expect(batch.labels[i]).toBe(example.label ? 1 : 0);
      }
  });
});

describe('an error', () => {
  async function broken(name: string, bytes: Buffer | null): Promise<Dataset> {
    const root = mkdtempSync(join(folder, 'broken-'));
    const good = await sharp({
      create: { width: 40, height: 30, channels: 3, background: '#406080' },
    })
      .png()
      .toBuffer();
    writeFileSync(join(root, 'good.png'), good);
    if (bytes) writeFileSync(join(root, name), bytes);
    const rows = Array.from({ length: 40 }, (_, i) => ({
      images: ['good.png', i === 20 ? name : 'good.png'],
      sentence: 's',
      label: 'True',
    }));
    writeFileSync(
      join(root, 'a.json'),
      `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`,
    );
    return loadDataset(join(root, 'a.json'), 'val', { format: 'blip', imageRoot: root });
  }
  const noise = () =>
    sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    });

  it.each([0, 2])(
    'reaches the consumer in order and names the image and the example (%i workers)',
    async (numWorkers) => {
      const whole = await noise().png().toBuffer();
      const damaged = await broken("odd 'n#ame%ü.png", whole.subarray(0, whole.length / 2));
      const pool = await poolOf({ numWorkers });
      const batchSizes: number[] = [];
      const failure = (async () => {
        for await (const batch of loaderOf(pool, { dataset: damaged, mode: 'eval', batchSize: 4 }))
          batchSizes.push(batch.indices.length);
      })();
      const error: unknown = await failure.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect((error as DataError).message).toMatch(
        /odd 'n#ame%ü\.png: the image is truncated or damaged \(.*\); it belongs to example good#20 \(.*a\.json:22\)/,
      );
      expect(batchSizes).toEqual([4, 4, 4, 4, 4]);
      // The pool can still be used.
      expect(await collect(loaderOf(pool, { mode: 'eval' }))).toHaveLength(10);
    },
  );

  it.each([
    ['missing', null, 'the image is missing'],
    ['empty', Buffer.alloc(0), 'the image file is empty'],
    ['text', Buffer.from('<html>'), 'text file'],
    ['pointer', Buffer.from('version https://git-lfs.github.com/spec/v1'), 'git lfs pull'],
    ['foreign', Buffer.from('12345678'), 'not a PNG, JPEG'],
  ])('reports what is wrong with a %s image', async (name, bytes, reason) => {
    const pool = await poolOf({ numWorkers: 0 });
    const data = await broken(`${name}.png`, bytes);
    await expect(collect(loaderOf(pool, { dataset: data, mode: 'eval' }))).rejects.toThrow(reason);
  });

  it('detects a truncated JPEG', async () => {
    const jpeg = await noise().jpeg().toBuffer();
    const cut = join(folder, 'cut.jpg');
    writeFileSync(cut, jpeg.subarray(0, jpeg.length / 2));
    await expect(decodeImage(cut)).rejects.toThrow('truncated');
  });

  it('that is a defect keeps its message and stack', async () => {
    const pool = await poolOf({ numWorkers: 1 });
    const wrong = loaderOf(pool, { settings: { ...settings, imageSize: -1 } });
    const error: unknown = await collect(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(DataError);
    expect((error as Error).stack).toContain('loader-worker');
  });

  it('ends without leftovers when the consumer stops early', async () => {
    const pool = await poolOf({ numWorkers: 2 });
    for await (const batch of loaderOf(pool, { batchSize: 2 })) {
      expect(batch.indices).toHaveLength(2);
      break;
    }
    expect((await collect(loaderOf(pool, { epoch: 1 }))).length).toBe(7);
    await pool.dispose();
    await expect(collect(loaderOf(pool))).rejects.toThrow('disposed');
  });

  it('rejects pending batches when the pool is disposed', async () => {
    const pool = await poolOf({ numWorkers: 0 });
    const iterator = loaderOf(pool)[Symbol.asyncIterator]();
    await iterator.next();
    await pool.dispose();
    await expect(
      (async () => {
        for (let i = 0; i < 7; i++) await iterator.next();
      })(),
    ).rejects.toThrow();
  });
});

describe('waiting', () => {
  it('is the time that the consumer waited, not computed', async () => {
    const pool = await poolOf({ numWorkers: 1 });
    const loader = loaderOf(pool, { batchSize: 20 });
    for await (const batch of loader) {
      expect(batch.imageCount).toBe(40);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(loader.waitMs).toBeGreaterThan(0);
    const loaded = loader.waitMs;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(loader.waitMs).toBe(loaded);
  });
});

describe('cache of resized images', () => {
  const plain = { ...settings, augment: false, imageSize: 24 };
  const entries = (cache: string) =>
    readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.rgb'),
    );

  it('returns the same bytes, is independent of augmentation and ignores damaged entries', async () => {
    const cache = join(folder, 'cache');
    const without = await collect(
      loaderOf(await poolOf({ numWorkers: 0 }), { mode: 'eval', settings: plain }),
    );
    const run = async (numWorkers: number) =>
      collect(
        loaderOf(
          await poolOf({ numWorkers, memoryBytes: 0, cache: { folder: cache, imageSize: 24 } }),
          { mode: 'eval', settings: plain },
        ),
      );
    expect(fingerprints(await run(2))).toEqual(fingerprints(without));
    const names = entries(cache);
    expect(names).toHaveLength(120);
    expect(
      readdirSync(cache, { recursive: true, encoding: 'utf8' }).some((n) => n.endsWith('.tmp')),
    ).toBe(false);
    const [cut, flipped] = names.map((name) => join(cache, name));
    truncateSync(cut, 100);
    const bytes = readFileSync(flipped);
    bytes[500] ^= 1;
    writeFileSync(flipped, bytes);
    const before = statSync(join(cache, names[2])).mtimeMs;
    expect(fingerprints(await run(0))).toEqual(fingerprints(without));
    expect(statSync(cut).size).toBe(16 + 24 * 24 * 3);
    expect(statSync(join(cache, names[2])).mtimeMs).toBe(before);
  });

  it('reads its entries, and creates new ones for changed images', async () => {
    const cache = join(folder, 'cache2');
    const root = join(folder, 'changing');
    mkdirSync(root);
    const paint = (background: string) =>
      sharp({ create: { width: 9, height: 9, channels: 3, background } })
        .png()
        .toFile(join(root, 'a.png'));
    await paint('#ff0000');
    writeFileSync(
      join(root, 'a.json'),
      JSON.stringify([{ images: ['a.png', 'a.png'], sentence: 's', label: 'True' }]),
    );
    const data = await loadDataset(join(root, 'a.json'), 'val', {
      format: 'blip',
      imageRoot: root,
    });
    const first = async () => {
      const pool = await poolOf({
        numWorkers: 0,
        memoryBytes: 0,
        cache: { folder: cache, imageSize: 24 },
      });
      const [batch] = await collect(
        loaderOf(pool, { dataset: data, mode: 'eval', settings: plain }),
      );
      return Array.from(batch.images.subarray(0, 3));
    };
    const noon = new Date('2024-01-01T12:00:00Z');
    utimesSync(join(root, 'a.png'), noon, noon);
    expect(await first()).toEqual([255, 0, 0]);
    const size = statSync(join(root, 'a.png')).size;
    // No longer an image, but with the same size and time: only the cache can return it.
    writeFileSync(join(root, 'a.png'), Buffer.alloc(size));
    utimesSync(join(root, 'a.png'), noon, noon);
    expect(await first()).toEqual([255, 0, 0]);
    await paint('#00ff00');
    expect(await first()).toEqual([0, 255, 0]);
  });

  it('stays within its limit', async () => {
    const cache = join(folder, 'cache3');
    const entry = 16 + 24 * 24 * 3;
    const pool = await poolOf({
      numWorkers: 0,
      memoryBytes: 0,
      cache: { folder: cache, imageSize: 24, limit: entry * 10 },
    });
    await collect(loaderOf(pool, { mode: 'eval', settings: plain }));
    expect(entries(cache)).toHaveLength(10);
  });

  it('is disabled if its folder cannot be created', async () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, '');
    const pool = await poolOf({
      numWorkers: 1,
      cache: { folder: join(blocked, 'cache'), imageSize: 24 },
    });
    expect(await collect(loaderOf(pool, { mode: 'eval', settings: plain }))).toHaveLength(10);
  });
});
