/** Checks `nlvr robustness` with models that ignore a part of their input, which it must detect. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RobustnessTest, TestNumbers } from '../../src/analysis/robustness';
import { robustnessIn, type RobustnessResult } from '../../src/analysis/robustnessFile';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { writeSafetensors } from '../../src/model/checkpoint/safetensorsWriter';
import { fail, predictionsOf, readJson, succeed, tensorsOf } from './cliSupport';
import {
  ALL_LAYER_KINDS,
  medConfig,
  sharedFolder,
  startNlvr,
  tinyProject,
  type TinyProject,
} from './tinyProject';

const folder = sharedFolder();
let project: TinyProject;
let best: string;

type Tensors = Map<string, Float32Array>;

/** Sets parameters to 0. */
function zeroWeights(tensors: Tensors, names: RegExp): void {
  const found = [...tensors.keys()].filter((name) => names.test(name));
  expect(found.length, String(names)).toBeGreaterThan(0);
  for (const name of found) tensors.get(name)?.fill(0);
}

/** Writes the run's model with changed weights. @returns the file */
async function model(name: string, change: (tensors: Tensors) => void): Promise<string> {
  const tensors = await tensorsOf(best);
  change(tensors);
  const file = join(folder, `${name}.safetensors`);
  const shapes = new Map([...(await shapesOf(best))].filter(([each]) => tensors.has(each)));
  await writeSafetensors(file, shapes, values(tensors));
  return file;
}

async function* values(tensors: Tensors): AsyncGenerator<[string, Float32Array]> {
  for (const entry of tensors) yield Promise.resolve(entry);
}

async function shapesOf(file: string): Promise<Map<string, readonly number[]>> {
  const checkpoint = await openCheckpoint(file);
  try {
    return new Map([...checkpoint.tensors].map(([name, { shape }]) => [name, shape]));
  } finally {
    await checkpoint.close();
  }
}

async function tested(checkpoint: string, ...more: string[]): Promise<RobustnessResult> {
  const args = ['robustness', checkpoint, '--config', project.config, '--json', ...more];
  return JSON.parse(await succeed(...args)) as RobustnessResult;
}

function numbersOf(result: RobustnessResult, test: RobustnessTest): TestNumbers {
  const found = result.tests.find((each) => each.test === test);
  if (!found) throw new Error(`no test ${test}`);
  return found;
}

beforeAll(async () => {
  project = await tinyProject(
    {
      precision: 'fp32',
      max_epoch: '1',
      init_std: '0.4',
      med_config: medConfig(ALL_LAYER_KINDS),
    },
    { train: 8, val: 30, test: 6 },
    folder,
  );
  await succeed('train', '--config', project.config);
  best = join(project.run, 'checkpoint_best.safetensors');
  // The head's bias is set to the median, so that as many predictions are True as False.
  const said = join(folder, 'said');
  await succeed('evaluate', '--checkpoint', project.run, '--output_dir', said, '--split', 'val');
  const margins = predictionsOf(said, 'val')
    .map(({ logits }) => logits[1] - logits[0])
    .sort((a, b) => a - b);
  const middle = (margins[14] + margins[15]) / 2;
  const balanced = await model('balanced', (tensors) => {
    const bias = tensors.get('cls_head.2.bias');
    if (bias) bias[1] -= middle;
  });
  best = balanced;
});

