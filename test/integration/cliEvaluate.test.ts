/** `nlvr evaluate`, `predict` and `export`, and `train --evaluate`, on the weights of one small run. */
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { blipEvents } from '../../src/run/import/blipLog';
import { readRun } from '../../src/run/read/readRun';
import { runPaths } from '../../src/run/runPaths';
import {
  crossEntropy,
  editJson,
  fail,
  metricsOf,
  officialNlvr2,
  predictionsOf,
  readJson,
  succeed,
} from './cliSupport';
import {
  scratchFolder,
  sharedFolder,
  startNlvr,
  tinyProject,
  type TinyProject,
} from './tinyProject';

interface Annotation {
  identifier?: string;
  sentence: string;
  label?: string;
  images: [string, string];
  group?: string;
}

const folder = sharedFolder();
let project: TinyProject;
/** The files that `nlvr evaluate` wrote for the run folder. */
const reference = join(folder, 'evaluated');
const pth = join(folder, 'exported.pth');

function evaluate(checkpoint: string, to: string, ...more: string[]): Promise<string> {
  return succeed(
    ...['evaluate', '--config', project.config, '--checkpoint', checkpoint],
    ...['--output_dir', to, ...more],
  );
}

/** The files of an evaluation for comparison, without the names of the weights. */
function written(to: string): Record<string, string> {
  const files = Object.fromEntries(
    ['predictions/val.jsonl', 'predictions/test.jsonl', 'metrics.json', 'log.txt'].map((name) => [
      name,
      readFileSync(join(to, name), 'utf8'),
    ]),
  );
  return { ...files, 'metrics.json': JSON.stringify(numbersOf(to)) };
}

/** `metrics.json` without the keys about the weights. */
function numbersOf(to: string): Record<string, object> {
  return Object.fromEntries(
    Object.entries(metricsOf(to)).map(([split, metrics]) => [
      split,
      { ...metrics, run: null, epoch: null, checkpoint: null },
    ]),
  );
}

beforeAll(async () => {
  project = await tinyProject({ precision: 'fp32' }, undefined, folder);
  editJson<Annotation>(join(folder, 'test.json'), (examples) => delete examples[1].label);
  await succeed('train', '--config', project.config);
  await evaluate(project.run, reference, '--split', 'val,test');
  await succeed('export', project.run, pth);
});

