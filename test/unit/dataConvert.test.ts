import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { guessColumns } from '../../src/data/convert/columns';
import { convertTable, readTable } from '../../src/data/convert/convertTable';
import { splitByRatio } from '../../src/data/convert/splitPairs';
import { configurationFor, writeAnnotations } from '../../src/data/convert/writeAnnotations';

const folder = mkdtempSync(join(tmpdir(), 'nlvr-convert-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function parts(
  text: string,
  options: Partial<Parameters<typeof convertTable>[1]> = {},
): Promise<ReturnType<typeof convertTable>> {
  const file = join(folder, 'pairs.csv');
  writeFileSync(file, text);
  const table = await readTable(file);
  return convertTable(table, {
    columns: guessColumns(table.header),
    split: undefined,
    seed: 1,
    ...options,
  });
}

describe('columns', () => {
  it.each([
    ['left,right,sentence,label', { left: 0, right: 1, sentence: 2, label: 3 }],
    [
      'ID,Caption,image1,image2,Gold Label',
      { identifier: 0, sentence: 1, left: 2, right: 3, label: 4 },
    ],
    ['img_0,img_1,text,is true,subset', { left: 0, right: 1, sentence: 2, label: 3, split: 4 }],
    ['a,b,sentence,label', { sentence: 2, label: 3 }],
  ])('of %s are guessed', (header, columns) => {
    expect(guessColumns(header.split(','))).toEqual(columns);
  });
});

describe('a table', () => {
  it('becomes annotations that can be read without changes', async () => {
    const [part] = await parts(
      'left,right,sentence,label,identifier\r\nb\\a.png,b.png,"Two dogs, ""one"" cat.",yes,dev-1-0-0\na.png,c.png,None.,0,\n',
    );
    expect(part.labels).toEqual({ true: 1, false: 1, none: 0 });
    const [written] = writeAnnotations([part], join(folder, 'annotation.json'), false);
    const { examples, format } = await loadDataset(written.file, 'train', {
      format: 'auto',
      imageRoot: folder,
    });
    expect(format).toBe('blip');
    expect(examples).toMatchObject([
      {
        identifier: 'dev-1-0-0',
        sentence: 'Two dogs, "one" cat.',
        label: true,
        images: [join(folder, 'b/a.png'), join(folder, 'b.png')],
        line: 2,
      },
      { label: false, line: 3 },
    ]);
    expect(() => writeAnnotations([part], join(folder, 'annotation.json'), false)).toThrow(
      'already exists',
    );
  });

  it.each([
    [
      'a label',
      'left,right,sentence,label\na,b,s,maybe\n',
      /:2: label: expected true or false .*found "maybe"/,
    ],
    ['a sentence', 'left,right,sentence,label\na,b,,1\n', /:2: sentence: the sentence is empty/],
    [
      'an absolute path',
      'left,right,sentence,label\n/x/a.png,b,s,1\n',
      /:2: left: \/x\/a\.png is an absolute path/,
    ],
    ['an address', 'left,right,sentence,label\nhttps://h/a.png,b,s,1\n', /is an address/],
    ['a row', 'left,right,sentence,label\na,b,one, two,1\n', /:2: the row has 5 fields/],
    [
      'a column',
      'left,right,words,label\na,b,s,1\n',
      /no column was found for sentence. Its columns are left, right, words, label/,
    ],
    ['a spreadsheet', 'PK\x03\x04', /save it as CSV/],
    ['one column', 'left\na\n', /expected a table/],
  ])('with an error is refused with the position: %s', async (_, text, message) => {
    await expect(parts(text)).rejects.toThrow(message);
  });

  it.each([
    [
      "LXMERT's",
      JSON.stringify([
        {
          identifier: 'dev-850-0-0',
          img0: 'dev-850-0-img0',
          img1: 'dev-850-0-img1',
          label: 0,
          sent: 'Two dogs.',
          uid: 'nlvr2_dev_0',
        },
      ]),
      {
        identifier: 'dev-850-0-0',
        label: 'False',
        images: ['dev-850-0-img0.png', 'dev-850-0-img1.png'],
      },
    ],
    [
      "MaRVL's",
      JSON.stringify({
        concept: '1-Bird',
        language: 'sw',
        caption: 'Two dogs.',
        left_img: '1-9.jpg',
        right_img: '1-3.jpg',
        id: 'sw-0',
        label: true,
      }),
      { identifier: 'sw-0', label: 'True', images: ['1-9.jpg', '1-3.jpg'] },
    ],
  ])('may be JSON of other projects: %s', async (_, text, annotation) => {
    const [{ annotations }] = await parts(text, { imageExtension: '.png' });
    expect(annotations).toEqual([{ ...annotation, sentence: 'Two dogs.' }]);
    await expect(
      loadDataset(join(folder, 'pairs.csv'), 'val', { format: 'auto', imageRoot: folder }),
    ).rejects.toThrow(/an unsupported format \(keys: .*nlvr convert/);
  });

  it.each([
    ['txt2img.json', '{"dev-850-0-0": ["nlvr2_dev-850-0-img0.npz", "nlvr2_dev-850-0-img1.npz"]}'],
    ['id2len.json', '{"dev-850-0-0": 14}'],
    ['data.mdb', `${'\0'.repeat(16)}\xde\xc0\xef\xbe${'\0'.repeat(44)}`],
    ['.', ''],
  ])('reports data that UNITER generates from annotations: %s', async (name, text) => {
    const database = join(folder, 'nlvr2_dev.db');
    mkdirSync(database, { recursive: true });
    writeFileSync(join(database, 'data.mdb'), '');
    const file = join(database, name);
    if (name !== '.') writeFileSync(file, Buffer.from(text, 'latin1'));
    await expect(loadDataset(file, 'val', { format: 'auto', imageRoot: folder })).rejects.toThrow(
      /a UNITER database \(LMDB\).*use the NLVR2 annotations/,
    );
    await expect(loadDataset(folder, 'val', { format: 'auto', imageRoot: folder })).rejects.toThrow(
      'this is a folder; specify the annotation file in it',
    );
  });

  it('has paths relative to the image folder', async () => {
    const text = `left,right,sentence,label\n${folder}/x/a.png,x/b.png,s,1\n`;
    const [{ annotations }] = await parts(text, { imageRoot: folder });
    expect(annotations[0].images).toEqual(['x/a.png', 'x/b.png']);
    await expect(parts(text, { imageRoot: join(folder, 'x/y') })).rejects.toThrow('is not in');
  });

  it('is split by a column, unless an image would be in two splits', async () => {
    const text =
      'left,right,sentence,label,split\na,b,s,1,train\nc,d,s,0,dev\na,b,t,0,training\ne,f,s,1,test\n';
    const converted = await parts(text, { split: 'column' });
    expect(converted.map(({ split, annotations }) => [split, annotations.length])).toEqual([
      ['train', 2],
      ['val', 1],
      ['test', 1],
    ]);
    const written = writeAnnotations(converted, join(folder, 'mine.json'), false);
    expect(readFileSync(join(folder, 'mine_val.json'), 'utf8')).toBe(
      '[\n{"sentence":"s","label":"False","images":["c","d"]}\n]\n',
    );
    expect(configurationFor(written, '/images')).toBe(
      `image_root: /images\nann_root: ${folder}\nann_files:\n  train: mine_train.json\n  val: mine_val.json\n  test: mine_test.json`,
    );
    await expect(parts(`${text}g,a,s,1,val\n`, { split: 'column' })).rejects.toThrow(
      /:6: a is in val here and in train in line 2/,
    );
  });
});

describe('a split by ratio', () => {
  it('keeps pairs that share images together and approximates the ratio', () => {
    // Chains of four images, and separate pairs.
    const pairs = Array.from({ length: 1000 }, (_, i): [string, string] =>
      i < 300 ? [`c${i - (i % 3)}-${i % 3}`, `c${i - (i % 3)}-${(i % 3) + 1}`] : [`l${i}`, `r${i}`],
    );
    const splits = splitByRatio(pairs, { train: 80, val: 10, test: 10 }, 7);
    const of = new Map<string, string>();
    pairs.forEach((pair, i) => {
      for (const image of pair) {
        expect(of.get(image) ?? splits[i]).toBe(splits[i]);
        of.set(image, splits[i]);
      }
    });
    const count = (split: string) => splits.filter((each) => each === split).length;
    expect([count('train'), count('val'), count('test')]).toEqual([800, 100, 100]);
    expect(splitByRatio(pairs, { train: 80, val: 10, test: 10 }, 7)).toEqual(splits);
    expect(splitByRatio(pairs, { train: 80, val: 10, test: 10 }, 8)).not.toEqual(splits);
    expect(splitByRatio(pairs, { train: 9, val: 1, test: 0 }, 7)).not.toContain('test');
  });
});
