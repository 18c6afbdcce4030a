import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAnnotation } from '../../src/extension/failures/findAnnotation';
import type { Prediction } from '../../src/run/predictions';

const COUNT = 9000;

describe('the line of an annotation in a long file', () => {
  let file: string;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nlvr-annotation-'));
    file = join(folder, 'a.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const example = (over: Partial<Prediction>): Prediction => ({
    identifier: '',
    index: 0,
    split: 'val',
    sentence: '',
    images: ['/images/a.png', '/images/b.png'],
    label: true,
    prediction: true,
    prob_true: 0.5,
    logits: [0, 0],
    ...over,
  });
  /** About 200 characters each, of different lengths, so that chunks of the file end anywhere in them. */
  const padding = (i: number) => 'é日'.repeat(20 + (i % 41));
  const placeOf = (over: Partial<Prediction>) => findAnnotation(file, example(over));
  const lineOf = async (over: Partial<Prediction>) => (await placeOf(over))?.line ?? null;

  it('has the column of its element when the whole list is on one line', async () => {
    const elements = Array.from({ length: COUNT }, (_, i) =>
      JSON.stringify({ images: [`${i}-img0.png`, 'b.png'], sentence: padding(i) }),
    );
    await writeFile(file, `[${elements.join(', ')}]`);
    for (const i of [0, 1, 5000, COUNT - 1]) {
      const place = await placeOf({
        identifier: `${i}#0`,
        sentence: padding(i),
        images: [`/x/${i}-img0.png`, '/x/b.png'],
      });
      const before = elements.slice(0, i).reduce((sum, each) => sum + each.length + 2, 0);
      expect(place).toEqual({ line: 1, column: 2 + before });
    }
  });

  it('is found by the identifier, wherever it is', async () => {
    const lines = Array.from({ length: COUNT }, (_, i) =>
      JSON.stringify({ sentence: padding(i), identifier: `dev-${i}-0-0`, of: `dev-${i + 1}-0-0` }),
    );
    await writeFile(file, lines.join('\n'));
    for (let i = 0; i < COUNT; i += 617)
      expect(await lineOf({ identifier: `dev-${i}-0-0` })).toBe(i + 1);
    expect(await lineOf({ identifier: `dev-${COUNT - 1}-0-0` })).toBe(COUNT);
    expect(await lineOf({ identifier: `dev-${COUNT}-0-0` })).toBeNull();
  });

  it('is found by sentence and image, the k-th of equal ones in order', async () => {
    const annotations = Array.from({ length: COUNT }, (_, i) => ({
      images: [`${i % 3000}-img0.png`, 'b.png'],
      sentence: 'The "same" sentence.',
      about: padding(i),
    }));
    const text = annotations.map((each) => JSON.stringify(each)).join(',\n');
    await writeFile(file, `[\n${text}\n]`);
    const sentence = 'The "same" sentence.';
    for (const i of [0, 1234, 2999])
      for (const k of [0, 1, 2]) {
        const images: [string, string] = [`/x/${i}-img0.png`, '/x/b.png'];
        expect(await lineOf({ identifier: `${i}#${k}`, sentence, images })).toBe(i + 3000 * k + 2);
      }
  });

  it('is 1 if the whole file is one line', async () => {
    const annotations = Array.from({ length: COUNT }, (_, i) => ({
      images: [`${i}-img0.png`, 'b.png'],
      sentence: `Sentence ${i}.`,
      about: padding(i),
    }));
    await writeFile(file, JSON.stringify(annotations));
    const at = (i: number, image: number) =>
      lineOf({ sentence: `Sentence ${i}.`, images: [`/x/${image}-img0.png`, '/x/b.png'] });
    expect(await at(8888, 8888)).toBe(1);
    expect(await at(8888, 8887)).toBeNull();
    await writeFile(file, '');
    expect(await at(1, 1)).toBeNull();
  });
});
