/**
 * Data parallel training on two hosts: network namespaces that are connected by a veth pair, with an address each.
 * Requires root and Debian's iproute2; skipped, and counted as skipped, if either is missing.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  killWhenFinished,
  lossesOf,
  medConfig,
  nlvr,
  NO_DROPOUT,
  sharedFolder,
  tinyProject,
  type TinyProject,
} from './tinyProject';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const HOSTS = ['10.231.7.1', '10.231.7.2'] as const;
const space = (host: number): string => `nlvr-test-${process.pid}-${host}`;
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

const allowed =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', 'command -v ip && unshare --net true']).status === 0;

describe.skipIf(!allowed)('two hosts', () => {
  const folder = sharedFolder();
  let project: TinyProject;
  let expected: Map<number, number | null>;

  beforeAll(async () => {
    for (const host of [0, 1]) {
      ip('netns', 'add', space(host));
      ip('-n', space(host), 'link', 'set', 'lo', 'up');
    }
    const [a, b] = [`va${process.pid}`, `vb${process.pid}`];
    ip('link', 'add', a, 'netns', space(0), 'type', 'veth', 'peer', 'name', b, 'netns', space(1));
    for (const [host, device] of [a, b].entries()) {
      ip('-n', space(host), 'link', 'set', device, 'name', 'cable');
      ip('-n', space(host), 'address', 'add', `${HOSTS[host]}/24`, 'dev', 'cable');
      ip('-n', space(host), 'link', 'set', 'cable', 'up');
    }
    project = await tinyProject(
      {
        med_config: medConfig(2, ...NO_DROPOUT),
        drop_path_rate: '0',
        augment: 'false',
        swap_images: 'false',
        batch_size_train: '6',
      },
      { train: 48, val: 10, test: 7 },
      folder,
    );
    const run = join(folder, 'alone');
    const args = ['--config', project.config, '--output_dir', run, '--set', 'batch_size_train=12'];
    const { code, stderr } = await nlvr(['train', ...args]);
    expect(code, stderr).toBe(0);
    expected = lossesOf(run);
  });
  afterAll(() => {
    for (const host of [0, 1]) spawnSync('ip', ['netns', 'delete', space(host)]);
  });

  interface Host {
    child: ChildProcess;
    output(): string;
  }

  function startOn(host: number, run: string, env: NodeJS.ProcessEnv, ...args: string[]): Host {
    const command = [process.execPath, cli, 'train', '--config', project.config];
    const child = spawn(
      'ip',
      ['netns', 'exec', space(host), ...command, '--output_dir', run, ...args],
      { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    killWhenFinished(child);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { child, output: () => text };
  }

  const codeOf = async ({ child }: Host): Promise<number | null> =>
    child.exitCode ?? ((await once(child, 'close')) as [number | null])[0];

  function expectLossesOfOneProcess(run: string): void {
    const losses = lossesOf(run);
    expect([...losses.keys()]).toEqual([...expected.keys()]);
    for (const [step, loss] of expected)
      expect(Math.abs((losses.get(step) ?? NaN) / (loss ?? NaN) - 1), `step ${step}`).toBeLessThan(
        1e-5,
      );
  }

  test('train together with TF_CONFIG, with the losses of one process', async () => {
    const run = join(folder, 'tf-config');
    const worker = HOSTS.map((host) => `${host}:2222`);
    const hosts = [0, 1].map((index) =>
      startOn(index, run, {
        TF_CONFIG: JSON.stringify({ cluster: { worker }, task: { type: 'worker', index } }),
      }),
    );
    for (const host of hosts) expect(await codeOf(host), host.output()).toBe(0);
    expectLossesOfOneProcess(run);
  }, 120_000);

  test("train together with torchrun's options, and end within 30 seconds when the connection is cut", async () => {
    const flags = (rank: number): string[] => [
      ...['--nnodes', '2', '--node_rank', `${rank}`, '--master_addr', HOSTS[0]],
    ];
    const whole = join(folder, 'flags');
    const hosts = [0, 1].map((rank) => startOn(rank, whole, {}, ...flags(rank)));
    for (const host of hosts) expect(await codeOf(host), host.output()).toBe(0);
    expectLossesOfOneProcess(whole);

    const run = join(folder, 'cut');
    const long = ['--set', 'max_epoch=200', '--set', 'save_steps=2'];
    const cut = [0, 1].map((rank) => startOn(rank, run, {}, ...flags(rank), ...long));
    const events = join(run, 'events.jsonl');
    const end = performance.now() + 60_000;
    while (!existsSync(events) || lossesOf(run).size < 5) {
      expect(performance.now(), cut.map((host) => host.output()).join('\n')).toBeLessThan(end);
      await sleep(50);
    }
    ip('-n', space(0), 'link', 'set', 'cable', 'down');
    onTestFinished(() => ip('-n', space(0), 'link', 'set', 'cable', 'up'));
    const began = performance.now();
    for (const host of cut) expect(await codeOf(host), host.output()).toBe(1);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(cut[0].output()).toMatch(/Rank 1 .* has not responded for \d+ seconds/);
    expect(cut[1].output()).toMatch(/Rank 0 .* has not responded for \d+ seconds/);
    const info = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { message: string };
    expect(info.message).toMatch(/^Rank 1 .*the network connection is down/);
  }, 240_000);
});
