import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { checkDataset, type CheckOptions } from '../../src/data/check/checkDataset';
import { loadDatasets } from '../../src/train/data/datasets';
import { measureDataset, skippedNote } from '../../src/analysis/metrics';
import { inEnglish } from '../../src/util/localize';
import type { Split } from '../../src/data/split';

const nlvr1 = join(import.meta.dirname, '../data/nlvr1');
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'nlvr check '));
  mkdirSync(join(root, 'ü #1'));
  for (const [name, width, height] of [
    ['a.png', 20, 10],
    ['b.png', 30, 40],
    ['ü #1/c d.png', 8, 8],
  ] as const)
    await sharp({ create: { width, height, channels: 3, background: '#336699' } })
      .png()
      .toFile(join(root, name));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Row {
  images: string[];
  sentence?: string;
  label?: string;
  identifier?: string;
}
function write(name: string, rows: readonly Row[]): string {
  const filled = rows.map((row, i) => ({
    sentence: `sentence ${i}`,
    label: i % 2 ? 'True' : 'False',
    ...row,
  }));
  const file = join(root, name);
  writeFileSync(file, `[\n${filled.map((row) => JSON.stringify(row)).join(',\n')}\n]`);
  return file;
}
const check = (files: Partial<Record<Split, string>>, options: Partial<CheckOptions> = {}) =>
  checkDataset(
    Object.entries(files).map(([split, file]) => ({ split: split as Split, file })),
    { imageRoot: root, maxWords: 40, format: 'auto', images: 'decode', ...options },
  );
const good: Row[] = [
  { images: ['a.png', 'b.png'] },
  { images: ['b.png', 'a.png'] },
  { images: ['a.png', 'ü #1/c d.png'] },
];

describe('a valid data set', () => {
  it('has no problems; its counts and sizes are reported', async () => {
    const progress: string[] = [];
    const report = await check(
      { train: write('train.json', good) },
      { onProgress: ({ phase, done, total }) => progress.push(`${phase} ${done}/${total}`) },
    );
    expect(report.problems).toEqual([]);
    expect(report.splits).toEqual({
      train: {
        examples: 3,
        true: 1,
        false: 2,
        unlabelled: 0,
        sentences: 3,
        pairs: 3,
        images: 3,
        missingImages: 0,
        unreadableImages: 0,
        turnedImages: 0,
        smallestWidth: 8,
        smallestHeight: 8,
        largestWidth: 30,
        largestHeight: 40,
      },
    });
    expect(progress[0]).toBe('annotations 0/1');
    expect(progress.at(-1)).toBe('images 3/3');
  });

  it('in two splits only causes a warning (NLVR)', async () => {
    const file = join(nlvr1, 'dev.json');
    const report = await check({ train: file, val: file }, { imageRoot: nlvr1 });
    expect(report.problems.map(({ severity, code, split }) => [severity, code, split])).toEqual([
      ['warning', 'same-file', 'val'],
    ]);
    expect(report.splits.val).toMatchObject({ examples: 120, images: 120, smallestWidth: 400 });
    expect(report.datasets.map(({ split }) => split)).toEqual(['train', 'val']);
  });
});

