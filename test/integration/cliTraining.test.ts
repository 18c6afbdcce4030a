/** Options of the training: a frozen ViT, bf16, fp16, clipping, accumulation. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { readModelConfig } from '../../src/model/config';
import { initialParameters } from '../../src/model/initialize';
import type { NoteEvent, RunEvent } from '../../src/run/events';
import type { LossScale } from '../../src/runtime/optimizer/lossScale';
import { succeed, tensorsOf } from './cliSupport';
import {
  ALL_LAYER_KINDS,
  eventsOf,
  lossesOf,
  medConfig,
  NO_DROPOUT,
  tinyProject,
} from './tinyProject';

/**
 * Only the order uses random numbers. The learning rate is small because AdamW makes whole steps of
 * gradients that are nothing but rounding, and these are not the same for other batches.
 */
const deterministicSettings = {
  augment: 'false',
  drop_path_rate: '0',
  med_config: medConfig(ALL_LAYER_KINDS, ...NO_DROPOUT),
  precision: 'fp32',
  max_epoch: '1',
  init_lr: '1e-5',
  grad_clip: '0.1',
};

/** With dropout. */
const med_config = medConfig(ALL_LAYER_KINDS);

describe('freeze_vit', () => {
  test('trains on features, with or without a cache for them; the ViT does not change', async () => {
    const project = await tinyProject({ precision: 'fp32', freeze_vit: 'true', med_config });
    const { config, folder } = loadConfig(project.config);
    const { seed, init_std } = config;
    const first = new Map(initialParameters(readModelConfig(config, folder), seed, init_std));
    const frozen = async (gigabytes: string, says: RegExp): Promise<number[]> => {
      const run = join(project.folder, `cache-${gigabytes}`);
      await succeed(
        ...['train', '--config', project.config, '--output_dir', run],
        ...['--set', `feature_cache=${gigabytes}`],
      );
      const events = eventsOf(run);
      const isNote = (event: RunEvent): event is NoteEvent =>
        event.type === 'note' && event.code === 'feature-cache';
      const note = events.find(isNote);
      expect(`${note?.message} ${note?.hint ?? ''}`).toMatch(says);
      expect(events.findIndex(isNote)).toBeLessThan(
        events.findIndex(({ type }) => type === 'step'),
      );
      const trained = await tensorsOf(join(run, 'checkpoint_best.safetensors'));
      expect([...trained.keys()].sort()).toEqual([...first.keys()].sort());
      // Weight decay moves every weight that is trained. Biases of keys begin at 0 and have no gradient.
      for (const [name, value] of trained)
        if (!name.endsWith('.key.bias'))
          expect(isDeepStrictEqual(value, first.get(name)), name).toBe(
            name.startsWith('visual_encoder.'),
          );
      return [...lossesOf(run).values()].map(Number);
    };
    const losses = await Promise.all([
      frozen(
        '0',
        /^Features of 6 images take [\d.]+ kB of disk space\. .*encoded in each epoch.*feature_cache/,
      ),
      frozen('1', /^Features of 6 images take [\d.]+ kB of disk space during the run/),
    ]);
    expect(losses[0]).toHaveLength(12);
    // The last bits of an image's features depend on its position in the batch.
    for (const [i, loss] of losses[1].entries()) expect(loss).toBeCloseTo(losses[0][i], 5);
  });
});

test('two batches of 2 accumulated are one of 4, gradient and clipping included', async () => {
  const whole = await tinyProject(deterministicSettings);
  const halves = await tinyProject({
    ...deterministicSettings,
    batch_size_train: '2',
    accumulate_steps: '2',
  });
  await Promise.all([whole, halves].map(({ config }) => succeed('train', '--config', config)));
  const [expected, found] = [whole, halves].map(({ run }) =>
    eventsOf(run).flatMap((event) => (event.type === 'step' ? [event] : [])),
  );
  expect(found).toHaveLength(6);
  for (const [i, { loss, gradNorm }] of found.entries()) {
    expect(Math.abs(Number(loss) - Number(expected[i].loss)), `step ${i + 1}`).toBeLessThan(1e-5);
    expect(Number(gradNorm) / Number(expected[i].gradNorm), `step ${i + 1}`).toBeCloseTo(1, 3);
    // Otherwise nothing would be clipped.
    expect(gradNorm).toBeGreaterThan(Number(deterministicSettings.grad_clip));
  }
});

test('bf16 trains', async () => {
  const { config, run } = await tinyProject({ precision: 'bf16', max_epoch: '1', med_config });
  await succeed('train', '--config', config);
  const events = eventsOf(run);
  expect(events.find(({ type }) => type === 'start')).toMatchObject({ precision: 'bf16' });
  for (const loss of lossesOf(run).values()) expect(loss).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ type: 'end', state: 'finished', step: 6 });
});

test('fp16 trains like fp32, skips steps that overflow, and resumes exactly', async () => {
  // A constant learning rate, so that the number of epochs changes nothing.
  const constant = { ...deterministicSettings, min_lr: deterministicSettings.init_lr };
  const wide = await tinyProject(constant);
  const { config, run } = await tinyProject({ ...constant, precision: 'fp16' });
  await Promise.all([wide.config, config].map((file) => succeed('train', '--config', file)));
  const expected = lossesOf(wide.run);
  for (const [step, loss] of lossesOf(run))
    expect(Math.abs(Number(loss) - Number(expected.get(step))), `step ${step}`).toBeLessThan(2e-3);

  const scaleOf = (of: string): LossScale => {
    const state = readFileSync(join(of, 'checkpoint_last/trainer.json'), 'utf8');
    return (JSON.parse(state) as { lossScale: LossScale }).lossScale;
  };
  expect(scaleOf(run)).toEqual({ scale: 65536, growthTracker: 6, skipped: 0 });
  // A scale at which no gradient fits float16: three steps are skipped, or some more.
  const file = join(run, 'checkpoint_last/trainer.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(
    file,
    JSON.stringify({ ...state, lossScale: { scale: 2 ** 26, growthTracker: 6, skipped: 0 } }),
  );
  const copies = ['halves', 'ranks'].map((name) => {
    cpSync(run, `${run}-${name}`, { recursive: true });
    return `${run}-${name}`;
  });
  const resume = (folder: string, epochs: number, ...args: string[]): Promise<unknown> =>
    succeed(
      ...['train', '--resume', '--output_dir', folder, '--set', `max_epoch=${epochs}`, ...args],
    );
  await resume(run, 3);
  await resume(copies[0], 2);
  await resume(copies[0], 3);
  await resume(copies[1], 2, '--nproc_per_node', '2', '--set', 'batch_size_train=2');
  expect(scaleOf(run)).toEqual(scaleOf(copies[0]));
  expect([...lossesOf(run)]).toEqual([...lossesOf(copies[0])]);
  const [whole, halves] = await Promise.all(
    [run, copies[0]].map((of) => tensorsOf(join(of, 'checkpoint_last/model.safetensors'))),
  );
  expect(isDeepStrictEqual(whole, halves)).toBe(true);
  for (const of of [run, ...copies]) {
    expect(scaleOf(of).skipped, of).toBeGreaterThanOrEqual(3);
    expect(eventsOf(of).at(-1), of).toMatchObject({ type: 'end', state: 'finished' });
    expect(eventsOf(of).map((e) => e.type === 'note' && e.code)).toContain('skipped-step');
  }
}, 600_000);
