/** Incomplete, non-finite and mismatched weights in `nlvr evaluate`, `predict` and `train`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { PredictClient, type ClientState } from '../../src/extension/failures/predictClient';
import { writeSafetensors } from '../../src/model/checkpoint/safetensorsWriter';
import { readModelConfig } from '../../src/model/config';
import { initialParameters } from '../../src/model/initialize';
import { parameterShapes } from '../../src/model/parameters';
import { readAttempts } from '../../src/run/record/attempts';
import { RunFolder } from '../../src/run/runFolder';
import { fail, metricsOf, predictionsOf, readJson, succeed } from './cliSupport';
import {
  ALL_LAYER_KINDS,
  eventsOf,
  medConfig,
  nlvr,
  scratchFolder,
  sharedFolder,
  tinyProject,
  type TinyProject,
} from './tinyProject';

const folder = sharedFolder();
let project: TinyProject;
let weights: Map<string, Float32Array>;
let shapes: Map<string, readonly number[]>;

type Change = (name: string, values: Float32Array) => string | undefined;

/** Writes initial weights under the names that `change` returns; omits those without a name. */
async function write(name: string, change: Change = (key) => key): Promise<string> {
  const file = join(folder, name);
  const changed = [...weights].flatMap(([key, values]) => {
    const copy = values.slice();
    const as = change(key, copy);
    return as === undefined ? [] : [{ key, as, copy }];
  });
  await writeSafetensors(
    file,
    new Map(changed.map(({ key, as }) => [as, shapes.get(key) ?? []])),
    // eslint-disable-next-line @typescript-eslint/require-await
    (async function* () {
      for (const { as, copy } of changed) yield [as, copy] as const;
    })(),
  );
  return file;
}

const evaluate = (checkpoint: string, to: string, ...more: string[]): string[] => [
  ...['evaluate', '--config', project.config, '--checkpoint', checkpoint],
  ...['--output_dir', to, '--split', 'val', ...more],
];

const left = join(folder, 'images', 'red-20.png');
const right = join(folder, 'images', 'blue-33.png');

const predict = (checkpoint: string, ...more: string[]): string[] => [
  ...['predict', '--config', project.config, '--checkpoint', checkpoint],
  ...['--left', left, '--right', right],
  ...['--sentence', 'the left image is red', ...more],
];

beforeAll(async () => {
  project = await tinyProject(
    { precision: 'fp32', med_config: medConfig(ALL_LAYER_KINDS) },
    undefined,
    folder,
  );
  const { config, folder: from } = loadConfig(project.config);
  const model = readModelConfig(config, from);
  shapes = new Map(parameterShapes(model));
  weights = new Map(initialParameters(model, 7, config.init_std));
});

