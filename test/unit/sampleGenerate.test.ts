import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { pictureSide } from '../../src/data/sample/sceneRenderer';
import { generateSample } from '../../src/data/sample/generateSample';
import { UserError } from '../../src/util/userError';

const sets = { train: 3, dev: 2, test1: 1, easy: 1 };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nlvr-sample-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** SHA-256 of every file, by path. */
async function digest(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files[relative(folder, file)] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  }
  return files;
}

describe('generateSample', () => {
  it('writes the files of its configuration, with consistency groups and kinds', async () => {
    const folder = join(root, 'deep', 'sample');
    const summary = await generateSample(folder, { sets });
    expect(summary).toEqual({
      folder,
      pictures: 7 * 8,
      examples: { train: 48, dev: 32, test1: 16, easy: 16 },
      wroteConfiguration: true,
    });
    const { config } = loadConfig(join(folder, 'nlvr.yaml'));
    const names = {
      train: config.ann_files.train,
      val: config.ann_files.val,
      test: config.ann_files.test,
    };
    for (const [split, size] of [
      ['train', 48],
      ['val', 32],
      ['test', 16],
    ] as const) {
      const { examples } = await loadDataset(join(folder, config.ann_root, names[split]), split, {
        format: 'auto',
        imageRoot: join(folder, config.image_root),
      });
      expect(examples).toHaveLength(size);
      expect(new Set(examples.map((e) => e.consistencyGroup)).size).toBe(size / 4);
      for (const example of examples) {
        expect(example.group).not.toBeNull();
        for (const image of example.images) {
          const { width, height, channels } = await sharp(image).metadata();
          expect([width, height, channels]).toEqual([pictureSide, pictureSide, 3]);
        }
      }
    }
  });

  it('generates the same files for the same seed', async () => {
    const make = async (name: string, seed: number) => {
      await generateSample(join(root, name), { sets, seed });
      return digest(join(root, name));
    };
    const first = await make('a', 1);
    expect(await make('b', 1)).toEqual(first);
    expect((await make('c', 2))['annotation/nlvr_train.json']).not.toBe(
      first['annotation/nlvr_train.json'],
    );
  });

  it('refuses a folder with other files and does not change it', async () => {
    await writeFile(join(root, 'thesis.txt'), 'mine');
    await expect(generateSample(root, { sets })).rejects.toThrow(UserError);
    expect(await readdir(root)).toEqual(['thesis.txt']);
    await expect(generateSample(join(root, 'thesis.txt'), { sets })).rejects.toThrow(/is a file/);
    expect(await readFile(join(root, 'thesis.txt'), 'utf8')).toBe('mine');
  });

  it('accepts an empty folder', async () => {
    const folder = join(root, 'empty');
    await mkdir(folder);
    await generateSample(folder, { sets });
    expect((await readdir(folder)).sort()).toEqual(
      ['README.txt', 'annotation', 'images', 'nlvr.yaml', 'sample.json'].sort(),
    );
  });

  it('generating again replaces the data and keeps the configuration and runs of the user', async () => {
    const folder = join(root, 'sample');
    await generateSample(folder, { sets, seed: 1 });
    await writeFile(join(folder, 'nlvr.yaml'), 'max_epoch: 3\n');
    await mkdir(join(folder, 'output'));
    await writeFile(join(folder, 'output', 'log.txt'), 'a run');
    const again = await generateSample(folder, { sets: { ...sets, train: 1 }, seed: 2 });
    expect(again.wroteConfiguration).toBe(false);
    expect(await readFile(join(folder, 'nlvr.yaml'), 'utf8')).toBe('max_epoch: 3\n');
    expect(await readFile(join(folder, 'output', 'log.txt'), 'utf8')).toBe('a run');
    const train: unknown = JSON.parse(
      await readFile(join(folder, 'annotation', 'nlvr_train.json'), 'utf8'),
    );
    expect(train).toHaveLength(16);
    expect(await readdir(join(folder, 'images', 'train', '00'))).toHaveLength(8);
    expect(await readdir(root)).toEqual(['sample']);
  });

  it('leaves no files when it is aborted', async () => {
    const abort = new AbortController();
    const making = generateSample(join(root, 'sample'), {
      sets: { ...sets, train: 200 },
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    });
    await expect(making).rejects.toThrow('enough');
    expect(await readdir(root)).toEqual([]);
  });

  it('started twice for a new folder, one of them reports that the folder is not empty', async () => {
    const folder = join(root, 'sample');
    const both = await Promise.allSettled([1, 2].map(() => generateSample(folder, { sets })));
    const [refused, ...others] = both.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    );
    expect(others).toEqual([]);
    expect(refused).toBeInstanceOf(UserError);
    expect(String(refused)).toMatch(/is not empty: another program wrote to it/);
    expect(await readdir(root)).toEqual(['sample']);
  });

  it('ends with the reason when an image cannot be written, and does not create the folder again', async () => {
    const parent = join(root, 'parent');
    const making = generateSample(join(parent, 'sample'), {
      sets: { ...sets, train: 200 },
      onProgress: () => renameSync(parent, join(root, 'moved')),
    });
    await expect(making).rejects.toThrow('its folder no longer exists');
    expect(await readdir(root)).toEqual(['moved']);
  });

  it('reports progress up to the last image', async () => {
    const progress: [number, number][] = [];
    await generateSample(join(root, 'sample'), {
      sets,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(progress.at(-1)).toEqual([56, 56]);
    expect(progress.every(([done], i) => i === 0 || done > progress[i - 1][0])).toBe(true);
  });
});
