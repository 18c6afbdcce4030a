// Evaluation where examples share images as in NLVR2's dev split, next to one in which every image occurs once:
//   npm run bench -- shared [--only base,small] [--precision bf16] [--pairs 64]
// Of dev's 13,964 places 8,102 are distinct: most image pairs are asked about twice, by examples next to each other.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { root } from '../scripts/steps.mjs';
import { selectedModels, flag, machine, models, table } from './shared.mjs';

/** Places and distinct images of NLVR2's dev split. */
const DEV = { places: 13964, images: 8102 };
/** Photographs are about so large, and compress worse than drawings. */
const PICTURE = { width: 640, height: 480 };

const precision = flag('--precision', 'bf16');
const pairs = Number(flag('--pairs', 64));
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-shared-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const nlvr = (...args) =>
  execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });

async function picture() {
  const { width, height } = PICTURE;
  const noise = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => Math.imul(i + 1, 2654435761) >>> 24,
  );
  const raw = { raw: { width, height, channels: 3 } };
  await sharp(noise, raw)
    .blur(2)
    .jpeg({ quality: 90 })
    .toFile(join(scratch, 'images', 'one.jpg'));
}

/**
 * An annotation file of `count` examples, with sentences of one length.
 * @param share whether they share images as in dev.
 */
function annotate(name, count, share) {
  const examples = [];
  // Examples so far by pairs so far stay at dev's ratio.
  const perPair = share ? DEV.places / DEV.images : 1;
  for (let pair = 0; examples.length < count; pair++) {
    const images = [0, 1].map((side) => {
      const file = `${name}-${pair}-${side}.jpg`;
      linkSync(join(scratch, 'images', 'one.jpg'), join(scratch, 'images', file));
      return file;
    });
    const until = Math.min(count, Math.max(examples.length + 1, Math.round((pair + 1) * perPair)));
    while (examples.length < until)
      examples.push({
        identifier: `dev-${examples.length >> 2}-${examples.length & 3}-0`,
        sentence: 'There are exactly two dogs in the left image and a red ball in the right one.',
        label: examples.length % 2 === 0 ? 'True' : 'False',
        images,
      });
  }
  writeFileSync(join(scratch, `${name}.json`), JSON.stringify(examples));
  return new Set(examples.flatMap(({ images }) => images)).size;
}

/** Seconds of a split. Another one like it, evaluated before, has all programs traced. */
function evaluate(model, weights, split) {
  const config = join(scratch, `${model}-${split}.yaml`);
  const annotations = { train: '', val: `warm-${split}.json`, test: `${split}.json` };
  writeFileSync(
    config,
    JSON.stringify({
      ...{ ...models[model].config, precision, image_root: 'images', ann_root: '.' },
      ...{ ann_files: annotations, cache_images: false },
    }),
  );
  const folder = join(scratch, `run-${model}-${split}`);
  nlvr('evaluate', '--config', config, '--checkpoint', weights, '--output_dir', folder);
  const events = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n');
  return events.map((line) => JSON.parse(line)).find((e) => e.type === 'eval' && e.split === 'test')
    .seconds;
}

mkdirSync(join(scratch, 'images'));
await picture();
const distinct = ['warm-apart', 'apart', 'warm-shared', 'shared'].map((name) =>
  annotate(name, pairs, name.endsWith('shared')),
);
const rows = [];
for (const model of selectedModels('small,base')) {
  const weights = join(scratch, `${model}.safetensors`);
  const config = join(scratch, `${model}.yaml`);
  writeFileSync(config, JSON.stringify({ ...models[model].config, precision }));
  nlvr('bench', '--config', config, '--steps', '1', '--batch', '1', '--weights', weights);
  const [apart, shared] = ['apart', 'shared'].map((split) => evaluate(model, weights, split));
  rows.push([model, precision, apart, shared, apart / shared]);
  rmSync(weights);
}
console.log(`${machine()}; ${pairs} examples, ${distinct[1]} images or ${distinct[3]}.`);
console.log(
  table(
    ['model', 'precision', 'every image once, s', 'shared as in dev, s', 'faster'],
    rows.map(([model, type, apart, shared, ratio]) => [
      ...[model, type, apart.toFixed(2), shared.toFixed(2), `${ratio.toFixed(2)} ×`],
    ]),
  ),
);
