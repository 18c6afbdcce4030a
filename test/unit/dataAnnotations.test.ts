import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consistencyGroupOf } from '../../src/data/annotations/format';
import { listElements } from '../../src/data/annotations/listElements';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { DataError } from '../../src/data/dataError';
import { KeyedRandom, Purpose } from '../../src/data/random';

const real = join(import.meta.dirname, '../data');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nlvr annotations '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string | Buffer, name = 'annotations.json'): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}
const load = (text: string | Buffer, name?: string) =>
  loadDataset(write(text, name), 'val', { format: 'auto', imageRoot: folder });
const pair = (more: object = {}) => ({
  images: ['a-img0.png', 'a-img1.png'],
  sentence: 'Two dogs.',
  label: 'True',
  ...more,
});
async function problem(text: string | Buffer): Promise<DataError> {
  const error: unknown = await load(text).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

describe('NLVR (real drawings)', () => {
  const imageRoot = join(real, 'nlvr1');

  it('yields six examples per line whose images exist', async () => {
    const data = await loadDataset(join(imageRoot, 'dev.json'), 'train', {
      format: 'auto',
      imageRoot,
    });
    expect(data.format).toBe('nlvr1');
    expect(data.examples).toHaveLength(120);
    for (const example of data.examples)
      for (const image of example.images) expect(existsSync(image), image).toBe(true);
    expect(new Set(data.examples.map((e) => e.consistencyGroup)).size).toBe(6);
    const [first, last] = [data.examples[0], data.examples[5]];
    expect(first.identifier).toMatch(/^\d+-\d+-0$/);
    expect(first.consistencyGroup).toBe(first.identifier.split('-')[0]);
    expect(first.images[1]).toBe(data.examples[1].images[0]);
    expect(last.images[1]).toBe(first.images[0]);
    expect([first.line, last.line, data.examples[6].line]).toEqual([1, 1, 2]);
    expect(data.examples.map((e) => e.index)).toEqual(data.examples.map((_, i) => i));
    expect(data.examples.filter((e) => e.label).length).toBe(6 * 12);
  });

  it.each([
    ['the split folder', () => imageRoot, 'annotations.json'],
    ['the images folder', () => join(imageRoot, 'images'), 'dev.json'],
  ])('finds the drawings relative to %s', async (_, root, name) => {
    const line = JSON.stringify({
      sentence: 's',
      identifier: '2903-0',
      directory: directoryOf('2903-0'),
      structured_rep: [],
    });
    const file = write(line, name);
    const data = await loadDataset(file, 'test', { format: 'auto', imageRoot: root() });
    expect(data.examples.every((e) => e.images.every((image) => existsSync(image)))).toBe(true);
    expect(data.examples.map((e) => e.label)).toEqual(new Array(6).fill(null));
  });

  function directoryOf(identifier: string): string {
    const found = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'].find((d) =>
      existsSync(join(imageRoot, 'images', d, `dev-${identifier}-0.png`)),
    );
    expect(found).toBeDefined();
    return found!;
  }
});

