/** When a run can be resumed, and that it is not changed otherwise. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readAttempts } from '../../src/run/record/attempts';
import { RunFolder } from '../../src/run/runFolder';
import { eventsOf, lossesOf, nlvr, startNlvr, tinyProject, type TinyProject } from './tinyProject';

const text = (project: TinyProject, file: string): string =>
  readFileSync(join(project.run, file), 'utf8');
const stateOf = (project: TinyProject): string =>
  (JSON.parse(text(project, 'run.json')) as { state: string }).state;

async function train(project: TinyProject, ...args: string[]): Promise<void> {
  const { code, stderr } = await nlvr(['train', '--config', project.config, ...args]);
  expect(code, stderr).toBe(0);
}

describe('a run that cannot be resumed is not changed', () => {
  test('for every reason', async () => {
    const project = await tinyProject({ max_epoch: '1' });
    await train(project);
    const files = ['run.json', 'config.yaml', 'events.jsonl', 'log.txt', 'metrics.json'];
    let before = files.map((file) => text(project, file));
    const refused = async (...args: string[]): Promise<string> => {
      const resume = ['train', '--config', project.config, '--resume'];
      const { code, stderr } = await nlvr([...resume, ...args]);
      expect(code, stderr).toBe(2);
      expect(files.map((file) => text(project, file))).toEqual(before);
      expect(existsSync(join(project.run, 'run.lock'))).toBe(false);
      return stderr;
    };
    expect(await refused()).toMatch(/is finished: its 1 epoch is done.*max_epoch/s);
    expect(await refused('--set', 'precision=bf16')).toMatch(
      /precision fp32 and cannot be resumed with precision bf16.*--set precision=fp32/s,
    );
    expect(await refused('--seed', '7')).toMatch(/seed 42.*--seed 42/s);
    const longer = ['--set', 'max_epoch=2'];
    for (const [key, was] of [
      ['batch_size_train=2', 'batch_size_train 4, not 2'],
      ['accumulate_steps=2', 'accumulate_steps 1, not 2'],
      ['image_size=24', 'trains another model, with image_size 16 (now 24)'],
    ])
      expect(await refused(...longer, '--set', key)).toContain(was);
    // A trainer on another machine that sends heartbeats; its lock stays until --take_over takes it.
    const lock = join(project.run, 'run.lock');
    const owner = { host: 'elsewhere', boot: 'x', pidNamespace: 'x', pid: 1, processStart: '1' };
    writeFileSync(lock, JSON.stringify({ ...owner, heartbeat: '2999-01-01T00:00:00.000Z' }));
    const held = nlvr(['train', '--resume', '--output_dir', project.run, ...longer]);
    await expect
      .poll(async () => (await attemptsOf(project))[0]?.phase, { timeout: 60_000 })
      .toBe('waiting');
    writeFileSync(lock, JSON.stringify({ ...owner, heartbeat: new Date().toISOString() }));
    expect(await held).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /taken over in \d+ s.*belongs to process 1 on elsewhere.*--take_over.*run\.lock/s,
      ) as string,
    });
    expect((await attemptsOf(project))[0].outcome).toMatchObject({
      state: 'refused',
      takeable: true,
    });
    expect(files.map((file) => text(project, file))).toEqual(before);
    await train(project, '--resume', '--take_over', ...longer);
    before = files.map((file) => text(project, file));
    longer[1] = 'max_epoch=3';
    const annotations = join(project.folder, 'train.json');
    writeFileSync(
      annotations,
      readFileSync(annotations, 'utf8').replace('is red', 'is really red'),
    );
    expect(await refused(...longer)).toMatch(/different training examples/);
  }, 300_000);
});

/** Starts a training and kills it as soon as it has done some steps, or has saved. */
async function killed(project: TinyProject, when: () => boolean, ...args: string[]): Promise<void> {
  const child = startNlvr(['train', '--config', project.config, ...args]);
  const ended = once(child, 'exit');
  while (child.exitCode === null && !when()) await sleep(10);
  child.kill('SIGKILL');
  await ended;
}

const attemptsOf = async (project: TinyProject) => readAttempts(new RunFolder(project.run));
const hasSteps = (project: TinyProject) => (): boolean =>
  existsSync(join(project.run, 'events.jsonl')) &&
  eventsOf(project.run).some(({ type }) => type === 'step');

describe('a run that was killed before its first save', () => {
  test('starts from the beginning with --resume, as the same run with the same losses', async () => {
    const whole = await tinyProject({ max_epoch: '1' });
    // Where there is no folder yet, too: job scripts always pass it.
    await train(whole, '--resume');
    const project = await tinyProject({ max_epoch: '1' });
    await killed(project, hasSteps(project));
    expect(existsSync(join(project.run, 'checkpoint_last'))).toBe(false);
    const { id } = JSON.parse(text(project, 'run.json')) as { id: string };
    const refused = await nlvr(['train', '--config', project.config]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/--resume/)]);
    const { code, stdout, stderr } = await nlvr(['train', '--resume', '--output_dir', project.run]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('The training starts from the beginning');
    expect(lossesOf(project.run)).toEqual(lossesOf(whole.run));
    expect(JSON.parse(text(project, 'run.json'))).toMatchObject({ id, configFile: project.config });
    const states = (await attemptsOf(project)).map(({ kind, outcome }) => [kind, outcome?.state]);
    expect(states).toEqual([
      ['resume', 'finished'],
      ['train', 'refused'],
      ['train', undefined],
    ]);
  }, 300_000);
});

