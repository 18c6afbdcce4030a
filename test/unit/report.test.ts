import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { makeReport } from '../../src/analysis/report/page';
import { Thumbnails } from '../../src/analysis/report/thumbnails';
import type { ReportRequest } from '../../src/analysis/report/reportData';
import { setFile } from '../../src/run/read/predictionSets';
import { scratchFolder } from '../integration/tinyProject';
import { AnalysisProject, type Annotation } from './analysisSupport';

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u0000\u202e</p>`;
const options = { language: 'en', version: '0', created: new Date(0) };

function report(run: string, more: Partial<ReportRequest> = {}): Promise<string> {
  return makeReport(
    { run, split: 'val', epoch: 'last', userSlices: [], worst: 24, ...more },
    options,
  );
}

/** Forty examples, their images in a folder of the project. */
function annotations(text: (i: number) => string): Annotation[] {
  return Array.from({ length: 40 }, (_, i) => ({
    identifier: `dev-${Math.floor(i / 4)}-${i % 4}-0`,
    sentence: text(Math.floor(i / 4)),
    label: i % 2 === 0 ? 'True' : 'False',
    left_url: '',
    synset: hostile,
  }));
}

function textOf(page: string, tag: string): string[] {
  return [...page.matchAll(new RegExp(`<${tag}\\b[^>]*>([^<]*)</${tag}>`, 'g'))].map((m) => m[1]);
}

test('untrusted names, sentences, keys and paths are escaped, and nothing is loaded or run', async () => {
  const project = new AnalysisProject(annotations((i) => `${hostile} ${i}`));
  const name = hostile.replaceAll('/', '').replaceAll('\u0000', '');
  const run = await project.import(name, (i) => i / 40, { epoch: 0 });
  const other = await project.import(`${name} 2`, (i) => 1 - i / 40);
  const config = join(run, 'config.yaml');
  writeFileSync(config, `${readFileSync(config, 'utf8')}? ${JSON.stringify(hostile)}\n: "<i>"\n`);
  const page = await report(run, {
    compareWith: other,
    userSlices: [{ name: '<u>mine</u>', pattern: 'alert' }],
  });
  const tags = new Set([...page.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, tag]) => tag));
  for (const tag of ['script', 'b', 'i', 'u', 'iframe', 'object', 'link', 'a', 'base', 'form'])
    expect(tags).not.toContain(tag);
  expect(page).not.toMatch(/<[^>]*\son\w+\s*=/i);
  expect(page).not.toMatch(/\b(src|href|srcset|action|background)\s*=\s*"(?!data:image\/webp)/);
  expect(page).not.toMatch(/url\(|@import|expression\(/);
  expect(page).not.toMatch(/\bstyle\s*=/);
  expect(page).toMatch(
    /Content-Security-Policy" content="default-src 'none'; img-src data:; style-/,
  );
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('&lt;u&gt;mine&lt;/u&gt;');
  expect(page).not.toContain('\u0000');
});

test('wrong predictions are shown with their images, most confident first, and missing images are named', async () => {
  const project = new AnalysisProject(annotations((i) => `There are ${i} dogs.`));
  const run = await project.import('run', (i) => (i % 2 === 0 ? 0.01 * i : 0.2), { epoch: 0 });
  const images = join(project.folder, 'dev');
  mkdirSync(images);
  const pixels = { create: { width: 500, height: 300, channels: 3, background: 'red' } } as const;
  await sharp(pixels).png().toFile(join(images, 'dev-0-0-img0.png'));
  writeFileSync(join(images, 'dev-0-0-img1.png'), 'no picture');
  const page = await report(run, { worst: 3 });
  expect(textOf(page, 'p').filter((text) => text.startsWith('There are'))).toEqual([
    'There are 0 dogs.',
    'There are 0 dogs.',
    'There are 1 dogs.',
  ]);
  const [, bytes = ''] =
    /<img src="data:image\/webp;base64,([^"]+)" alt="left image"/.exec(page) ?? [];
  expect(await sharp(Buffer.from(bytes, 'base64')).metadata()).toMatchObject({
    format: 'webp',
    width: 224,
    height: 134,
  });
  expect(page).toMatch(/right image: It is not an image\.\s+<code>dev\/dev-0-0-img1\.png<\/code>/);
  expect(page).toMatch(/left image: The file is missing\.\s+<code>dev\/dev-0-2-img0\.png<\/code>/);
  expect(page).toContain('Wrong answers: 20. 3 are shown,');
  expect(page).toMatch(
    /label True, predicted False,\s+probability of the label\s+<data value="0">0\.0%/,
  );
});

test('a report stays small: long texts are truncated, and images are limited', async () => {
  const project = new AnalysisProject(annotations((i) => `${i} ${'long '.repeat(10_000)}`));
  const run = await project.import('run', () => 0.1, { epoch: 0 });
  expect((await report(run, { worst: 200 })).length).toBeLessThan(400_000);
  const pixels = { create: { width: 8, height: 8, channels: 3, background: 'red' } } as const;
  await sharp(pixels).png().toFile(join(project.folder, 'red.png'));
  const pictures = new Thumbnails(project.folder, 1);
  expect(await pictures.get('red.png')).toHaveProperty('url');
  expect(await pictures.get('red.png')).toHaveProperty(
    'problem.text',
    expect.stringMatching(/^It is omitted/),
  );
});

test('a run without configuration or predictions is reported as such', async () => {
  const project = new AnalysisProject(annotations(() => 'A dog.'));
  const run = await project.import('run', (i) => i % 3 > 0);
  rmSync(join(run, 'config.yaml'));
  const page = await report(run);
  expect(page).toContain('This run has no readable configuration.');
  expect(page).toContain('The predictions have no probabilities.');
  expect(page).toContain('The image folder of this run is not known');

  const folder = scratchFolder();
  writeFileSync(
    join(folder, 'log.txt'),
    '{"train_lr": "0.000", "train_loss": "0.6931", "val_acc": "0.5102", "test_acc": "0.5031", "epoch": 0}\n' +
      '{"train_lr": "0.000", "train_loss": "0.5120", "val_acc": "0.8215", "test_acc": "0.8224", "epoch": 1}\nbest epoch: 1\n',
  );
  const followed = await report(folder);
  expect(followed).toContain('has no predictions yet.');
  expect(followed).toContain('val: from 51.0% to 82.2%.');
  await expect(report(folder, { compareWith: run })).rejects.toThrow('has no predictions yet');
});

test('the most suspicious labels are those of nlvr analyze, and the compared epoch can be selected', async () => {
  const project = new AnalysisProject(annotations((i) => `There are ${i} dogs.`));
  // Every tenth label is contradicted with confidence.
  const contradicted = (i: number): number => (i % 10 === 0 ? 0.03 : i % 2 === 0 ? 0.9 : 0.1);
  const run = await project.import('run', contradicted, { epoch: 0 });
  const other = await project.import('other', () => 0.9, { epoch: 1 });
  const second = await project.import('second', () => 0.1, { epoch: 2 });
  renameSync(
    setFile(second, { split: 'val', epoch: 2 }),
    setFile(other, { split: 'val', epoch: 2 }),
  );
  const { analysis } = await analyze({ run, split: 'val', epoch: 'last', userSlices: [] });
  const page = await report(run, { compareWith: other, epochB: 1 });
  const part = /<section id="label-noise"[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';
  expect(textOf(part, 'code')).toEqual(analysis.labelNoise.map(({ identifier }) => identifier));
  expect(textOf(part, 'code')).toHaveLength(4);
  expect(part).toContain('Examples whose labels may be wrong: 4. 4 are shown');
  expect(part).toContain(`<data value="${analysis.labelNoise[0].score}">0.97</data>`);
  expect(page).toContain('other (epoch 2)');
  expect(await report(run, { compareWith: other })).toContain('other (epoch 3)');
  const agreed = await project.import('agreed', (i) => (i % 2 === 0 ? 0.9 : 0.1));
  expect(await report(agreed)).toContain('No suspicious labels');
});