describe('problems', () => {
  it('of images name the first few and how many', async () => {
    const whole = readFileSync(join(nlvr1, 'images', imageOfNlvr1()));
    writeFileSync(join(root, 'cut.png'), whole.subarray(0, whole.length / 2));
    const missing = Array.from({ length: 7 }, (_, i) => ({ images: [`no/${i}.png`, 'a.png'] }));
    const { problems, splits } = await check({
      train: write('train.json', [...missing, { images: ['cut.png', 'b.png'] }]),
    });
    expect(problems).toMatchObject([
      {
        severity: 'error',
        code: 'missing-image',
        message:
          '7 of 10 images are missing: no/0.png (line 2), no/1.png (line 3), no/2.png (line 4), no/3.png (line 5), no/4.png (line 6) and 2 more.',
        file: join(root, 'train.json'),
        line: 2,
        split: 'train',
        count: 7,
      },
      expect.objectContaining({
        severity: 'error',
        code: 'unreadable-image',
        message: expect.stringMatching(
          /^1 image cannot be read: cut\.png: the image is truncated or damaged \(.+\) \(line 9\)\.$/,
        ) as unknown,
        line: 9,
      }),
    ]);
    expect(splits.train).toMatchObject({ missingImages: 7, unreadableImages: 1 });
  });

  it('suggest checking image_root if every image is missing', async () => {
    const file = write('train.json', good);
    const { problems } = await check({ train: file }, { imageRoot: join(root, 'elsewhere') });
    expect(problems[0].message).toContain(
      `3 of 3 images are missing; check image_root, which is ${join(root, 'elsewhere')}`,
    );
  });

  it('of annotations are collected, the other splits are still checked', async () => {
    writeFileSync(join(root, 'bad.json'), `[${JSON.stringify(good[0])}]`);
    const { problems, splits } = await check({
      train: join(root, 'bad.json'),
      val: write('val.json', good),
      test: join(root, 'none.json'),
    });
    expect(problems.map(({ code, line, split }) => [code, line, split])).toEqual([
      ['annotation', 1, 'train'],
      ['annotation', undefined, 'test'],
    ]);
    expect(problems[0].message).toContain('sentence: expected a string, found nothing');
    expect(Object.keys(splits)).toEqual(['val']);
  });

  it.each([
    ['empty-split', 'error', []],
    ['empty-sentence', 'warning', [{ images: ['a.png', 'b.png'], sentence: ' . ' }, good[1]]],
    [
      'wrong-encoding',
      'warning',
      [{ images: ['a.png', 'b.png'], sentence: 'na\ufffdve' }, good[1]],
    ],
    ['one-label', 'warning', good.map((row) => ({ ...row, label: 'TRUE' }))],
    [
      'duplicate-example',
      'warning',
      [0, 1, 0].map((i) => ({
        ...good[i],
        sentence: i ? 's' : 'The Same',
        label: i ? 'True' : 'False',
      })),
    ],
    ['conflicting-labels', 'warning', [0, 0].map((i) => ({ ...good[i], sentence: 'the same' }))],
    [
      'duplicate-identifier',
      'warning',
      good.slice(0, 2).map((row) => ({ ...row, identifier: 'dev-1-1-1' })),
    ],
    ['same-image-twice', 'information', [{ images: ['a.png', 'a.png'] }, good[1]]],
    [
      'long-sentence',
      'information',
      [{ images: ['a.png', 'b.png'], sentence: 'word '.repeat(41) }, good[1]],
    ],
  ] as [string, string, Row[]][])(
    '%s is a problem of severity %s',
    async (code, severity, rows) => {
      const { problems } = await check({ train: write('train.json', rows) });
      expect(problems.map((problem) => [problem.code, problem.severity])).toEqual([
        [code, severity],
      ]);
    },
  );

  it.each([
    ['train', 1, 'error'],
    ['val', 1, 'warning'],
    ['val', 2, 'error'],
    ['test', 2, 'warning'],
  ] as [Split, number, string][])(
    '%s with %i of 2 unlabeled: %s',
    async (split, count, severity) => {
      const rows = good
        .slice(0, 2)
        .map((row, i) => ({ ...row, label: i < count ? undefined : 'True' }));
      const { problems } = await check({ [split]: write('x.json', rows) });
      expect(problems.map((p) => [p.code, p.severity, p.count])).toEqual([
        ['unlabelled', severity, count],
      ]);
    },
  );

  it('of overlap are reported once, at the later split', async () => {
    const train = write('train.json', good);
    const examples = await check({ train, val: write('val.json', good.slice(0, 2)) });
    expect(examples.problems.map((p) => [p.code, p.severity, p.split, p.count])).toEqual([
      ['shared-examples', 'warning', 'val', 2],
      ['shared-images', 'warning', 'val', 2],
    ]);
    // One repeated example does not hide that every example shows images of train.
    const leak = await check({
      train,
      val: write('val.json', [
        good[0],
        { ...good[1], sentence: 'new' },
        { ...good[2], sentence: 'other' },
      ]),
    });
    expect(leak.problems.map(({ message }) => message.split(':', 1)[0])).toEqual([
      '1 of 3 examples of val is in train too',
      '3 of 3 examples of val show images of train',
    ]);
    const images = await check({
      train,
      val: write(
        'val.json',
        good.slice(0, 2).map((row, i) => ({ ...row, sentence: `another ${i}` })),
      ),
    });
    expect(images.problems.map((p) => [p.code, p.severity, p.split, p.count])).toEqual([
      ['shared-images', 'warning', 'val', 2],
    ]);
  });
});

it('images that viewers rotate are counted, because they are read as stored', async () => {
  copyFileSync(join(import.meta.dirname, '../data/images/exif.jpg'), join(root, 'phone.jpg'));
  const verifiedFile = join(root, 'verified.txt');
  const train = write('train.json', [...good, { images: ['phone.jpg', 'a.png'] }]);
  // The second time it is not decoded.
  for (const time of ['first', 'second']) {
    const { problems, splits } = await check({ train }, { verifiedFile });
    expect(problems, time).toMatchObject([
      { severity: 'warning', code: 'turned-image', line: 5, split: 'train', count: 1 },
    ]);
    expect(problems[0].message).toContain(
      '1 of 4 images has an EXIF orientation, which is ignored as in BLIP: the model sees it turned: phone.jpg (line 5)',
    );
    expect(splits.train).toMatchObject({ turnedImages: 1 });
  }
});