describe('a run is resumed with its own configuration', () => {
  test('and changes by a file or --set are listed; one that would end it immediately is refused', async () => {
    const project = await tinyProject({ max_epoch: '2', save_steps: '1' });
    const child = startNlvr(['train', '--config', project.config, '--set', 'max_epoch=40']);
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const ended = once(child, 'close');
    const isInThirdEpoch = (): boolean =>
      hasSteps(project)() &&
      eventsOf(project.run).some((event) => event.type === 'step' && event.epoch >= 2);
    while (child.exitCode === null && !isInThirdEpoch()) await sleep(10);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);

    const before = ['run.json', 'config.yaml'].map((file) => text(project, file));
    const shorter = await nlvr(['train', '--config', project.config, '--resume']);
    expect([shorter.code, shorter.stderr]).toEqual([
      2,
      expect.stringMatching(/in epoch \d+; max_epoch: 40 → 2 would end it immediately/),
    ]);
    expect(['run.json', 'config.yaml'].map((file) => text(project, file))).toEqual(before);
    const [refusal] = await attemptsOf(project);
    expect(refusal).toMatchObject({ kind: 'resume', outcome: { state: 'refused', exitCode: 2 } });

    // The command that was printed is complete: a shell runs it as it stands.
    const printed = /Continue with:\n {2}(.+)/.exec(stdout)?.[1] ?? '';
    const changed = ['--set max_epoch=5', '--set init_lr=2e-3'].join(' ');
    const { stdout: resumed } = await promisify(execFile)('sh', ['-c', `${printed} ${changed}`]);
    expect(resumed).toContain('max_epoch: 40 → 5, init_lr: 0.001 → 0.002');
    expect(JSON.parse(text(project, 'run.json'))).toMatchObject({
      state: 'finished',
      maxEpoch: 5,
      configFile: project.config,
    });
    const notes = eventsOf(project.run).filter(({ type }) => type === 'note');
    expect(notes).toContainEqual(expect.objectContaining({ code: 'config-changed' }));
    const [attempt] = await attemptsOf(project);
    expect(attempt.changes).toEqual([
      { key: 'max_epoch', from: '40', to: '5' },
      { key: 'init_lr', from: '0.001', to: '0.002' },
    ]);
  }, 300_000);
});

describe('the end of a run, after its last step', () => {
  test('is completed if the trainer was killed before it', async () => {
    const project = await tinyProject({ max_epoch: '2', eval_test: 'false' });
    await train(project);
    const [metrics, log] = ['metrics.json', 'log.txt'].map((file) => text(project, file));
    expect(Object.keys(JSON.parse(metrics) as object)).toEqual(['val', 'test']);
    // As a trainer leaves it that is killed after its last save.
    rmSync(join(project.run, 'metrics.json'));
    writeFileSync(join(project.run, 'log.txt'), log.replace(/best epoch.*/, ''));
    const info = JSON.parse(text(project, 'run.json')) as Record<string, unknown>;
    writeFileSync(join(project.run, 'run.json'), JSON.stringify({ ...info, state: 'running' }));
    const steps = eventsOf(project.run).filter(({ type }) => type === 'step').length;
    await train(project, '--resume');
    expect(text(project, 'metrics.json')).toBe(metrics);
    expect(text(project, 'log.txt')).toBe(log);
    expect(stateOf(project)).toBe('finished');
    expect(eventsOf(project.run).filter(({ type }) => type === 'step')).toHaveLength(steps);
  }, 300_000);

  test('can be stopped in the evaluation of test, and is resumed there', async () => {
    const project = await tinyProject(
      { max_epoch: '1', eval_test: 'false', batch_size_test: '1' },
      { train: 24, val: 4, test: 4000 },
    );
    const child = startNlvr(['train', '--config', project.config]);
    const ended = once(child, 'exit');
    const testing = (): boolean =>
      existsSync(join(project.run, 'events.jsonl')) &&
      eventsOf(project.run).some(
        (event) => event.type === 'evalProgress' && event.split === 'test',
      );
    while (child.exitCode === null && !testing()) await sleep(20);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(stateOf(project)).toBe('stopped');
    expect(existsSync(join(project.run, 'metrics.json'))).toBe(false);
    await train(project, '--resume', '--set', 'batch_size_test=64');
    expect(stateOf(project)).toBe('finished');
    expect(Object.keys(JSON.parse(text(project, 'metrics.json')) as object)).toContain('test');
  }, 300_000);
});

describe('Ctrl-C while weights are downloaded', () => {
  /** A proxy or server that never answers; `asked` settles when a request arrives. */
  async function silentServer(): Promise<{ address: string; asked: Promise<unknown> }> {
    const server = createServer();
    server.on('request', () => undefined);
    server.on('connect', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const asked = Promise.race([once(server, 'request'), once(server, 'connect')]);
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test.each([
    ['train', '--pretrained'],
    ['evaluate', '--checkpoint'],
  ])('%s ends with 130', async (command, option) => {
    const project = await tinyProject();
    const { address, asked } = await silentServer();
    const weights = [option, 'https://weights.invalid/base.pth', '--output_dir', project.run];
    const child = startNlvr([command, '--config', project.config, ...weights], {
      env: { HTTPS_PROXY: address, https_proxy: address, NO_PROXY: '', no_proxy: '' },
    });
    const ended = once(child, 'exit');
    await Promise.race([asked, ended]);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    if (command === 'train') expect(stateOf(project)).toBe('stopped');
  });
});