describe('nlvr robustness', () => {
  test('predicts the original pairs as nlvr evaluate does', async () => {
    const to = join(folder, 'evaluated');
    await succeed(
      ...['evaluate', '--config', project.config, '--checkpoint', best],
      ...['--output_dir', to, '--split', 'val'],
    );
    const result = await tested(best);
    const metrics = readJson<{ val: { accuracy: number } }>(join(to, 'metrics.json'));
    expect(result.accuracy).toBe(metrics.val.accuracy);
    expect(result).toMatchObject({ examples: 30, labelled: 30, split: 'val', limit: null });
    // This model uses all inputs.
    const predictions = predictionsOf(to, 'val');
    expect(Math.max(...result.tests.map(({ flips }) => flips))).toBeGreaterThan(0);
    for (const { pairs } of result.tests)
      for (const { index, identifier, probTrue } of pairs) {
        expect(predictions[index].identifier).toBe(identifier);
        expect(probTrue).toBeCloseTo(predictions[index].prob_true, 5);
      }
  });

  test('a model that ignores the sentence or the images has the same accuracy without them', async () => {
    const withoutSentence = await tested(
      await model('deaf', (tensors) =>
        zeroWeights(tensors, /\.(word|position)_embeddings\.weight$/),
      ),
    );
    expect(numbersOf(withoutSentence, 'no sentence')).toMatchObject({
      flips: 0,
      accuracy: withoutSentence.accuracy,
      difference: 0,
      p: 1,
    });
    const withoutImages = await tested(
      await model('blind', (tensors) => zeroWeights(tensors, /crossattention\.output\.dense\d\./)),
    );
    for (const test of ['no images', 'left image twice', 'right image twice'] as const)
      expect(numbersOf(withoutImages, test)).toMatchObject({
        flips: 0,
        accuracy: withoutImages.accuracy,
      });
    // Its predictions depend on the sentence, which changes if it is removed.
    expect(numbersOf(withoutImages, 'no sentence').flips).toBeGreaterThan(0);
  });

  test('a model that ignores the right image is detected only by the left image twice', async () => {
    const result = await tested(
      await model('half', (tensors) => zeroWeights(tensors, /crossattention\.output\.dense1\./)),
    );
    expect(numbersOf(result, 'left image twice').flips).toBe(0);
    expect(numbersOf(result, 'right image twice').flips).toBeGreaterThan(0);
    // "the left image" becomes "the right image", so the prediction must not change.
    const { sides = [] } = numbersOf(result, 'exchanged');
    expect(sides.map(({ sides: kind, n }) => [kind, n])).toEqual([
      ['none', 0],
      ['images', 30],
      ['other', 0],
    ]);
  });

  test('writes its result to the run folder of the checkpoint; a limited test has a separate file', async () => {
    const said = await succeed('robustness', project.run);
    const file = join(project.run, 'robustness', 'val-checkpoint_best.json');
    expect(said).toMatch(/^val: 30 examples; checkpoint_best\.safetensors, saved after epoch 0$/m);
    expect(said).toMatch(/^ +accuracy +95% interval +changed +newly right +newly wrong +p$/m);
    expect(said).toMatch(/^as annotated +\d+\.\d% +\[\d/m);
    expect(said).toMatch(/^no images, only the sentence +\d+\.\d% +\[.* +\d+\.\d% +\d+ +\d+ /m);
    expect(said).toMatch(/^ {2}\d+ of 30 \(.*\) that refer to the images by side$/m);
    expect(said).toContain(`Result with every changed answer: ${file}`);
    const whole = robustnessIn(readFileSync(file, 'utf8'));
    expect(whole).toMatchObject({ epoch: 0, checkpoint: 'checkpoint_best.safetensors' });
    const some = await tested(project.run, '--limit', '7', '--split', 'val');
    expect(some).toMatchObject({ examples: 7, limit: 7, splitExamples: 30 });
    expect(await tested(project.run, '--limit', '7')).toMatchObject({ tests: some.tests });
    expect(readdirSync(join(project.run, 'robustness')).sort()).toEqual([
      'val-checkpoint_best-7.json',
      'val-checkpoint_best.json',
    ]);
    // Examples of the limited test also changed in the complete one.
    for (const { test, pairs } of some.tests) {
      const all = whole && numbersOf(whole, test).pairs;
      for (const pair of pairs)
        expect(all?.map(({ identifier, index }) => [identifier, index])).toContainEqual([
          pair.identifier,
          pair.index,
        ]);
    }
  });

  test('Ctrl-C: exit code 130, nothing is written', async () => {
    const many = join(folder, 'many.json');
    const few = readJson<object[]>(join(folder, 'val.json'));
    writeFileSync(many, JSON.stringify(Array.from({ length: 500 }, () => few).flat()));
    const to = join(folder, 'stopped');
    mkdirSync(to);
    const child = startNlvr([
      ...['robustness', best, '--config', project.config, '--output_dir', to],
      ...['--set', 'ann_files.val=many.json', '--set', `ann_root=${folder}`],
    ]);
    let said = '';
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    const ended = once(child, 'close');
    // While the model is loading.
    while (!readFileSync(`/proc/${child.pid}/maps`, 'utf8').includes('libtensorflow'))
      await sleep(50);
    child.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    expect(said).toContain('Stopped; nothing was written.');
    expect(code).toBe(130);
    expect(existsSync(join(to, 'robustness'))).toBe(false);
  });

  test('invalid input is refused with a hint', async () => {
    expect(await fail(2, 'robustness', join(folder, 'none'), '--config', project.config)).toMatch(
      /none/,
    );
    expect(await fail(2, 'robustness', best)).toMatch(/Specify the configuration with --config/);
    expect(await fail(2, 'robustness', project.run, '--limit', '0')).toMatch(
      /a whole number, at least 1/,
    );
    const torn = await model('torn', (tensors) => void tensors.delete('cls_head.2.bias'));
    const refusal = await fail(2, 'robustness', torn, '--config', project.config);
    expect(refusal).toMatch(/--allow_missing/);
    const { incomplete } = await tested(torn, '--allow_missing');
    expect(incomplete).toEqual([{ part: 'head', parameters: 1 }]);
  });
});