describe('NLVR2', () => {
  it('reads the official development file', async () => {
    const data = await loadDataset(join(real, 'nlvr2/dev.json'), 'val', {
      format: 'auto',
      imageRoot: '/data',
    });
    expect(data.format).toBe('nlvr2');
    expect(data.examples).toHaveLength(36);
    expect(data.examples[0]).toEqual({
      index: 0,
      identifier: 'dev-850-0-0',
      sentence:
        'The right image shows a curving walkway of dark glass circles embedded in dirt and flanked by foliage.',
      images: ['/data/dev/dev-850-0-img0.png', '/data/dev/dev-850-0-img1.png'],
      label: false,
      consistencyGroup: 'dev-850--0',
      group: 'beer bottle',
      line: 1,
    });
  });

  const line = (identifier: string, more: object = {}) =>
    JSON.stringify({ identifier, left_url: 'https://x', sentence: 's', label: 'False', ...more });

  it('finds training images under images/train/<directory>', async () => {
    const data = await load(line('train-10171-2-1', { directory: 63 }));
    expect(data.examples[0].images[0]).toBe(join(folder, 'images/train/63/train-10171-2-img0.png'));
    expect(data.examples[0].consistencyGroup).toBe('train-10171--1');
  });

  it('follows the images when image_root is the images folder itself', async () => {
    write('', 'train/63/train-10171-2-img0.png');
    const data = await load(line('train-10171-2-1', { directory: 63 }));
    expect(data.examples[0].images[1]).toBe(join(folder, 'train/63/train-10171-2-img1.png'));
  });

  it('reads contrast sets: the fifth number is a modification with its own images, PNG or JPEG', async () => {
    for (const name of ['1-img0.jpg', '1-img1.jpg', '2-img0.png', '2-img1.jpg'])
      write('', `test1-769-1-0-${name}`);
    const lines = [1, 2].map((k) => line(`test1-769-1-0-${k}`)).join('\n');
    const { format, examples } = await load(lines);
    expect(format).toBe('nlvr2');
    expect(examples.flatMap(({ images }) => images)).toEqual(
      ['1-img0.jpg', '1-img1.jpg', '2-img0.png', '2-img1.jpg'].map((name) =>
        join(folder, `test1-769-1-0-${name}`),
      ),
    );
    // As their authors' script groups them.
    expect(examples.map(({ consistencyGroup }) => consistencyGroup)).toEqual([
      'test1-769-1-0',
      'test1-769-1-0',
    ]);
    expect((await load(lines.replaceAll(/"left_url": ?"[^"]*",?/g, ''))).format).toBe('nlvr2');
  });

  it('refuses identifiers and folders that leave image_root', async () => {
    expect((await problem(line('../../etc-1-0-0'))).key).toBe('identifier');
    const error = await problem(line('train-1-0-0', { directory: '../../..' }));
    expect(error.key).toBe('directory');
    expect(error.message).toContain('is outside image_root');
  });
});

describe("BLIP's format", () => {
  it('derives identifiers from the left image and counts its sentences', async () => {
    const data = await load(
      JSON.stringify([
        pair({ images: ['dev/dev-850-0-img0.png', 'dev/dev-850-0-img1.png'] }),
        pair(),
        pair({ images: ['dev/dev-850-0-img0.png', 'dev/dev-850-0-img1.png'], label: 'FALSE' }),
        pair({ images: ['a-img0.png', 'other.png'], label: undefined }),
      ]),
    );
    expect(data.examples.map((e) => [e.identifier, e.label, e.consistencyGroup])).toEqual([
      ['dev-850-0#0', true, null],
      ['a#0', true, null],
      ['dev-850-0#1', false, null],
      ['a#1', null, null],
    ]);
    expect(data.examples[0].images).toEqual([
      join(folder, 'dev/dev-850-0-img0.png'),
      join(folder, 'dev/dev-850-0-img1.png'),
    ]);
  });

  it("uses NLVR2's and NLVR1's identifiers and kinds of sentences if present", async () => {
    const data = await load(
      JSON.stringify([
        pair({ identifier: 'dev-1-2-3', kind: 'counting' }),
        pair({ identifier: 'mine', synset: 'dog' }),
        pair({ identifier: '72-0-3' }),
      ]),
    );
    expect(data.examples.map((e) => [e.identifier, e.consistencyGroup, e.group])).toEqual([
      ['dev-1-2-3', 'dev-1--3', 'counting'],
      ['mine', null, 'dog'],
      ['72-0-3', '72', null],
    ]);
    // The trainer and the analysis of predictions, which have identifiers only, group by the same rule.
    for (const { identifier, consistencyGroup } of data.examples)
      expect(consistencyGroupOf(identifier)).toBe(consistencyGroup);
  });

  it.each(['true', 'TRUE', 'True', true])('reads label %j as true', async (label) => {
    expect((await load(JSON.stringify([pair({ label })]))).examples[0].label).toBe(true);
  });

  it.each(['maybe', '', 1, 0, 'yes', [], ' True'])('refuses label %j', async (label) => {
    const error = await problem(
      `[\n${JSON.stringify(pair())},\n${JSON.stringify(pair({ label }))}]`,
    );
    expect([error.file, error.line, error.key]).toEqual([
      join(folder, 'annotations.json'),
      3,
      'label',
    ]);
    expect(error.message).toContain(`annotations.json:3: label: expected "True" or "False"`);
  });

  it.each([
    ['/etc/passwd', 'absolute'],
    ['C:\\x.png', 'absolute'],
    ['../x.png', 'is outside image_root'],
    ['a/../../x.png', 'is outside image_root'],
    ['..', 'is outside image_root'],
    ['.', 'is outside image_root'],
    ['', 'expected the path'],
    ['a\0.png', 'expected the path'],
  ])('refuses the image path %j', async (path, reason) => {
    const error = await problem(JSON.stringify([pair({ images: ['a.png', path] })]));
    expect(error.key).toBe('images[1]');
    expect(error.message).toContain(reason);
  });

  it.each([
    'a b.png',
    'ü/日本.png',
    '"quoted".png',
    '#1.png',
    '50%.png',
    "it's.png",
    'a\\b.png',
    '..a/b..png',
  ])('keeps the unusual file name %j', async (path) => {
    const data = await load(JSON.stringify([pair({ images: [path, `x/${path}`] })]));
    expect(data.examples[0].images).toEqual([join(folder, path), join(folder, 'x', path)]);
  });

  it('resolves paths that do not leave the folder', async () => {
    const data = await load(JSON.stringify([pair({ images: ['./a//b.png', 'x/../c.png'] })]));
    expect(data.examples[0].images).toEqual([join(folder, 'a/b.png'), join(folder, 'c.png')]);
  });

  it('keeps HTML in sentences', async () => {
    const sentence = '<img src=x onerror="alert(1)"> &amp; <b>two</b> dogs';
    expect((await load(JSON.stringify([pair({ sentence })]))).examples[0].sentence).toBe(sentence);
  });

  it.each([
    [{ images: ['a.png'] }, 'images', 'found 1'],
    [{ images: 'a.png' }, 'images', 'found "a.png"'],
    [{ images: ['a.png', 3] }, 'images[1]', 'found 3'],
    [{ sentence: undefined }, 'sentence', 'found nothing'],
    [{ sentence: 5 }, 'sentence', 'found 5'],
  ])('reports the key of %j', async (more, key, reason) => {
    const error = await problem(JSON.stringify([pair(more)]));
    expect(error.key).toBe(key);
    expect(error.message).toContain(reason);
  });
});

describe('files', () => {
  it('accepts a byte order mark, CRLF and blank lines', async () => {
    const lines = [pair(), pair({ label: 'False' })].map((row) => JSON.stringify(row));
    const data = await load(`\ufeff\r\n${lines[0]}\r\n\r\n  \r\n${lines[1]}\r\n\r\n`);
    expect(data.examples.map((e) => e.line)).toEqual([2, 5]);
    const list = await load(`\ufeff\r\n [\r\n${lines.join(',\r\n')}\r\n]\r\n`);
    expect(list.examples.map((e) => [e.line, e.label])).toEqual([
      [3, true],
      [4, false],
    ]);
  });

  it('reads lines longer than one chunk, and characters across chunks', async () => {
    const sentence = 'é日😀'.repeat(400_000);
    const data = await load(`${JSON.stringify(pair({ sentence }))}\n${JSON.stringify(pair())}`);
    expect(data.examples[0].sentence).toBe(sentence);
    expect(data.examples[1].line).toBe(2);
  });

  it.each(['', '\n\n', '\ufeff', '[]', ' [ ] '])('yields no examples for %j', async (text) => {
    expect((await load(text)).examples).toEqual([]);
  });

  it.each([
    ['{"images": ["a", "b"],\n"sentence": "s"}', 1, 'not valid JSON'],
    [`${JSON.stringify(pair())}\nnot json\n`, 2, 'not valid JSON'],
    [`[${JSON.stringify(pair())},\n{"images": ["a" "b"]}\n]`, 2, 'not valid JSON'],
    [`[\n${JSON.stringify(pair())},\n${JSON.stringify(pair())}`, 3, 'after 2 whole elements'],
    [`[${JSON.stringify(pair())},\n{"images": ["a", "b"`, 2, 'after 1 whole element;'],
    [`[${JSON.stringify(pair())}\n${JSON.stringify(pair())}]`, 2, 'comma'],
    [`[${JSON.stringify(pair())}]\n\n{}`, 3, 'text follows'],
    ['[1, 2]', 1, 'found 1'],
    ['\n"text"', 2, 'found "text"'],
    ['{"a": 1, "b": 2}', 1, 'format is not recognized (keys: a, b)'],
    ['PNG', 1, 'not valid JSON'],
  ])('reports the line of %j', async (text, line, reason) => {
    const error = await problem(text);
    expect(error.line).toBe(line);
    expect(error.message).toContain(reason);
  });

  it.each([
    [
      'one that does not parse',
      '[{"images": ["a", "b"], "sentence": "s"}, {"identifier": "x" "y"}]',
      /:1:43: element 2 \(x\): an element of the list is not valid JSON/,
    ],
    [
      'a wrong key',
      `[${JSON.stringify(pair())}, {"identifier": "x-1", "images": ["a", "b"], "sentence": 3}]`,
      /element 2 \(x-1\): sentence: expected a string, found 3/,
    ],
    ['a missing comma', `[${JSON.stringify(pair())} {}]`, /:1:\d+: element 2: a comma is missing/],
  ])('reports the element of a list on one line: %s', async (_, text, message) => {
    expect((await problem(text)).message).toMatch(message);
  });

  it('sets the columns of examples in a list on one line', async () => {
    const elements = [pair(), pair(), pair()].map((each) => JSON.stringify(each));
    const { examples } = await load(`\ufeff[${elements.join(', ')}]`);
    for (const [i, { line, span }] of examples.entries()) {
      const column = 2 + i * (elements[0].length + 2);
      expect([line, span]).toEqual([
        1,
        { element: i + 1, column, endColumn: column + elements[0].length },
      ]);
    }
    const lines = await load(elements.join('\n'));
    expect(lines.examples.map(({ span }) => span)).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeff[{}]', 'utf16le'), 'the file is UTF-16; save it as UTF-8'],
    ['UTF-16 without a mark', Buffer.from('[{"a": 1}]', 'utf16le'), 'the file is UTF-16'],
    ['a binary file', Buffer.from('PNG\0'), 'not a text file'],
    ['XML', Buffer.from('<?xml?>'), 'an XML document'],
    ['a CSV table', Buffer.from('left,right,sentence,label\na,b,c,1\n'), 'nlvr convert'],
  ])('reports the kind of the file: %s', async (_, bytes, message) => {
    const file = join(folder, 'other.json');
    writeFileSync(file, bytes);
    await expect(loadDataset(file, 'val', { format: 'auto', imageRoot: folder })).rejects.toThrow(
      message,
    );
  });

  it('distinguishes U+FFFD in valid UTF-8 from invalid bytes', async () => {
    const annotation = JSON.stringify(pair({ sentence: 'a caf\ufffd' }));
    expect((await load(annotation)).notUtf8).toBeUndefined();
    const file = join(folder, 'latin1.json');
    writeFileSync(file, Buffer.from(annotation.replace('\ufffd', 'é'), 'latin1'));
    const data = await loadDataset(file, 'val', { format: 'auto', imageRoot: folder });
    expect([data.notUtf8, data.examples[0].sentence]).toEqual([true, 'a caf\ufffd']);
  });

  it('reads backslashes as slashes if the image then exists', async () => {
    mkdirSync(join(folder, 'dev'), { recursive: true });
    writeFileSync(join(folder, 'dev', 'a.png'), '');
    const { examples } = await load(
      JSON.stringify(pair({ images: ['dev\\a.png', 'dev\\gone.png'] })),
    );
    expect(examples[0].images).toEqual([join(folder, 'dev/a.png'), join(folder, 'dev\\gone.png')]);
    expect(
      (await problem(JSON.stringify(pair({ images: ['..\\..\\etc\\passwd', 'b'] })))).message,
    ).toContain('is outside image_root');
  });

  it('suggests a file with a similar name', async () => {
    writeFileSync(join(folder, 'Near.json'), '[]');
    await expect(
      loadDataset(join(folder, 'near.json'), 'test', { format: 'blip', imageRoot: folder }),
    ).rejects.toThrow(`did you mean ${join(folder, 'Near.json')}?`);
  });

  it('reports a missing file', async () => {
    await expect(
      loadDataset(join(folder, 'none.json'), 'test', { format: 'blip', imageRoot: folder }),
    ).rejects.toThrow(/none\.json: the annotation file does not exist/);
  });

  it('reports a folder in place of the file', async () => {
    await expect(
      loadDataset(folder, 'test', { format: 'blip', imageRoot: folder }),
    ).rejects.toThrow(DataError);
  });
});

describe('list elements', () => {
  const random = new KeyedRandom({ seed: 3, purpose: Purpose.order, epoch: 0 });
  const characters = ['"', '\\', '[', ']', '{', '}', ',', '\n', 'a', 'é', ' '];
  function value(depth: number): unknown {
    const kind = random.integer(depth > 2 ? 4 : 6);
    if (kind === 0) return random.integer(1000) - 500;
    if (kind === 1) return random.uniform() < 0.5;
    if (kind === 2) return null;
    if (kind === 3)
      return Array.from({ length: random.integer(8) }, () => characters[random.integer(11)]).join(
        '',
      );
    const items = Array.from({ length: random.integer(4) }, () => value(depth + 1));
    return kind === 4 ? items : Object.fromEntries(items.map((item, i) => [`k"${i}`, item]));
  }

  it('splits everything that JSON.parse accepts, with the correct lines', () => {
    for (let i = 0; i < 500; i++) {
      const list = Array.from({ length: random.integer(6) }, () => value(0));
      const text = JSON.stringify(list, null, [0, 1, 2][random.integer(3)]);
      const elements = [...listElements(text, 'x')];
      expect(elements.map((element) => JSON.parse(element.text) as unknown)).toEqual(list);
      const lines = text.split('\n');
      for (const { text: element, line } of elements)
        expect(lines[line - 1]).toContain(element.split('\n')[0]);
    }
  });
});
