/** Checks the heat maps of a small trained model from `nlvr explain` and `nlvr predict --serve`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { fail, succeed } from './cliSupport';
import {
  ALL_LAYER_KINDS,
  medConfig,
  nlvr,
  sharedFolder,
  tinyProject,
  type TinyProject,
} from './tinyProject';

const folder = sharedFolder();
let project: TinyProject;

beforeAll(async () => {
  project = await tinyProject(
    { precision: 'fp32', max_epoch: '1', med_config: medConfig(ALL_LAYER_KINDS) },
    undefined,
    folder,
  );
  await succeed('train', '--config', project.config);
});

interface Explained {
  prediction: boolean;
  answer: boolean;
  layer: number;
  grid: [number, number];
  words: ({ word: string; place: number; tokens: number[] } & Record<
    'left' | 'right',
    { gradcam: number[][]; attention: number[][]; class_token: number }
  >)[];
}
const sentence = 'The left image, is red.';
const images = (): [string, string] => [
  join(folder, 'images', 'red-20.png'),
  join(folder, 'images', 'blue-33.png'),
];
const question = (): string[] => {
  const [left, right] = images();
  return [
    ...['explain', '--checkpoint', project.run, '--sentence', sentence],
    ...['--left', left, '--right', right],
  ];
};
const explain = async (...more: string[]): Promise<Explained> =>
  JSON.parse(await succeed(...question(), '--json', ...more)) as Explained;
const sum = (map: number[][]): number => map.flat().reduce((total, value) => total + value, 0);

test('--json: a map of each image for every word, of the model’s own answer', async () => {
  const own = await explain();
  const words = ['[ENC]', 'the', 'left', 'image', ',', 'is', 'red'];
  expect(own.words.map(({ word }) => word)).toEqual(words);
  expect(own.answer).toBe(own.prediction);
  // The model has 7 layers; the default is the second to last.
  expect([own.layer, own.grid]).toEqual([6, [2, 2]]);
  for (const { left, right } of own.words)
    for (const { attention, class_token, gradcam } of [left, right]) {
      expect(sum(attention) + class_token).toBeCloseTo(1, 5);
      for (const value of gradcam.flat()) expect(value).toBeGreaterThanOrEqual(0);
    }
  // For several words: the mean over their word pieces.
  const [both] = (await explain('--word', 'Left image')).words;
  expect(both.tokens).toEqual([2, 3]);
  const at = (map: number[][], patch: number): number => map.flat()[patch];
  for (const patch of [0, 1, 2, 3])
    expect(at(both.left.gradcam, patch)).toBeCloseTo(
      (at(own.words[2].left.gradcam, patch) + at(own.words[3].left.gradcam, patch)) / 2,
      7,
    );
});

test('is answered by predict --serve, any word, layer, head and answer of a question at once', async () => {
  const own = await explain();
  const [left, right] = images();
  const asked: object[] = [
    { word: 2 },
    { word: 2, head: 1 },
    { word: 2, head: 2 },
    { word: 2, answer: !own.prediction },
    { word: 2, method: 'attention', layer: 7 },
    { word: 2, layer: 7 },
    { layer: 8 },
    { head: 0 },
    { method: 'rollout' },
    { word: 6, save: join(folder, 'served.png'), fade: 0.3 },
  ];
  const { stdout } = await nlvr(
    ['predict', '--serve', '--config', project.config, '--checkpoint', project.run],
    {
      input: asked.map((explain) => JSON.stringify({ left, right, sentence, explain })).join('\n'),
    },
  );
  interface Line {
    error?: string;
    hint?: string;
    encoded: number;
    explained: { answer: boolean; left: number[]; right: number[]; empty: boolean };
  }
  const [, mean, head1, head2, other, attention, last, layer, head, method, saved] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(mean.encoded).toBe(2);
  expect(mean.explained.answer).toBe(own.prediction);
  mean.explained.left.forEach((value, patch) => {
    expect(value).toBeCloseTo(own.words[2].left.gradcam.flat()[patch], 7);
    const heads = head1.explained.left[patch] + head2.explained.left[patch];
    expect(value).toBeCloseTo(heads / 2, 7);
  });
  expect(other.explained.answer).toBe(!own.prediction);
  expect(other.explained.left).not.toEqual(mean.explained.left);
  expect(attention.explained).toMatchObject({ empty: false });
  // Only the first token of the last layer reaches the answer.
  expect(last.explained).toMatchObject({ empty: true, left: [0, 0, 0, 0], right: [0, 0, 0, 0] });
  expect(layer).toMatchObject({ error: expect.stringContaining('no layer 8') as string });
  expect(layer.hint).toContain('from 1 to 7');
  expect(head).toMatchObject({ error: expect.stringContaining('no head 0') as string });
  expect(method.error).toContain('explain.method');
  expect(saved.error).toBeUndefined();
  const { format, width, height } = await sharp(join(folder, 'served.png')).metadata();
  expect({ format, width, height }).toEqual({ format: 'png', width: 20 + 33 + 1, height: 24 });
});

test('plain output describes the maps and draws one word; images are written', async () => {
  const pictures = join(folder, 'pictures');
  const text = await succeed(...question(), '--layer', '7', '--png', pictures);
  expect(text).toMatch(/^(True|False) \(probability of True 0\.\d{4}\)\nWhere it looks: Grad-CAM/);
  expect(text).toMatch(/\nred +0 +0\n/);
  expect(text).toContain('In the last layer only [ENC] reaches the answer');
  expect(readdirSync(pictures)).toEqual([
    '00-sentence.png',
    ...['01-the.png', '02-left.png', '03-image.png', '04--.png', '05-is.png', '06-red.png'],
  ]);
  const png = join(folder, 'red.png');
  const one = await succeed(...question(), '--word', 'red', '--method', 'attention', '--png', png);
  expect(one).toMatch(/\nred +\d\.\d\de-\d/);
  expect(one).toMatch(/\n\|[ .:\-=+*#%@]{4}\| \|[ .:\-=+*#%@]{4}\|\n/);
  expect(existsSync(png)).toBe(true);
});

test('a word that does not occur, and a single file for several images', async () => {
  expect(await fail(2, ...question(), '--word', 'dog')).toMatch(
    /no word “dog”.*the, left, image, ,, is, red/s,
  );
  expect(await fail(2, ...question(), '--png', join(folder, 'all.png'))).toContain('--word');
});
