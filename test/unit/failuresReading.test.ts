import { localize } from '../../src/util/localize';
import { appendFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crossEntropyOf } from '../../src/analysis/metrics';
import { setKey } from '../../src/data/annotations/format';
import { officialNlvr1Name } from '../../src/extension/failures/officialName';
import { NO_ANSWER, readAnswers } from '../../src/extension/failures/readAnswers';
import { chooseSet, listSets, parseSetName } from '../../src/run/read/predictionSets';
import { FileChangedError, ShownFile, stampOf } from '../../src/extension/failures/shownFile';
import { PredictionTable } from '../../src/extension/failures/predictionTable';
import { StringIds } from '../../src/extension/failures/stringIds';
import {
  parsePrediction,
  readPredictions,
  type PredictionBatch,
} from '../../src/run/read/readPredictions';
import type { Prediction } from '../../src/run/predictions';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nlvr-failures-'));
  await mkdir(join(folder, 'predictions'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function example(index: number, over: Partial<Prediction> = {}): Prediction {
  return {
    identifier: `dev-${index}-0-0`,
    index,
    split: 'val',
    sentence: `There are ${index % 5} dogs.`,
    images: [`/data/${index}-img0.png`, `/data/${index}-img1.png`],
    label: index % 2 === 0,
    prediction: index % 3 === 0,
    prob_true: 0.25,
    logits: [1, -0.0986],
    ...over,
  };
}

async function write(
  name: string,
  predictions: Prediction[],
  tail: string | Buffer = '',
): Promise<string> {
  const file = join(folder, 'predictions', name);
  const lines = predictions.map((p) => JSON.stringify(p) + '\n').join('');
  await writeFile(file, Buffer.concat([Buffer.from(lines), Buffer.from(tail)]));
  return file;
}

async function readAll(file: string, batchSize?: number) {
  const predictions: Prediction[] = [];
  const options = batchSize === undefined ? {} : { batchSize };
  let last: Omit<PredictionBatch, 'predictions' | 'starts'> = {
    skipped: 0,
    bytesRead: 0,
    incomplete: false,
  };
  for await (const batch of readPredictions(file, options)) {
    predictions.push(...batch.predictions);
    const { skipped, bytesRead, incomplete, firstProblem } = batch;
    last = { skipped, bytesRead, incomplete, ...(firstProblem && { firstProblem }) };
  }
  return { predictions, ...last };
}

describe('reading a predictions file', () => {
  it('returns every prediction in order, whatever the chunks', async () => {
    const all = Array.from({ length: 3000 }, (_, i) =>
      example(i, { sentence: `Ein Bär 🐻 ${i}`.repeat(3) }),
    );
    const { predictions, bytesRead, skipped } = await readAll(await write('val.jsonl', all), 100);
    expect(predictions).toEqual(all);
    expect(skipped).toBe(0);
    expect(bytesRead).toBeGreaterThan(100_000);
  });

  it('skips lines that are not predictions and reports the first', async () => {
    const file = await write(
      'val.jsonl',
      [example(0)],
      '{"identifier":"x"}\n\nnull\n' + JSON.stringify(example(1)) + '\n',
    );
    const { predictions, skipped, firstProblem } = await readAll(file);
    expect(predictions.map((p) => p.index)).toEqual([0, 1]);
    expect(skipped).toBe(2);
    // A localizable message, which the panel translates.
    expect(firstProblem).toEqual(localize('line {0}: {1}', 2, localize('`sentence` is missing')));
  });

  it('reads a last line without newline, and ignores an incomplete one', async () => {
    const whole = await readAll(await write('val.jsonl', [example(0)], JSON.stringify(example(1))));
    expect(whole.predictions).toHaveLength(2);
    const half = await readAll(await write('test.jsonl', [example(0)], '{"identifier":"dev-1'));
    expect(half.predictions).toHaveLength(1);
    expect(half.skipped).toBe(0);
  });

  it('treats a line with non-finite numbers as no answer, not as False', () => {
    const wrong = 'the answer is not a finite number';
    const line = { ...example(0), prediction: false };
    expect(parsePrediction(JSON.stringify({ ...line, prob_true: NaN }))).toEqual(localize(wrong));
    expect(parsePrediction(JSON.stringify({ ...line, logits: [0, NaN] }))).toEqual(localize(wrong));
    const bare = { ...line, prob_true: undefined, logits: undefined };
    expect(parsePrediction(JSON.stringify(bare))).toMatchObject({
      prob_true: NaN,
      logits: [NaN, NaN],
    });
  });

  it('reports that an incomplete model made the predictions', async () => {
    const whole = await readAll(await write('val.jsonl', [example(0)]));
    expect(whole.incomplete).toBe(false);
    const incomplete = await readAll(
      await write('val.jsonl', [
        example(0, { incomplete: true }),
        example(1, { incomplete: true }),
      ]),
    );
    expect(incomplete.incomplete).toBe(true);
  });

  it.each([
    ['[]', 'not a JSON object'],
    [JSON.stringify({ ...example(0), images: ['a'] }), '`images` is not a pair of paths'],
    [JSON.stringify({ ...example(0), label: 'True' }), '`label` is not true, false or null'],
    [JSON.stringify({ ...example(0), prediction: 1 }), '`prediction` is not true or false'],
  ])('reports what is wrong with %s', (line, problem) =>
    expect(parsePrediction(line)).toEqual(localize(problem)),
  );

  it('counts broken lines, long and short, without parsing each of them', async () => {
    const line = JSON.stringify(example(7));
    const broken = ['x', '{', '}', '[1]', '{}', '"a"', `{${'x'.repeat(100)}}`, `${line} x`];
    const file = await write(
      'val.jsonl',
      [],
      [...broken, line, ` ${line}\t`, ...broken].join('\n'),
    );
    const { predictions, skipped, firstProblem } = await readAll(file);
    expect(predictions).toEqual([example(7), example(7)]);
    expect(skipped).toBe(2 * broken.length - 1);
    expect(firstProblem).toEqual(localize('line {0}: {1}', 1, localize('not a JSON object')));
    const parse = vi.spyOn(JSON, 'parse');
    await readAll(await write('test.jsonl', [], 'x\n{}\n'.repeat(50_000)));
    expect(parse.mock.calls.length).toBeLessThan(10);
    parse.mockRestore();
  });

  it('reads lines longer than a chunk of the file, and skips one that is too long', async () => {
    const long = example(1, { sentence: 'A long one. '.repeat(100_000) });
    const file = await write('val.jsonl', [example(0), long, example(2)], 'x'.repeat(17 << 20));
    await appendFile(file, `\n${JSON.stringify(example(3))}`);
    const { predictions, skipped, bytesRead } = await readAll(file);
    expect(predictions).toEqual([example(0), long, example(2), example(3)]);
    expect(skipped).toBe(1);
    expect(bytesRead).toBe((await stat(file)).size);
  });

  it('yields to the event loop', async () => {
    const file = await write(
      'val.jsonl',
      Array.from({ length: 20_000 }, (_, i) => example(i)),
    );
    const table = new PredictionTable();
    // Number of rows each time that a timer ran.
    const counts = new Set<number>();
    const timer = setInterval(() => counts.add(table.count), 1);
    for await (const { predictions } of readPredictions(file)) table.append(predictions);
    clearInterval(timer);
    expect(table.count).toBe(20_000);
    expect(counts.size).toBeGreaterThan(2);
  });

  it('stops when it is aborted', async () => {
    const file = await write(
      'val.jsonl',
      Array.from({ length: 5000 }, (_, i) => example(i)),
    );
    const abort = new AbortController();
    const read = async () => {
      const batches = readPredictions(file, { signal: abort.signal, batchSize: 10 });
      while (!(await batches.next()).done) abort.abort();
    };
    await expect(read()).rejects.toThrow(/abort/i);
  });
});

describe('the loss of an example', () => {
  it('is the cross-entropy of the logits', () => {
    expect(crossEntropyOf([0, 0], true)).toBeCloseTo(Math.LN2, 12);
    // log(1 + e^2) and the same minus 2, by hand.
    expect(crossEntropyOf([2, 0], true)).toBeCloseTo(2.126928011, 8);
    expect(crossEntropyOf([2, 0], false)).toBeCloseTo(0.126928011, 8);
  });
  it('stays finite for extreme logits and is NaN without a label', () => {
    expect(crossEntropyOf([2000, -2000], true)).toBe(4000);
    expect(crossEntropyOf([1, 2], null)).toBeNaN();
    expect(crossEntropyOf([NaN, NaN], true)).toBeNaN();
  });
});

describe('groups of examples', () => {
  it('follow the official grouping of NLVR2, without the number of the pair', () => {
    expect(setKey('dev-850-0-0', 'a')).toBe(setKey('dev-850-3-0', 'a'));
    expect(setKey('dev-850-0-0', 'a')).not.toBe(setKey('dev-850-0-1', 'a'));
    expect(setKey('test1-850-0-0', 'a')).not.toBe(setKey('dev-850-0-0', 'a'));
  });
  it('follow the official grouping of NLVR, the part before the first dash', () => {
    expect(setKey('1572-0-3', 'a')).toBe(setKey('1572-2-5', 'b'));
    expect(setKey('1572-0-3', 'a')).not.toBe(setKey('1573-0-3', 'a'));
  });
  it('use the sentence if identifiers have no meaning', () => {
    expect(setKey('photo 1#0', 'Two dogs.')).toBe(setKey('photo 2#0', 'Two dogs.'));
    expect(setKey('photo 1#0', 'Two dogs.')).not.toBe(setKey('photo 1#1', 'A cat.'));
  });
  it('have official names only in the NLVR data set', () => {
    expect(officialNlvr1Name('72-0-3', 'val', '/x/images/2/dev-72-0-3.png')).toBe('dev-72-0-3.png');
    expect(officialNlvr1Name('72-0-3', 'test', '/x/renamed.png')).toBe('test-72-0-3.png');
    expect(officialNlvr1Name('dev-850-0-0', 'val', 'x.png')).toBeNull();
  });
});

describe('the prediction files of a run', () => {
  it('are listed by split and epoch, evaluations last', async () => {
    for (const name of [
      'val-epoch-010.jsonl',
      'val-epoch-002.jsonl',
      'val.jsonl',
      'test-epoch-002.jsonl',
      'notes.txt',
      '.val.jsonl.1.tmp',
    ])
      await write(name, []);
    expect(await listSets(folder)).toEqual([
      { split: 'val', epoch: 2 },
      { split: 'val', epoch: 10 },
      { split: 'val', epoch: null },
      { split: 'test', epoch: 2 },
    ]);
  });
  it('are none if the folder is missing', async () => {
    expect(await listSets(join(folder, 'elsewhere'))).toEqual([]);
  });
  it('match one name pattern only', () => {
    expect(parseSetName('train.jsonl')).toEqual({ split: 'train', epoch: null });
    expect(parseSetName('val-epoch-003.jsonl')).toEqual({ split: 'val', epoch: 3 });
    expect(parseSetName('../val.jsonl')).toBeUndefined();
    expect(parseSetName('val-epoch-003.jsonl.tmp')).toBeUndefined();
  });
  it('are chosen by split and epoch, the newest by default', () => {
    const sets = [
      { split: 'val', epoch: 1 },
      { split: 'val', epoch: 2 },
      { split: 'test', epoch: null },
    ] as const;
    expect(chooseSet(sets, null)).toBe(sets[1]);
    expect(chooseSet(sets, { split: 'val', epoch: 1 })).toBe(sets[0]);
    expect(chooseSet(sets, { split: 'val', epoch: 9 })).toBe(sets[1]);
    expect(chooseSet(sets, { split: 'test' })).toBe(sets[2]);
    expect(chooseSet(sets, { split: 'train' })).toBeNull();
    expect(chooseSet([sets[2]], null)).toBe(sets[2]);
    expect(chooseSet([], null)).toBeNull();
  });
});

describe('the table of rows', () => {
  it('sends repeated strings once, and no image paths', () => {
    const images: string[] = [];
    const table = new PredictionTable(images);
    const all = [
      example(0, { group: 'dog' }),
      example(5),
      example(10, { label: null, group: 'dog' }),
    ];
    const first = table.append(all.slice(0, 2));
    const second = table.append(all.slice(2));
    expect(first.newSentences).toEqual(['There are 0 dogs.']);
    expect(second).toMatchObject({ first: 2, count: 1, newSentences: [], newKinds: [] });
    expect([...first.kind, ...second.kind]).toEqual([0, -1, 0]);
    expect([...second.label]).toEqual([-1]);
    expect(first.loss[0]).toBeCloseTo(crossEntropyOf([1, -0.0986], true), 5);
    expect(images[first.left[1] ?? -1]).toBe('/data/5-img0.png');
  });

  it('finds rows by identifier, also one with the name of a property', () => {
    const table = new PredictionTable();
    table.append([example(0, { identifier: '__proto__' }), example(1)]);
    expect(table.rowOf('__proto__')).toBe(0);
    expect(table.rowOf('dev-1-0-0', 0)).toBe(1);
    expect(table.rowOf('constructor')).toBeUndefined();
  });

  it('finds each of several rows with the same identifier', () => {
    const table = new PredictionTable();
    table.append([example(0), example(1), example(0), example(0)]);
    expect([0, 2, 3].map((row) => table.rowOf('dev-0-0-0', row))).toEqual([0, 2, 3]);
    expect(table.rowOf('dev-0-0-0', 1)).toBe(3);
  });

  it('assigns different ids to 100,000 different strings, and the same id to equal ones', () => {
    const ids = new StringIds();
    const texts = Array.from({ length: 100_000 }, (_, i) => `There are ${i} dogs.`);
    const added: string[] = [];
    expect(texts.map((text) => ids.id(text, added))).toEqual(texts.map((_, i) => i));
    expect(texts.map((text) => ids.id(text, added))).toEqual(texts.map((_, i) => i));
    expect(added).toEqual(texts);
    expect(ids.get('There are no dogs.')).toBeUndefined();
    // The same characters in another order, and characters that differ in their upper byte alone.
    expect(
      new Set(['ab', 'ba', 'a', '', '\0', '\0\0', '\u0161b'].map((text) => ids.id(text))).size,
    ).toBe(7);
  });
});

describe('ShownFile', () => {
  /** Writes these lines to a file and reads it. */
  async function shown(lines: string | Buffer): Promise<ShownFile> {
    const file = await write('val.jsonl', [], lines);
    const shownFile = new ShownFile(file, stampOf(await stat(file)));
    for await (const { starts } of readPredictions(file)) shownFile.append(starts);
    return shownFile;
  }

  it('reads every row again, one by one or all, whatever is between them', async () => {
    const all = [
      example(0, { sentence: 'Zwei Hunde, größer als 犬.' }),
      example(1, { sentence: 'A long one. '.repeat(2000) }),
      example(2),
    ];
    const [a, b, c] = all.map((each) => JSON.stringify(each));
    // A byte that is not valid UTF-8 is decoded to several bytes.
    const bad = Buffer.from([0xff, 0xff]);
    const shownFile = await shown(
      Buffer.concat([Buffer.from(`\r\n${a}\r\n`), bad, Buffer.from(`\n${b}\n\n${c}`)]),
    );
    expect(await Promise.all([0, 1, 2].map((row) => shownFile.row(row)))).toEqual(all);
    expect([2, 0, 1].map(await shownFile.all())).toEqual([all[2], all[0], all[1]]);
    await expect(shownFile.row(3)).rejects.toThrow(RangeError);
  });

  it('recognizes a changed file', async () => {
    const shownFile = await shown(`${JSON.stringify(example(0))}\n`);
    await write('val.jsonl', [example(0), example(1)]);
    await expect(shownFile.row(0)).rejects.toThrow(FileChangedError);
    await expect(shownFile.all()).rejects.toThrow(FileChangedError);
  });
});

describe('answers of another epoch', () => {
  it('are aligned by identifier, with gaps for missing examples', async () => {
    const table = new PredictionTable();
    table.append([example(0), example(1), example(2)]);
    await write('val-epoch-001.jsonl', [
      example(2, { prediction: true }),
      example(0, { prediction: false }),
    ]);
    const answers = await readAnswers(
      folder,
      { split: 'val', epoch: 1 },
      table,
      new AbortController().signal,
    );
    expect([...answers]).toEqual([0, NO_ANSWER, 1]);
  });
});
