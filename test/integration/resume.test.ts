/** When a run goes on, when it does not, and that it stays as it was when it does not. */
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventsOf, nlvr, startNlvr, tinyProject, type TinyProject } from './tinyProject';

const text = (project: TinyProject, file: string): string =>
  readFileSync(join(project.run, file), 'utf8');
const stateOf = (project: TinyProject): string =>
  (JSON.parse(text(project, 'run.json')) as { state: string }).state;

async function train(project: TinyProject, ...args: string[]): Promise<void> {
  const { code, stderr } = await nlvr(['train', '--config', project.config, ...args]);
  expect(code, stderr).toBe(0);
}

describe('a run that cannot go on stays as it was', () => {
  test('whatever the reason', async () => {
    const project = await tinyProject({ max_epoch: '1' });
    await train(project);
    const files = ['run.json', 'config.yaml', 'events.jsonl', 'log.txt', 'metrics.json'];
    const before = files.map((file) => text(project, file));
    const refused = async (...args: string[]): Promise<string> => {
      const resume = ['train', '--config', project.config, '--resume'];
      const { code, stderr } = await nlvr([...resume, ...args]);
      expect(code, stderr).toBe(2);
      expect(files.map((file) => text(project, file))).toEqual(before);
      expect(existsSync(join(project.run, 'run.lock'))).toBe(false);
      return stderr;
    };
    expect(await refused()).toMatch(/is finished: all 1 epochs are done.*max_epoch/s);
    expect(await refused('--seed', '7')).toMatch(/seed 42.*--seed 42/s);
    const longer = ['--set', 'max_epoch=2'];
    for (const [key, was] of [
      ['batch_size_train=2', 'batch_size_train 4, not 2'],
      ['accumulate_steps=2', 'accumulate_steps 1, not 2'],
      ['image_size=24', 'trains another model, with image_size 16 (now 24)'],
    ])
      expect(await refused(...longer, '--set', key)).toContain(was);
    const annotations = join(project.folder, 'train.json');
    writeFileSync(
      annotations,
      readFileSync(annotations, 'utf8').replace('is red', 'is really red'),
    );
    expect(await refused(...longer)).toMatch(/other training examples/);
  }, 300_000);
});

describe('the end of a run, after its last step', () => {
  test('is made up for when the trainer was killed before it', async () => {
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

  test('is stopped in the evaluation of test, and goes on there', async () => {
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
  /** A proxy or server that never answers; `asked` settles when somebody waits for it. */
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