describe('a checkpoint without its classification head', () => {
  const without: Change = (name) => (name.startsWith('cls_head.') ? undefined : name);

  test('is refused, and nothing is written', async () => {
    const file = await write('headless.safetensors', without);
    const to = join(scratchFolder(), 'evaluated');
    for (const command of [evaluate(file, to), predict(file)]) {
      const says = await fail(2, ...command);
      expect(says).toContain('lacks the classification head: 4 parameters.');
      expect(says).toContain('--allow_missing');
    }
    expect(existsSync(to)).toBe(false);
  });

  test('predict reports what is missing, and with --allow_missing every answer notes it', async () => {
    const file = await write('headless.safetensors', without);
    const states: ClientState[] = [];
    const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
    const args = [cli, 'predict', '--serve', '--config', project.config, '--checkpoint', file];
    const more: string[] = [];
    const question = { left, right, sentence: 'the left image is red' };
    const client = new PredictClient({
      launch: () => ({ command: process.execPath, args: [...args, ...more], env: process.env }),
      onState: (state) => states.push(state),
      log: () => undefined,
    });
    try {
      await expect(client.ask(question)).rejects.toThrow('lacks the classification head');
      expect(states.at(-1)).toMatchObject({
        state: 'failed',
        hint: 'Its answers would depend on random values.',
        anyway: true,
      });
      more.push('--allow_missing');
      expect((await client.ask(question)).probTrue).toBeGreaterThan(0);
      expect(states.at(-1)).toMatchObject({
        state: 'ready',
        incomplete: expect.stringContaining('the classification head: 4 parameters') as string,
      });
    } finally {
      client.dispose();
    }
  });

  test('--allow_missing: every output says so', async () => {
    const file = await write('headless.safetensors', without);
    const to = join(scratchFolder(), 'evaluated');
    const sentence =
      'Incomplete model: random values were used for the classification head: 4 parameters.';
    const parts = [{ part: 'head', parameters: 4 }];
    expect(await succeed(...evaluate(file, to, '--allow_missing'))).toContain(sentence);
    expect(metricsOf(to)['val']).toMatchObject({ incomplete: parts });
    expect(readJson(join(to, 'run.json'))).toMatchObject({ incomplete: parts });
    expect(predictionsOf(to, 'val').every((line) => 'incomplete' in line)).toBe(true);
    expect(readFileSync(join(to, 'log.txt'), 'utf8')).toContain('"missing_parameters": 4');
    expect(eventsOf(to)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'note', code: 'incomplete-model', message: sentence }),
        expect.objectContaining({ type: 'eval', incomplete: parts }),
      ]),
    );
    expect(await succeed(...predict(file, '--allow_missing'))).toContain(sentence);
    expect(JSON.parse(await succeed(...predict(file, '--allow_missing', '--json')))).toMatchObject({
      incomplete: parts,
    });
    // The record of the refused attempt contains the option that allows it.
    await fail(2, ...evaluate(file, to));
    const [refused] = await readAttempts(new RunFolder(to));
    expect(refused.outcome).toMatchObject({ state: 'refused', allowedBy: '--allow_missing' });
    // A complete model in the same folder is no longer incomplete.
    await succeed(...evaluate(await write('whole.safetensors'), to));
    for (const name of ['run.json', 'metrics.json', 'predictions/val.jsonl'])
      expect(readFileSync(join(to, name), 'utf8')).not.toContain('incomplete');
  });
});

test('foreign names are shown next to those that the model needs', async () => {
  const file = await write('foreign.safetensors', (name) =>
    name.replace(/^visual_encoder\./, 'vision_tower.'),
  );
  const says = await fail(2, ...evaluate(file, join(scratchFolder(), 'evaluated')));
  expect(says).toMatch(/lacks the vision transformer: \d+ parameters\./);
  expect(says).toMatch(/such as visual_encoder\.cls_token.*such as vision_tower\./);
});

test('a value that is not finite is named when it is loaded', async () => {
  const bad = 'text_encoder.encoder.layer.1.output.dense.weight';
  const file = await write('nan.safetensors', (name, values) => {
    if (name === bad) values[5] = NaN;
    if (name === 'cls_head.0.bias') values.fill(Infinity, 0, 2);
    return name;
  });
  const says = `contains 3 values that are not finite (in 2 of its tensors): the first is in ${bad}, NaN at position 5.`;
  expect(await fail(2, ...evaluate(file, join(scratchFolder(), 'evaluated')))).toContain(says);
  expect(await fail(2, ...predict(file))).toContain(says);
  const training = await fail(
    ...([2, 'train', '--config', project.config, '--pretrained', file] as const),
    ...['--output_dir', join(scratchFolder(), 'run')],
  );
  expect(training).toContain(says);
  expect(training).not.toContain('init_lr');
});

test('an answer that is not finite is an error, not "False"', async () => {
  const file = await write('large.safetensors', (name, values) => {
    if (name.startsWith('cls_head.')) values.fill(3e38);
    return name;
  });
  const to = join(scratchFolder(), 'evaluated');
  expect(await fail(1, ...evaluate(file, to))).toMatch(
    /answers to 10 of 10 examples of val are not finite numbers, first to val-0-0-0/,
  );
  expect(existsSync(join(to, 'metrics.json'))).toBe(false);
  expect(existsSync(join(to, 'predictions', 'val.jsonl'))).toBe(false);
  expect(await fail(1, ...predict(file))).toContain("The model's answer is not a finite number");
});

test('a mismatch with the tokenizer or the model is found before anything is written', async () => {
  const train = ['train', '--config', project.config, '--set'] as const;
  expect(await fail(2, ...train, 'med_config.vocab_size=30522')).toContain('needs 30524 rows');
  const whole = await write('whole.safetensors');
  expect(
    await fail(2, ...train, 'med_config.intermediate_size=48', '--pretrained', whole),
  ).toContain('does not fit the model');
  expect(existsSync(project.run)).toBe(false);
});