describe('verified images', () => {
  it('are cached until they change', async () => {
    const verifiedFile = join(root, 'cache', 'verified.txt');
    const file = write('train.json', good);
    const noon = new Date('2024-01-01T12:00:00Z');
    const size = readFileSync(join(root, 'a.png')).length;
    utimesSync(join(root, 'a.png'), noon, noon);
    expect((await check({ train: file }, { verifiedFile })).problems).toEqual([]);
    // Damaged, but with the same size and time: only the cache can report it as valid.
    writeFileSync(join(root, 'a.png'), Buffer.alloc(size));
    utimesSync(join(root, 'a.png'), noon, noon);
    const known = await check({ train: file }, { verifiedFile });
    expect(known.problems).toEqual([]);
    expect(known.splits.train).toMatchObject({ smallestWidth: 8, largestWidth: 30 });
    utimesSync(join(root, 'a.png'), noon, new Date(0));
    const changed = await check({ train: file }, { verifiedFile });
    expect(changed.problems.map(({ code }) => code)).toEqual(['unreadable-image']);
    writeFileSync(verifiedFile, 'nonsense\n1 2\n');
    expect((await check({ train: file }, { verifiedFile })).problems).toHaveLength(1);
  });

  it('are not read again to check that they exist', async () => {
    writeFileSync(join(root, 'a.png'), 'no image');
    const file = write('train.json', good);
    expect((await check({ train: file }, { images: 'exist' })).problems).toEqual([]);
    const { problems } = await check({ train: file }, { images: 'header' });
    expect(problems[0].message).toContain('a.png: this is not a PNG, JPEG');
  });
});

describe('places', () => {
  it('of a list on one line are elements and columns, in problems and in their cases', async () => {
    const rows = [...good, { images: ['A.png', 'b.png'], identifier: 'dev-0-0-0' }].map(
      (row, i) => ({ sentence: `s ${i}`, label: i % 2 ? 'True' : 'False', ...row }),
    );
    const text = JSON.stringify(rows);
    const file = join(root, 'line.json');
    writeFileSync(file, text);
    const { problems } = await check({ val: file });
    const column = text.indexOf('{"sentence":"s 3"') + 1;
    const place = { line: 1, column, endColumn: text.length };
    expect(problems).toMatchObject([
      {
        ...place,
        message: `1 of 4 images is missing: A.png: there is a.png, in different case (element 4 (dev-0-0-0), columns ${column} to ${text.length - 1}).`,
        summary: { message: '1 of 4 images is missing.' },
        cases: [{ ...place, element: 4, identifier: 'dev-0-0-0' }],
      },
    ]);
  });

  it('are all listed, regardless of how many the message names', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ images: ['a.png', `gone-${i}.png`] }));
    const [problem] = (await check({ train: write('train.json', rows) })).problems;
    expect(problem.message).toContain('and 15 more');
    expect(problem.cases).toHaveLength(20);
    expect(problem.cases?.[19]).toMatchObject({ line: 21, message: 'gone-19.png' });
  });
});

it('missing images are a warning with their number if their examples are skipped', async () => {
  const file = write('val.json', [...good, { images: ['a.png', 'gone.png'] }]);
  const { problems } = await check({ val: file }, { missingImages: 'skip' });
  expect(problems).toMatchObject([
    {
      severity: 'warning',
      code: 'missing-image',
      summary: {
        message:
          'Skipped in val (missing_images: skip): 1 of 4 examples. The results cover the rest. Missing images: 1.',
      },
    },
  ]);
  const yaml = join(root, 'nlvr.yaml');
  writeFileSync(
    yaml,
    `ann_root: .\nann_files: { train: '', val: val.json, test: '' }\nimage_root: .\nmissing_images: skip\n`,
  );
  const { val } = await loadDatasets(loadConfig(yaml), ['val']);
  expect(val.examples.map(({ index, images }) => [index, basename(images[1])])).toEqual([
    [0, 'b.png'],
    [1, 'a.png'],
    [2, 'c d.png'],
  ]);
  const metrics = measureDataset(val, new Float32Array(6));
  expect(metrics).toMatchObject({ examples: 3, skipped: 1 });
  expect(inEnglish(skippedNote('val', metrics))).toBe(
    'The results on val cover 3 of 4 examples. The others were skipped because their images are missing.',
  );
  const nothing = write('val.json', [{ images: ['gone.png', 'a.png'] }]);
  expect(nothing).toBe(file);
  await expect(loadDatasets(loadConfig(yaml), ['val'])).rejects.toThrow('has both its images');
});

it('a check can be stopped', async () => {
  const abort = new AbortController();
  const stopped = check(
    { train: write('train.json', good) },
    { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) },
  );
  await expect(stopped).rejects.toThrow('enough');
});

function imageOfNlvr1(): string {
  const first = JSON.parse(readFileSync(join(nlvr1, 'dev.json'), 'utf8').split('\n')[0]) as {
    directory: string;
    identifier: string;
  };
  return `${first.directory}/dev-${first.identifier}-0.png`;
}
