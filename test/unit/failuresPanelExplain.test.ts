import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { rotateMap } from '../../src/extension/failures/heatMaps';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

/** Returns a heat map for a question; its maximum is the upper left patch of the stored image. */
const SERVER = `
const { writeFileSync } = require('node:fs');
const say = (line) => console.log(JSON.stringify(line));
say(process.argv[1] === 'refuse' ? { error: 'It lacks its head.', allowedBy: '--allow_missing' } : { ready: true, device: 'CPU', parameters: 7 });
require('node:readline').createInterface({ input: process.stdin }).on('line', (text) => {
  const { id, left, sentence, explain } = JSON.parse(text);
  if (sentence === 'die') process.exit(1);
  const { word = 0, layer = 8, head = null, method, answer = true, save } = explain ?? {};
  if (layer === 13) return say({ id, error: 'The text encoder has no layer 13.' });
  if (save) writeFileSync(save, JSON.stringify(explain));
  const explained = {
    answer, method, layer, layers: 12, head, heads: 12, grid: 2, words: ['[ENC]', ...sentence.split(' ')], word,
    left: [left.endsWith('b.png') ? 4 : 2, 1, 0, 0], right: [1, 0, 0, 0], empty: false,
  };
  const line = { id, prediction: true, prob_true: 0.75, ms: 3, ...(explain && { explained: sentence === 'odd' ? { grid: 2 } : explained }) };
  setTimeout(() => say(line), sentence.startsWith('slow') && word === 1 ? 200 : 0);
}).on('close', () => process.exit());`;

async function open(mode = 'serve'): Promise<typeof bench.panel> {
  const picture = sharp({ create: { width: 4, height: 2, channels: 3, background: '#123' } });
  await picture
    .clone()
    .png()
    .toFile(join(bench.folder, 'images', 'b.png'));
  // Shown rotated by 90 degrees clockwise.
  const turned = await picture.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  await writeFile(join(bench.folder, 'images', 'a.png'), turned);
  await bench.write('val.jsonl', [bench.example(0, 0.1), bench.example(1, 0.2)]);
  const panel = bench.open();
  panel.launch = (allowed) =>
    Promise.resolve({
      command: process.execPath,
      args: ['-e', SERVER, mode === 'refuse' && !allowed ? 'refuse' : 'serve'],
      env: process.env,
    });
  await panel.ready();
  panel.model.select(0);
  return panel;
}

describe('the heat map', () => {
  it('belongs to the current question, with the maps rotated as the images are shown', async () => {
    const { model } = await open();
    const { explanation } = model.questions;
    const question = model.questions.explainedQuestion(0);
    const explained = await explanation.show(question, { word: 1, head: 3 });
    // a.png is rotated clockwise: its upper left is shown in the upper right.
    expect(explained).toMatchObject({
      ...{ word: 1, layer: 8, answer: true, prediction: true, probTrue: 0.75 },
      ...{ left: [0, 2, 0, 1], right: [1, 0, 0, 0] },
    });
    expect(explanation.explained(question)).toBe(explained);
    // Swapped images are another question, for which the whole sentence is selected again; the head is kept.
    model.questions.setDraft(0, { swapped: true });
    const exchanged = model.questions.explainedQuestion(0);
    expect(explanation.explained(exchanged)).toBeNull();
    expect(await explanation.show(exchanged)).toMatchObject({ word: 0, left: [4, 1, 0, 0] });
    expect(explanation.options).toMatchObject({ head: 3, word: 0, answer: null });
    // So is another example.
    expect(explanation.explained(model.questions.explainedQuestion(1))).toBeNull();
  });

  it('shows an error, keeps the previous map, and continues', async () => {
    const { model } = await open();
    const { explanation } = model.questions;
    const question = model.questions.explainedQuestion(0);
    const before = await explanation.show(question);
    expect(await explanation.show(question, { layer: 13 })).toBeNull();
    expect(explanation.problem(question)?.message).toBe('The text encoder has no layer 13.');
    expect(explanation.explained(question)).toBe(before);
    expect(await explanation.show(question, { layer: 12 })).toMatchObject({ layer: 12 });
    expect(explanation.problem(question)).toBeNull();
    const asked = (sentence: string) => ({ ...question, sentence });
    await explanation.show(asked('odd'));
    expect(explanation.problem(asked('odd'))?.message).toContain('cannot be understood');
    await explanation.show(asked('die'));
    expect(explanation.problem(asked('die'))?.message).toContain('exit code 1');
    expect(await explanation.show(asked('again'))).toMatchObject({ words: ['[ENC]', 'again'] });
  });

  it('discards late responses, and those of canceled requests', async () => {
    const { model } = await open();
    const { explanation } = model.questions;
    const question = { ...model.questions.explainedQuestion(0), sentence: 'slow one' };
    const slow = explanation.show(question, { word: 1 });
    const fast = explanation.show(question, { word: 2 });
    expect(await fast).toMatchObject({ word: 2 });
    expect(await slow).toBeNull();
    expect(explanation.explained(question)).toMatchObject({ word: 2 });
    const canceled = explanation.show(question, { word: 1 });
    expect(explanation.isWaitingFor(question)).toBe(true);
    explanation.cancel();
    expect(explanation.isWaitingFor(question)).toBe(false);
    expect(await canceled).toBeNull();
    expect(explanation.explained(question)).toMatchObject({ word: 2 });
  });

  it('of an incomplete model is shown only after the user has confirmed it', async () => {
    const { model } = await open('refuse');
    const question = model.questions.explainedQuestion(0);
    expect(await model.questions.explanation.show(question)).toBeNull();
    expect(model.questions.explanation.problem(question)).toMatchObject({ anyway: true });
    model.send({ type: 'allowMissing' });
    expect(await model.questions.explanation.show(question)).toMatchObject({ layer: 8 });
  });

  it('is refused if no question can be asked', async () => {
    const panel = await open();
    panel.unavailable = { state: 'unavailable', message: 'Not trusted.', trust: true };
    const question = panel.model.questions.explainedQuestion(0);
    expect(await panel.model.questions.explanation.show(question)).toBeNull();
    expect(panel.model.questions.explanation.problem(question)?.message).toBe('Not trusted.');
  });

  it('is saved as the picture that the process renders', async () => {
    const panel = await open();
    const { explanation } = panel.model.questions;
    const question = panel.model.questions.explainedQuestion(0);
    await explanation.show(question, { word: 2, method: 'attention' });
    explanation.setFade(0.3);
    expect(await explanation.save(question)).toBe('dev-0-0-0-where.png');
    const { save, ...asked } = JSON.parse(panel.saved?.text ?? '') as Record<string, unknown>;
    expect(asked).toEqual({ word: 2, head: null, method: 'attention', fade: 0.3 });
    // The temporary file was removed.
    await expect(readFile(String(save))).rejects.toThrow(/ENOENT/);
  });
});

it('a map is rotated by each EXIF orientation', () => {
  const map = [1, 2, 3, 4];
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((each) => rotateMap(map, 2, each).join(''))).toEqual([
    ...['1234', '2143', '4321', '3412', '1324', '3142', '4231', '2413'],
  ]);
});