test('a different model with equal shapes: refused on resume, reported elsewhere', async () => {
  const made = await tinyProject({ precision: 'fp32', max_epoch: '1' });
  await succeed('train', '--config', made.config);
  const heads = ['--set', 'vit.heads=1', '--set', 'med_config.layer_norm_eps=1e-6'];
  const says = 'vit.heads 2 (now 1), med_config.layer_norm_eps 1e-12 (now 0.000001)';
  const before = readFileSync(join(made.run, 'config.yaml'), 'utf8');
  const train = ['train', '--config', made.config, '--set', 'max_epoch=2'] as const;
  expect(await fail(2, ...train, '--resume', ...heads)).toContain(
    `trains another model, with ${says}, and cannot be resumed`,
  );
  expect(readFileSync(join(made.run, 'config.yaml'), 'utf8')).toBe(before);
  // The weights contain it, even without their run and after an export.
  const exported = join(made.folder, 'exported.safetensors');
  await succeed('export', made.run, exported);
  const named = `The weights were trained with other values: ${says}.`;
  const common = ['--config', made.config, '--checkpoint', exported, ...heads];
  const to = join(made.folder, 'evaluated');
  expect(await succeed('evaluate', ...common, '--output_dir', to, '--split', 'val')).toContain(
    named,
  );
  expect(eventsOf(to)).toContainEqual(
    expect.objectContaining({ type: 'note', level: 'warning', code: 'other-model' }),
  );
  const other = join(made.folder, 'other');
  await succeed(...train, '--pretrained', exported, '--output_dir', other, ...heads);
  const note = eventsOf(other).find(
    (event) => event.type === 'note' && event.code === 'pretrained',
  );
  expect(note).toMatchObject({ level: 'warning', hint: expect.stringContaining(named) as string });
});

describe('nlvr check: the weights to start from', () => {
  interface Problem {
    severity: string;
    code: string;
    message: string;
    file: string;
  }
  const about = async (exitCode: 0 | 2, pretrained: string): Promise<Problem[]> => {
    const args = ['check', '--config', project.config, '--json', '--set'];
    const { code, stdout } = await nlvr([...args, `pretrained=${pretrained}`]);
    expect(code).toBe(exitCode);
    const { problems } = JSON.parse(stdout) as { problems: Problem[] };
    return problems.filter(({ code: about }) => about === 'pretrained');
  };

  test('exist, are readable and fit; new parameters are listed', async () => {
    // A checkpoint of BLIP's pretraining: one cross-attention, no head and no merge layer.
    const pretrained = await write('pretrained.safetensors', (name) =>
      /^cls_head|merge_layer|self1|dense1/.test(name)
        ? undefined
        : name.replace('self0', 'self').replace('dense0', 'dense'),
    );
    const [sound] = await about(0, pretrained);
    expect(sound).toMatchObject({ severity: 'information', file: project.config });
    expect(sound.message).toContain(
      'as expected before fine-tuning for NLVR, and randomly initialized: text_encoder',
    );
    // Anything else causes a warning.
    const short = await write('short.safetensors', (name) =>
      name.startsWith('visual_encoder.norm') ? undefined : name,
    );
    expect((await about(0, short))[0]).toMatchObject({ severity: 'warning' });
  });

  test('are missing, damaged, not finite or of another model', async () => {
    const said = async (file: string): Promise<string> => {
      const [problem] = await about(2, file);
      expect(problem.severity).toBe('error');
      return problem.message;
    };
    expect(await said(join(folder, 'gone.pth'))).toContain('gone.pth does not exist');
    expect(await said(project.config)).toContain('it is a text file');
    const nan = await write('nan2.safetensors', (name, values) => {
      if (name === 'cls_head.2.bias') values[1] = NaN;
      return name;
    });
    expect(await said(nan)).toContain('cls_head.2.bias has NaN at position 1');
  });

  test('an address is reported as not checked', async () => {
    const [problem] = await about(0, 'https://example.com/model.pth');
    expect(problem).toMatchObject({ severity: 'information' });
    expect(problem.message).toContain('was not checked');
  });
});
