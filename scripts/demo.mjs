// Generates media/demo, the runs of "NLVR: Open Demo Run": two trainings on the sample data set with different learning
// rates, the predictions for a part of its validation split, and small copies of the images. Takes some minutes and requires
// TensorFlow; `npm test` only checks that the files are consistent (test/unit/demo.test.ts).
//
//   node scripts/demo.mjs [--keep FOLDER]     # --keep: train in this folder and keep it; trained runs are reused
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'media', 'demo');
const cli = join(root, 'dist', 'cli.js');

/** Sets of the validation split: four pairs of images with four sentences each. */
const SETS = 20;
/** Side of the packaged images in pixels; the originals have 216. */
const SIDE = 108;
/** A short training, so that some predictions are wrong; few predictions, so that the files are small. */
const shared = ['max_epoch=7', 'eval_every=2', 'log_every=25', 'ann_files.test='];
const runs = [
  { name: 'demo', changes: [] },
  { name: 'demo-lower-lr', changes: ['init_lr=2e-4'] },
];

const keepAt = process.argv.indexOf('--keep');
const work = keepAt < 0 ? mkdtempSync(join(tmpdir(), 'nlvr-demo-')) : process.argv[keepAt + 1];

/** Writes the annotations of the validation examples for the runs. */
function writeAnnotations(data) {
  const all = JSON.parse(readFileSync(join(data, 'annotation', 'nlvr_dev.json'), 'utf8'));
  const setOf = ({ identifier }) => identifier.split('-')[1];
  const sets = new Set([...new Set(all.map(setOf))].slice(0, SETS));
  const chosen = all.filter((each) => sets.has(setOf(each)));
  const lines = chosen.map((each) => JSON.stringify(each)).join(',\n');
  writeFileSync(join(data, 'annotation', 'demo_val.json'), `[\n${lines}\n]\n`);
  return chosen;
}

function train(data, { name, changes }) {
  const folder = join(work, 'runs', name);
  if (existsSync(join(folder, 'metrics.json'))) return;
  const settings = [...shared, 'ann_files.val=demo_val.json', ...changes];
  const args = ['train', '--config', join(data, 'nlvr.yaml'), '--output_dir', folder];
  execFileSync(process.execPath, [cli, ...args, ...settings.flatMap((each) => ['--set', each])], {
    stdio: 'inherit',
  });
}

/** Copies a run without checkpoints and without data about this machine. */
function ship({ name }) {
  const from = join(work, 'runs', name);
  const to = join(target, 'runs', name);
  mkdirSync(to, { recursive: true });
  for (const part of ['predictions', 'log.txt', 'metrics.json'])
    cpSync(join(from, part), join(to, part), { recursive: true });
  const info = JSON.parse(readFileSync(join(from, 'run.json'), 'utf8'));
  const nowhere = { pid: 0, processStart: null, host: '', boot: null, pidNamespace: null };
  delete info.attempt;
  writeFileSync(
    join(to, 'run.json'),
    JSON.stringify({ ...info, ...nowhere, name, configFile: '' }, null, 2) + '\n',
  );
  const events = readFileSync(join(from, 'events.jsonl'), 'utf8').split('\n').filter(Boolean);
  const shippedEvents = events.filter((line) => JSON.parse(line).type !== 'checkpoint');
  writeFileSync(join(to, 'events.jsonl'), shippedEvents.join('\n') + '\n');
  const config = readFileSync(join(from, 'config.yaml'), 'utf8')
    .replace(/^image_root: .*$/m, 'image_root: ../../images')
    .replace(/^ann_root: .*$/m, 'ann_root: ../../annotation')
    .replace(/^output_dir: .*$/m, 'output_dir: .');
  writeFileSync(join(to, 'config.yaml'), config);
  for (const file of readdirSync(to, { recursive: true, withFileTypes: true }))
    if (file.isFile() && readFileSync(join(file.parentPath, file.name), 'utf8').includes(work))
      throw new Error(`${file.name} of ${name} names a folder of this machine`);
}

async function shipImages(data, examples) {
  for (const image of new Set(examples.flatMap(({ images }) => images))) {
    const file = join(target, 'images', image);
    mkdirSync(dirname(file), { recursive: true });
    await sharp(join(data, 'images', image))
      .resize(SIDE, SIDE)
      .png({ palette: true, colors: 16, compressionLevel: 9, effort: 10 })
      .toFile(file);
  }
}

try {
  const data = join(work, 'data');
  if (!existsSync(data))
    execFileSync(process.execPath, [cli, 'sample', data], { stdio: 'inherit' });
  const examples = writeAnnotations(data);
  for (const run of runs) train(data, run);
  rmSync(target, { recursive: true, force: true });
  for (const run of runs) ship(run);
  mkdirSync(join(target, 'annotation'), { recursive: true });
  cpSync(join(data, 'annotation', 'demo_val.json'), join(target, 'annotation', 'demo_val.json'));
  await shipImages(data, examples);
} finally {
  if (keepAt < 0) rmSync(work, { recursive: true, force: true });
}
