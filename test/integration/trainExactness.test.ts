import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import {
  ALL_LAYER_KINDS,
  eventsOf,
  lossesOf,
  medConfig,
  nlvr,
  startNlvr,
  tinyProject,
} from './tinyProject';

/** Dropout, augmentation, exchange, accumulation and stochastic depth all on: everything that draws random numbers. */
const randomized = {
  max_epoch: '3',
  save_steps: '2',
  accumulate_steps: '2',
  batch_size_train: '2',
  drop_path_rate: '0.3',
  // Rounding to bf16 would hide differences.
  precision: 'fp32',
  med_config: medConfig(ALL_LAYER_KINDS),
};

async function trainOnce(extra: Record<string, string>, args: string[] = []) {
  const project = await tinyProject(extra);
  const outcome = await nlvr(['train', '--config', project.config, ...args]);
  expect(outcome.code, outcome.stderr).toBe(0);
  return project;
}

describe('exactness', () => {
  test('the same seed gives the same losses, whatever the number of loader threads', async () => {
    const runs = [];
    for (const workers of ['0', '1', '3'])
      runs.push(await trainOnce({ ...randomized, num_workers: workers }));
    const [first, ...others] = runs.map(({ run }) => [...lossesOf(run)]);
    expect(first).toHaveLength(18);
    for (const other of others) expect(other).toEqual(first);
  }, 600_000);

  test('another seed gives other losses', async () => {
    const a = await trainOnce({ max_epoch: '1' });
    const b = await trainOnce({ max_epoch: '1' }, ['--seed', '7']);
    expect([...lossesOf(a.run)]).not.toEqual([...lossesOf(b.run)]);
  }, 600_000);

  test('killed ten times at random and resumed, a run gives the losses of one never killed', async () => {
    const reference = await trainOnce({ ...randomized, max_epoch: '12' });
    const expected = [...lossesOf(reference.run)];
    const project = await tinyProject({ ...randomized, max_epoch: '12' });
    let kills = 0;
    let started = false;
    while (kills < 10) {
      const resume =
        existsSync(join(project.run, 'checkpoint_last')) ||
        existsSync(join(project.run, 'checkpoint_last.old'));
      const child = startNlvr([
        'train',
        '--config',
        project.config,
        ...(resume ? ['--resume'] : started ? ['--overwrite'] : []),
      ]);
      const ended = once(child, 'exit');
      started = true;
      const before = countSteps(project.run);
      // Some steps of its own, then a moment that may fall into a step, a save or an evaluation.
      while (child.exitCode === null && countSteps(project.run) < before + 3) await sleep(5);
      await sleep(Math.random() * 120);
      if (child.exitCode !== null) break;
      child.kill('SIGKILL');
      await ended;
      kills++;
    }
    const finished = stateOf(project.run) === 'finished';
    const last = await nlvr(['train', '--config', project.config, '--resume']);
    expect(last.code, last.stderr).toBe(finished ? 2 : 0);
    expect(stateOf(project.run)).toBe('finished');
    // All except the name of the run, which metrics.json contains.
    const text = (run: string, file: string): string =>
      readFileSync(join(run, file), 'utf8').replaceAll(/"run": "[\w-]+"/g, '"run": ""');
    for (const file of ['metrics.json', 'log.txt'])
      expect(text(project.run, file)).toBe(text(reference.run, file));
    expect(kills).toBeGreaterThan(3);
    expect([...lossesOf(project.run)]).toEqual(expected);
    expect(runJson(project.run).best).toEqual(runJson(reference.run).best);
    await expectEqualWeights(project.run, reference.run);
  }, 600_000);

  test('also with a frozen vision transformer, whose features are encoded again', async () => {
    const frozen = {
      ...randomized,
      freeze_vit: 'true',
      max_epoch: '3',
      save_steps: '0',
      image_size: '48',
      // Some images find room, some are encoded each time.
      feature_cache: '0.00001',
    };
    const reference = await trainOnce(frozen);
    const project = await tinyProject(frozen);
    const child = startNlvr(['train', '--config', project.config]);
    while (child.exitCode === null && countSteps(project.run) < 7) await sleep(5);
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(stateOf(project.run)).toBe('stopped');
    expect((await nlvr(['train', '--config', project.config, '--resume'])).code).toBe(0);
    expect([...lossesOf(project.run)]).toEqual([...lossesOf(reference.run)]);
  }, 600_000);

  test('a resume uses the number of threads of the run, and reports that another number changes results', async () => {
    const settings = { ...randomized, threads: '0', min_lr: '1e-3', save_steps: '0' };
    const reference = await trainOnce(settings, ['--set', 'threads=1', '--set', 'max_epoch=2']);
    const { config, run } = await tinyProject(settings);
    const train = async (epochs: number, ...more: string[]): Promise<void> => {
      const longer = ['--set', `max_epoch=${epochs}`, ...more];
      const outcome = await nlvr(['train', '--config', config, ...longer]);
      expect(outcome.code, outcome.stderr).toBe(0);
    };
    const resources = (): unknown =>
      JSON.parse(readFileSync(join(run, 'checkpoint_last', 'trainer.json'), 'utf8'));
    const unexpectedNotes = (): string[] =>
      eventsOf(run).flatMap((event) =>
        event.type === 'note' && event.code === 'not-exact' ? [event.message] : [],
      );
    await train(1, '--set', 'threads=1');
    await train(2, '--resume');
    expect([...lossesOf(run)]).toEqual([...lossesOf(reference.run)]);
    expect(resources()).toMatchObject({ resources: { device: 'CPU', threads: 1, lanes: 1 } });
    expect(runJson(run)).toMatchObject({ threads: 1, lanes: 1 });
    expect(unexpectedNotes()).toEqual([]);
    await train(3, '--resume', '--set', 'threads=3');
    expect(unexpectedNotes()).toEqual([expect.stringMatching(/with threads: 3 instead of 1/)]);
  }, 600_000);

  test('a stop request saves and exits with 130, and the resumed run has identical results', async () => {
    const reference = await trainOnce({ ...randomized, max_epoch: '6' });
    const project = await tinyProject({ ...randomized, max_epoch: '6', save_steps: '0' });
    const child = startNlvr(['train', '--config', project.config]);
    while (child.exitCode === null && countSteps(project.run) < 7) await sleep(5);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(130);
    expect(eventsOf(project.run).at(-1)).toMatchObject({ type: 'end', state: 'stopped' });
    const last = await nlvr(['train', '--config', project.config, '--resume']);
    expect(last.code).toBe(0);
    expect([...lossesOf(project.run)]).toEqual([...lossesOf(reference.run)]);
    expect(readFileSync(join(project.run, 'log.txt'), 'utf8')).toBe(
      readFileSync(join(reference.run, 'log.txt'), 'utf8'),
    );
  }, 600_000);
});

const runJson = (run: string): { state: string; best: unknown } =>
  JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { state: string; best: unknown };
const stateOf = (run: string): string => runJson(run).state;

function countSteps(run: string): number {
  return existsSync(join(run, 'events.jsonl'))
    ? eventsOf(run).filter(({ type }) => type === 'step').length
    : 0;
}

/** To the last bit. */
async function expectEqualWeights(a: string, b: string): Promise<void> {
  const first = await openCheckpoint(join(a, 'checkpoint_best.safetensors'));
  const second = await openCheckpoint(join(b, 'checkpoint_best.safetensors'));
  try {
    for (const name of first.tensors.keys()) {
      const [x, y] = [await first.read(name), await second.read(name)];
      expect(x).toHaveLength(y.length);
      const different = x.reduce((count, value, i) => count + (value === y[i] ? 0 : 1), 0);
      expect(different, `values of ${name} that differ`).toBe(0);
    }
  } finally {
    // A file that is left open is closed by the garbage collector, which warns of it.
    await first.close();
    await second.close();
  }
}
