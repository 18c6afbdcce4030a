/**
 * What `npm run test:fuzz` found stays found: its inputs, made small, are read again. Then some new ones, always the same.
 * Larger ones that no fuzzer makes: repeated values that cost a file nothing, lists and lines beyond what a text may have.
 */
import {
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { parseCurves } from '../../src/run/curves/csvSource';
import { EventReader } from '../../src/run/read/eventReader';
import { readPredictions } from '../../src/run/read/readPredictions';
import { encodeRecord } from '../../src/run/tensorboard/records';
import { TensorBoardSource } from '../../src/run/tensorboard/logFolder';
import { inEnglish } from '../../src/util/localize';
import { splitDelimited } from '../../src/util/delimited';
import { parsePythonJson } from '../../src/util/pythonJson';
import { drawFrom, mutate } from '../fuzz/mutate';
import { readInput, targetNames, targetOf } from '../fuzz/targets';
import { torchZip } from '../fuzz/wrap';

const findings = join(import.meta.dirname, '..', 'fuzz', 'findings');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nlvr-fuzz-'));
  mkdirSync(join(folder, 'images'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(targetNames)('the reader of %s', (name) => {
  const target = targetOf(name);
  const found = readdirSync(findings, { encoding: 'utf8' }).includes(name)
    ? readdirSync(join(findings, name))
    : [];

  it.each(found)('reads %s or refuses it in one sentence', async (file) => {
    await readInput(target, readFileSync(join(findings, name, file)), folder);
  });

  it('reads 300 other inputs or refuses them in one sentence', async () => {
    const draw = drawFrom(1);
    const seeds = target.seeds();
    for (const seed of seeds) await readInput(target, seed, folder);
    for (let i = 0; i < 300; i++) {
      const input = mutate(seeds[draw(seeds.length)], seeds, target.words, draw);
      await readInput(target, input, folder).catch((error: unknown) => {
        throw new Error(`input ${i}, ${Buffer.from(input).toString('base64')}`, { cause: error });
      });
    }
  });
});

/** A `.pth` of a pickle of protocol 2. */
async function pickled(...parts: (string | Buffer)[]): Promise<string> {
  const file = join(folder, 'repeated.pth');
  const pickle = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
  writeFileSync(file, torchZip(pickle));
  return openCheckpoint(file).then(
    () => 'opened',
    (error: unknown) => (error as Error).message,
  );
}

describe('a pickle that repeats memoized values', () => {
  // An item that is remembered takes two bytes: h and its number.
  const million = (item: string): Buffer => Buffer.alloc(1_000_000, item, 'latin1');
  const pairs = [']q\0(', 'K\x01K\x02\x86q\x01', million('h\x01'), 'e'];

  it('as items of a list contains no weights', async () => {
    const message = await pickled(
      '\x80\x02',
      ']q\0',
      '](',
      million('h\0').subarray(0, 2_000_000),
      'e.',
    );
    expect(message).toMatch(/contains no state dict .* a list/);
  });

  it('as a dict of half a million pairs, repeatedly', async () => {
    const again = Buffer.from('h\x02h\x03R0'.repeat(100_000), 'latin1');
    const dict = 'ccollections\nOrderedDict\nq\x02';
    expect(await pickled('\x80\x02', ...pairs, '\x85q\x03', dict, again, 'N.')).toMatch(
      /a list is repeated without end/,
    );
  });

  it('as the shape of tensors', async () => {
    const storage = '(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x06tQ';
    const shape = ['](', Buffer.alloc(200_000, 'K\x01'), 'eq\x05'];
    const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\0h\x05h\x05tR`;
    expect(await pickled('\x80\x02', ...shape, tensor.repeat(1000), '.')).toMatch(
      /100000 dimensions/,
    );
  });

  it('as nested dicts', async () => {
    const keys = (value: string): Buffer =>
      Buffer.concat(
        Array.from({ length: 60_000 }, (_, i) => {
          const key = i.toString(36).padStart(4, '0');
          return Buffer.from(`X\x04\0\0\0${key}${value}`, 'latin1');
        }),
      );
    const inner = ['}(', keys('N'), 'uq\x01'];
    const middle = ['}(', keys('h\x01'), 'uq\x02'];
    expect(await pickled('\x80\x02', ...inner, ...middle, '}(', keys('h\x02'), 'u.')).toMatch(
      /a dict is repeated without end/,
    );
  });
});

describe('annotations longer than the maximum length of a string', () => {
  const options = { format: 'auto', imageRoot: '/images' } as const;
  const annotation =
    '{"identifier": "dev-1-0-0", "sentence": "a dog", "label": "True", "images": ["a.png", "b.png"]}';
  /** Holes take no place on the disk. */
  const sparse = (start: string, bytes: number): string => {
    const file = join(folder, 'sparse.json');
    writeFileSync(file, start);
    truncateSync(file, bytes);
    return file;
  };

  it.each([
    [
      'a list of 600 MB',
      `[${annotation},`,
      600e6,
      /the JSON list is 600 MB.*one JSON object per line/i,
    ],
    ['a file of 20 GB of nothing', '', 20e9, /not a text file/],
    ['a list of 20 GB', `[${annotation},`, 20e9, /the JSON list is 20000 MB/],
    ['20 GB in a line', `${annotation}\n`, 20e9, /sparse\.json:2: the line exceeds 16 million/],
  ])('%s', async (_, start, bytes, message) => {
    await expect(loadDataset(sparse(start, bytes), 'val', options)).rejects.toThrow(message);
  });
});

describe('inputs that take quadratic time in a simple reader', () => {
  const file = (content: string | Uint8Array): string => {
    const path = join(folder, 'long');
    writeFileSync(path, content);
    return path;
  };

  it('a predictions file of one line', async () => {
    const path = file('');
    truncateSync(path, 100e6);
    for await (const { skipped } of readPredictions(path)) expect(skipped).toBeLessThanOrEqual(1);
  });

  it('events of a run that was resumed a hundred thousand times', async () => {
    const start = '{"type":"start","resumed":true,"step":1}\n{"type":"step","step":1}\n';
    const { events } = await new EventReader(file(start.repeat(100_000))).read();
    expect(events).toHaveLength(200_000);
  });

  it('an unclosed quote followed by escaped ones', () => {
    expect(() => parsePythonJson(`"${'\\"'.repeat(500_000)}`)).toThrow(SyntaxError);
    expect(parsePythonJson('{"NaN": NaN, "a": "-Infinity"}')).toEqual({
      NaN: null,
      a: '-Infinity',
    });
  });

  it('tables with quotes within fields, blanks before the first line, and many columns', () => {
    expect(
      splitDelimited(`${' '.repeat(300_000)}\na,b\nx${'"x'.repeat(300_000)},"y ""z"""`),
    ).toMatchObject({
      delimiter: ',',
      rows: [{ line: 2, fields: ['a', 'b'] }, { fields: [expect.any(String), 'y "z"'] }],
    });
    const names = Array.from({ length: 40_000 }, (_, i) => `c${i}`).join();
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i},1`).join('\n');
    const { series } = parseCurves(`step,${names}\n${rows}`, 'curves.csv');
    expect([...series.keys()]).toEqual(['c0']);
  });

  it('records whose checksums do not fit', async () => {
    const record = Buffer.from(encodeRecord(Buffer.from('x')));
    record[record.length - 1] ^= 1;
    const source = new TensorBoardSource(file(Buffer.concat(Array<Buffer>(300_000).fill(record))));
    await source.read();
    expect(source.problems.map((problem) => inEnglish(problem))).toEqual([
      expect.stringMatching(/damaged records.*300000/),
    ]);
  });

  it('a configuration of unknown keys, of equal keys, of aliases, of brackets', () => {
    const errors = (text: string): number => parseConfig(text).problems.length;
    expect(errors(Array.from({ length: 10_000 }, (_, i) => `k${i}: 1\n`).join(''))).toBe(10_000);
    expect(errors('max_epoch: 2\n'.repeat(5_000))).toBe(4_999);
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`);
    expect(parseConfig(`a0: &a0 [1]\n${levels.join('')}`).problems[0].message).toMatch(
      /20 aliases/,
    );
    expect(parseConfig('{a: '.repeat(10_000)).problems[0].message).toMatch(/nested too deeply/);
    expect(parseConfig('- '.repeat(20_000)).problems.length).toBeGreaterThan(0);
    expect(parseConfig(' '.repeat(150_001)).problems[0].message).toMatch(/up to 150000/);
  });
});