describe('nlvr evaluate', () => {
  test.each(['val', 'test'])('%s: one line per example, in annotation order', (split) => {
    const annotations = readJson<Annotation[]>(join(folder, `${split}.json`));
    const lines = predictionsOf(reference, split);
    const label = { True: true, False: false } as Record<string, boolean>;
    expect(lines).toEqual(
      annotations.map(({ identifier, sentence, images, ...annotation }, index) => ({
        identifier,
        index,
        split,
        sentence,
        images,
        label: annotation.label === undefined ? null : label[annotation.label],
        prediction: expect.any(Boolean) as boolean,
        prob_true: expect.any(Number) as number,
        logits: [expect.any(Number), expect.any(Number)],
      })),
    );
    for (const { prediction, prob_true, logits } of lines) {
      const [no, yes] = logits.map(Math.exp);
      expect(prob_true).toBeCloseTo(yes / (no + yes), 12);
      expect(prediction).toBe(yes > no);
    }
  });

  test('an unlabeled example is predicted, with the label null', () => {
    expect(predictionsOf(reference, 'test').map(({ label }) => label === null)).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => index === 1),
    );
  });

  test("metrics are those of NLVR2's official script, in full precision", () => {
    const metrics = metricsOf(reference);
    expect(Object.keys(metrics)).toEqual(['val', 'test']);
    for (const split of ['val', 'test']) {
      const lines = predictionsOf(reference, split);
      expect(metrics[split]).toEqual({
        ...officialNlvr2(lines),
        loss: expect.closeTo(crossEntropy(lines), 12) as number,
        examples: lines.length,
        groups: [],
        run: readJson<{ name: string }>(join(project.run, 'run.json')).name,
        epoch: expect.any(Number) as number,
        checkpoint: join(project.run, 'checkpoint_best.safetensors'),
      });
    }
  });

  test('gives the same results for a run folder, its .safetensors and a .pth', async () => {
    const safetensors = join(project.run, 'checkpoint_best.safetensors');
    const folders = [scratchFolder(), scratchFolder()];
    await Promise.all([evaluate(safetensors, folders[0]), evaluate(pth, folders[1])]);
    for (const to of folders) expect(written(to)).toEqual(written(reference));
  });

  test("agrees with the run's own evaluation of its best epoch", () => {
    const { best } = readJson<{ best: { epoch: number; accuracy: number } }>(
      join(project.run, 'run.json'),
    );
    const own = readFileSync(
      join(project.run, 'predictions', `val-epoch-${String(best.epoch).padStart(3, '0')}.jsonl`),
      'utf8',
    );
    expect(own).toBe(written(reference)['predictions/val.jsonl']);
    expect(numbersOf(project.run)).toEqual(numbersOf(reference));
    expect(metricsOf(project.run)['val']).toMatchObject({
      epoch: best.epoch,
      checkpoint: 'checkpoint_best.safetensors',
    });
    expect(metricsOf(reference)['val'].epoch).toBe(best.epoch);
    expect(best.accuracy).toBe(metricsOf(reference)['val'].accuracy);
  });

  test('--split and --set: one split, other annotations with kinds and without identifiers', async () => {
    const to = scratchFolder();
    const kinds = ['color', 'other'];
    const kindOf = (index: number): string => kinds[index % 3 === 0 ? 1 : 0];
    editJson<Annotation>(
      join(folder, 'val.json'),
      (examples) =>
        examples.forEach((example, index) => {
          delete example.identifier;
          example.group = kindOf(index);
        }),
      join(folder, 'plain.json'),
    );
    const stdout = await evaluate(
      ...([project.run, to, '--split', 'val'] as const),
      ...['--set', 'ann_files.val=plain.json', '--set', 'batch_size_test=3'],
    );
    expect(readdirSync(join(to, 'predictions'))).toEqual(['val.jsonl']);
    const lines = predictionsOf(to, 'val');
    // Different batches cause rounding differences up to this.
    for (const [i, { logits }] of predictionsOf(reference, 'val').entries())
      for (const k of [0, 1]) expect(lines[i].logits[k]).toBeCloseTo(logits[k], 5);
    const groups = ['other', 'color'].map((name) => {
      const own = lines.filter(({ group }) => group === name);
      const right = own.filter(({ label, prediction }) => label === prediction);
      return { name, examples: own.length, accuracy: right.length / own.length };
    });
    expect(metricsOf(to)).toEqual({
      val: {
        accuracy: lines.filter(({ label, prediction }) => label === prediction).length / 10,
        consistency: null,
        consistency_reason: 'The identifiers do not show which examples share a sentence.',
        run: expect.any(String) as string,
        epoch: expect.any(Number) as number,
        checkpoint: expect.any(String) as string,
        loss: expect.closeTo(crossEntropy(lines), 12) as number,
        examples: 10,
        groups,
      },
    });
    for (const name of kinds) expect(stdout).toMatch(new RegExp(`${name} +[\\d.]+% +of +\\d+`));
  });

  test('invalid input: exit code 2, no files', async () => {
    const to = join(scratchFolder(), 'evaluated');
    const common = ['evaluate', '--config', project.config, '--output_dir', to] as const;
    const own = ['--checkpoint', project.run] as const;
    expect(await fail(2, ...common, ...own, '--split', 'dev')).toMatch(/"dev" is not a split/);
    expect(await fail(2, ...common, ...own, '--set', 'image_sise=32')).toMatch(/image_size/);
    expect(await fail(2, ...common, '--checkpoint', join(folder, 'images'))).toMatch(
      /contains no checkpoint/,
    );
    expect(existsSync(to)).toBe(false);
    expect(
      await fail(
        ...([2, 'evaluate', '--config', project.config, ...own] as const),
        ...['--output_dir', join(project.config, 'evaluated')],
      ),
    ).toMatch(/nlvr\.yaml is a file/);
  });

  test('Ctrl-C: exit code 130, no partial results', async () => {
    const large = await tinyProject(
      { precision: 'fp32', batch_size_test: '1' },
      { train: 4, val: 6000, test: 4 },
    );
    const to = join(large.folder, 'evaluated');
    const child = startNlvr([
      ...['evaluate', '--config', large.config, '--checkpoint', project.run],
      ...['--output_dir', to, '--split', 'val'],
    ]);
    // The folder is created when the weights are loaded and the evaluation starts.
    while (child.exitCode === null && !existsSync(join(to, 'predictions'))) await sleep(5);
    await sleep(100);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(130);
    expect(readdirSync(join(to, 'predictions'))).toEqual([]);
    expect(existsSync(join(to, 'metrics.json'))).toBe(false);
  });
});

test("nlvr train --evaluate gives the same, and BLIP's log line", async () => {
  const to = scratchFolder();
  await succeed(
    ...['train', '--config', project.config, '--pretrained', pth],
    ...['--output_dir', to, '--evaluate'],
  );
  expect(written(to)).toEqual(written(reference));
  // The configuration is read from the run folder of the weights.
  const own = scratchFolder();
  await succeed('train', '--pretrained', project.run, '--output_dir', own, '--evaluate');
  expect(written(own)).toEqual(written(reference));
  expect(await fail(2, 'train', '--pretrained', pth, '--output_dir', own, '--evaluate')).toMatch(
    /is not in a run folder.*--config/s,
  );
  const { val, test: tested } = metricsOf(to);
  const four = (value: number | null): string => (value ?? NaN).toFixed(4);
  expect(written(to)['log.txt']).toBe(
    `{"val_acc": "${four(val.accuracy)}", "test_acc": "${four(tested.accuracy)}"}\nbest epoch: 0`,
  );
});

test("BLIP's own output folder is evaluated into itself, and BLIP's files are kept", async () => {
  const blip = scratchFolder();
  const log =
    '{"train_lr": "0.0000", "train_loss": "0.6931", "val_acc": "0.5000", "test_acc": "0.5000", "epoch": 0}\n';
  const config = 'ann_root: annotation\nimage_root: /export/share/nlvr2\nmax_epoch: 15\n';
  writeFileSync(join(blip, 'log.txt'), log);
  writeFileSync(join(blip, 'config.yaml'), config);
  copyFileSync(pth, join(blip, 'checkpoint_best.pth'));
  await evaluate(blip, blip);
  expect(readFileSync(join(blip, 'log.txt'), 'utf8')).toBe(log);
  expect(readFileSync(join(blip, 'config.yaml'), 'utf8')).toBe(config);
  expect(predictionsOf(blip, 'val')).toEqual(predictionsOf(reference, 'val'));
  // It is still a training, which can be resumed; its dashboard shows the results, Failed Examples the images.
  expect(await readRun(blip)).toMatchObject({
    status: 'running',
    info: { kind: 'imported', step: 1 },
  });
  const { accuracy, consistency } = metricsOf(blip).val;
  expect(await blipEvents(blip)).toContainEqual(
    expect.objectContaining({
      type: 'eval',
      split: 'val',
      epoch: null,
      step: 1,
      accuracy,
      consistency,
    }),
  );
  expect((await runPaths(blip, ''))?.imageRoot).toBe(join(project.folder, 'images'));
});

describe('nlvr predict', () => {
  const filesOf = ([left, right]: readonly [string, string]): [string, string] => [
    join(folder, 'images', left),
    join(folder, 'images', right),
  ];
  const ask = (left: string, right: string, sentence: string, ...more: string[]): string[] => [
    ...['predict', '--config', project.config, '--checkpoint', project.run],
    ...['--left', left, '--right', right, '--sentence', sentence, ...more],
  ];

  test('--json is the line of the predictions file', async () => {
    const line = predictionsOf(reference, 'val')[3];
    const answer = JSON.parse(
      await succeed(...ask(...filesOf(line.images), line.sentence, '--json')),
    ) as typeof line;
    expect(answer.prediction).toBe(line.prediction);
    expect(Math.abs(answer.prob_true - line.prob_true)).toBeLessThan(1e-6);
    for (const k of [0, 1]) expect(Math.abs(answer.logits[k] - line.logits[k])).toBeLessThan(1e-6);
  });

  test('plain output is a sentence', async () => {
    const { images, sentence, prediction, prob_true } = predictionsOf(reference, 'val')[0];
    expect(await succeed(...ask(...filesOf(images), sentence))).toBe(
      `${prediction ? 'True' : 'False'} (probability of True ${prob_true.toFixed(4)})\n`,
    );
  });

  test('a missing image, and an incomplete question', async () => {
    const [, right] = filesOf(predictionsOf(reference, 'val')[0].images);
    const missing = join(folder, 'gone.png');
    expect(await fail(2, ...ask(missing, right, 'a sentence'))).toContain(missing);
    expect(
      await fail(2, ...['predict', '--config', project.config, '--checkpoint', project.run]),
    ).toMatch(/--left, --right and --sentence/);
  });
});

describe('nlvr export', () => {
  test('round trip: the same predictions', async () => {
    const to = scratchFolder();
    const back = join(to, 'weights.bin');
    await succeed('export', pth, back, '--format', 'safetensors');
    await evaluate(back, to);
    expect(written(to)).toEqual(written(reference));
  });

  test('refuses to replace a file without --overwrite', async () => {
    const file = join(scratchFolder(), 'mine.pth');
    writeFileSync(file, 'mine');
    expect(await fail(2, 'export', project.run, file)).toMatch(/already exists.*--overwrite/s);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await succeed('export', project.run, file, '--overwrite');
    expect(readFileSync(file).equals(readFileSync(pth))).toBe(true);
  });

  test('a file that is not a checkpoint, and an unknown extension', async () => {
    const out = join(scratchFolder(), 'weights.pth');
    copyFileSync(project.config, `${out}.txt`);
    await fail(2, 'export', `${out}.txt`, out);
    expect(existsSync(out)).toBe(false);
    expect(await fail(2, 'export', project.run, `${out}.bin`)).toMatch(/--format/);
    expect(await fail(2, 'export', project.run, join(out, 'a.pth'))).toMatch(/no folder/);
    expect(await fail(2, 'export', project.run, folder, '--format', 'pth')).toMatch(/is a folder/);
  });
});
