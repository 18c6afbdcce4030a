/**
 * Data parallel training: several processes do what one does with their batches together, and a job of which one
 * process is lost ends with the reason, and can be resumed from its last checkpoint.
 */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { OpTiming } from '../../src/runtime/tensorflow/stepStats';
import {
  ALL_LAYER_KINDS,
  eventsOf,
  lossesOf,
  medConfig,
  nlvr,
  NO_DROPOUT,
  sharedFolder,
  startNlvr,
  tinyProject,
  type Outcome,
  type TinyProject,
} from './tinyProject';

/** Disables all randomness per example, so that only the batches matter. */
const PLAIN = {
  med_config: medConfig(2, ...NO_DROPOUT),
  drop_path_rate: '0',
  augment: 'false',
  swap_images: 'false',
  batch_size_train: '12',
};
const SIZES = { train: 48, val: 10, test: 7 };

const train = (project: TinyProject, run: string, ...args: string[]): Promise<Outcome> =>
  nlvr(['train', '--config', project.config, '--output_dir', run, ...args]);
const start = (project: TinyProject, run: string, ...args: string[]): ChildProcess =>
  startNlvr(['train', '--config', project.config, '--output_dir', run, ...args]);
const set = (...pairs: string[]): string[] => pairs.flatMap((pair) => ['--set', pair]);
const runInfo = (run: string): { state: string; message: string | null; ranks?: Rank[] } =>
  JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as ReturnType<typeof runInfo>;

interface Rank {
  rank: number;
  host: string;
  pid: number;
}

describe('several processes', () => {
  const folder = sharedFolder();
  let project: TinyProject;
  const runOf = (name: string): string => join(folder, name);

  beforeAll(async () => {
    const med_config = medConfig(ALL_LAYER_KINDS, ...NO_DROPOUT);
    project = await tinyProject({ ...PLAIN, med_config }, SIZES, folder);
  });

  test('send gradients during the backward pass', async () => {
    // Large enough that there is something to send, and one thread each, which would rather compute.
    const model =
      '{hidden_size: 192, num_hidden_layers: 8, num_attention_heads: 3, intermediate_size: 768, encoder_width: 192}';
    const { code, stdout, stderr } = await nlvr([
      ...['bench', '--config', project.config, '--nproc_per_node', '2'],
      ...set('vit={width: 192, depth: 6, heads: 3}', `med_config=${model}`, 'image_size=96'),
      ...set('threads=1', 'precision=fp32'),
      ...['--batch', '8', '--steps', '1', '--bucket_mb', '5', '--profile', '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const { profile } = JSON.parse(stdout) as { profile: OpTiming[] };
    const end = ({ start, duration }: OpTiming): number => start + duration;
    const sent = profile.filter(({ op }) => op.startsWith('CollectiveReduce')).map(end);
    const computed = Math.max(...profile.filter(({ op }) => /MatMul/.test(op)).map(end));
    expect(sent.length).toBeGreaterThan(8);
    // One of them contains no gradients.
    expect(sent.filter((time) => time < computed).length).toBeGreaterThan(1);
  }, 120_000);

  test('time a step together', async () => {
    const args = ['--steps', '1', '--no_overlap', '--bucket_mb', '1', '--json'];
    const { code, stdout, stderr } = await nlvr([
      'bench',
      '--config',
      project.config,
      ...args,
      '--nproc_per_node',
      '2',
    ]);
    expect(code, stderr).toBe(0);
    // Only rank 0 writes output.
    const result = JSON.parse(stdout) as Record<'ownStep' | 'step' | 'gradientBytes', number> & {
      parameters: number;
      bucketBytes: number[];
    };
    expect(result.ownStep).toBeGreaterThan(0);
    expect(result.step).toBeGreaterThan(0);
    expect(result.gradientBytes).toBe(4 * result.parameters);
    expect(result.bucketBytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(result.gradientBytes);
  });

  /** Trains with one process, then with several with the same total batch, and compares every step. */
  async function compareLosses(
    name: string,
    worldSizes: readonly number[],
    ...changes: string[]
  ): Promise<void> {
    const [singleProcess, ...others] = [1, ...worldSizes];
    for (const n of [singleProcess, ...others]) {
      const args = [...set(`batch_size_train=${12 / n}`, ...changes), '--nproc_per_node', `${n}`];
      const { code, stderr } = await train(project, runOf(`${name}-${n}`), ...args);
      expect(code, stderr).toBe(0);
    }
    const expected = lossesOf(runOf(`${name}-1`));
    expect(expected.size).toBeGreaterThan(0);
    for (const n of others) {
      const losses = lossesOf(runOf(`${name}-${n}`));
      expect([...losses.keys()]).toEqual([...expected.keys()]);
      for (const [step, loss] of expected)
        expect(
          Math.abs((losses.get(step) ?? NaN) / (loss ?? NaN) - 1),
          `step ${step}`,
        ).toBeLessThan(1e-5);
    }
  }

  test(
    'have the losses of one process with their combined batch, also with gradient clipping',
    () => compareLosses('plain', [2, 3], 'grad_clip=0.5'),
    300_000,
  );

  test(
    'also with accumulation and a frozen vision transformer',
    () => compareLosses('frozen', [2], 'accumulate_steps=2', 'freeze_vit=true'),
    300_000,
  );

  test('have identical predictions and metrics, which are written once', async () => {
    for (const n of [1, 2, 3]) {
      const unchanged = set(
        'init_lr=0',
        'weight_decay=0',
        'max_epoch=1',
        `batch_size_train=${12 / n}`,
      );
      // As many threads as a machine of this kind gives each process by itself.
      const threads = set(`threads=${n === 1 ? 2 : 1}`);
      const args = [...unchanged, ...threads, '--nproc_per_node', `${n}`];
      const { code, stderr } = await train(project, runOf(`still-${n}`), ...args);
      expect(code, stderr).toBe(0);
    }
    const file = (n: number, name: string): string =>
      readFileSync(join(runOf(`still-${n}`), name), 'utf8');
    // Each run has a different name.
    const metrics = (n: number): string =>
      file(n, 'metrics.json').replace(/"run": "[^"]+"/g, '"run": ""');
    for (const n of [2, 3]) {
      for (const name of ['predictions/val-epoch-000.jsonl', 'predictions/test-epoch-000.jsonl'])
        expect(file(n, name), `${name} of ${n} processes`).toBe(file(1, name));
      expect(metrics(n)).toBe(metrics(1));
    }
    expect(runInfo(runOf('still-3')).ranks).toHaveLength(3);
  }, 300_000);

  test("evaluate once, with BLIP's command for several processes", async () => {
    const run = runOf('evaluated');
    const weights = join(runOf('still-1'), 'checkpoint_best.safetensors');
    const args = ['--evaluate', '--pretrained', weights, '--nproc_per_node', '2'];
    const { code, stdout, stderr } = await train(project, run, ...args);
    expect(code, stderr).toBe(0);
    expect(stdout.match(/val: accuracy/g)).toHaveLength(1);
    expect(existsSync(join(run, 'predictions', 'val.jsonl'))).toBe(true);
  }, 120_000);

  test('resume with another number of processes at the same example', async () => {
    const uninterrupted = runOf('whole');
    expect(
      (await train(project, uninterrupted, ...set('batch_size_train=6'), '--nproc_per_node', '2'))
        .code,
    ).toBe(0);
    const run = runOf('changed');
    const saved = set('batch_size_train=6', 'save_steps=1');
    const child = start(project, run, ...saved, '--nproc_per_node', '2');
    await waitUntil(() => steps(run) >= 3);
    child.kill('SIGINT');
    expect(await codeOf(child)).toBe(130);
    expect(await processesOf(run)).toEqual([]);
    const done = steps(run);
    expect(done).toBeLessThan(8);
    const args = [...set('batch_size_train=12'), '--resume'];
    const resumed = await train(project, run, ...args);
    expect(resumed.code, resumed.stderr).toBe(0);
    const [expected, losses] = [lossesOf(uninterrupted), lossesOf(run)];
    expect(losses.size).toBe(8);
    for (const [step, loss] of expected)
      expect(Math.abs((losses.get(step) ?? NaN) / (loss ?? NaN) - 1), `step ${step}`).toBeLessThan(
        1e-5,
      );
    expect(eventsOf(run)).toContainEqual(
      expect.objectContaining({ type: 'note', code: 'world-size-changed' }),
    );
  }, 300_000);
});

describe('a job', () => {
  const folder = sharedFolder();
  let project: TinyProject;
  let losses: Map<number, number | null>;
  /** Number of random kills; this variable increases it for long tests. */
  const KILLS = Number(process.env['NLVR_TEST_KILLS'] ?? 3);
  const EPOCHS = Math.max(8, KILLS);
  const STEPS = 6 * EPOCHS;
  const LONG = [
    ...set('batch_size_train=4', `max_epoch=${EPOCHS}`, 'save_steps=1'),
    '--nproc_per_node',
    '2',
  ];

  beforeAll(async () => {
    project = await tinyProject(
      { ...PLAIN, drop_path_rate: '0.1', augment: 'true' },
      SIZES,
      folder,
    );
    const run = join(folder, 'undisturbed');
    const { code, stderr } = await train(project, run, ...LONG);
    expect(code, stderr).toBe(0);
    losses = lossesOf(run);
    expect(losses.size).toBe(STEPS);
  }, 300_000);

  /** Resumes a killed job and compares every loss with that of an undisturbed run. */
  async function resumesExactly(run: string): Promise<void> {
    expect(await processesOf(run)).toEqual([]);
    const { code, stderr } = await train(project, run, ...LONG, '--resume');
    expect(code, stderr).toBe(0);
    expect([...lossesOf(run)].sort(([a], [b]) => a - b)).toEqual([...losses]);
  }

  /** A running job after some steps. */
  async function startJob(
    name: string,
    atStep = 5,
  ): Promise<{ run: string; child: ChildProcess; ranks: Rank[]; output: () => string }> {
    const run = join(folder, name);
    const child = start(project, run, ...LONG);
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitUntil(() => steps(run) >= atStep);
    return { run, child, ranks: runInfo(run).ranks ?? [], output: () => text };
  }

  test('ends when a rank is killed, reports it, and resumes from the last checkpoint with identical losses', async () => {
    const { run, child, ranks, output } = await startJob('killed');
    process.kill(ranks[1].pid, 'SIGKILL');
    expect(await codeOf(child, 30_000)).toBe(1);
    expect(output()).toContain(
      `Rank 1 (process ${ranks[1].pid} on ${hostname()}) ended without an error message`,
    );
    expect(runInfo(run).state).toBe('failed');
    expect(runInfo(run).message).toContain(`process ${ranks[1].pid}`);
    await resumesExactly(run);
  }, 300_000);

  test('ends when rank 0 is killed, which the launcher reports', async () => {
    const { run, child, ranks, output } = await startJob('main-killed');
    process.kill(ranks[0].pid, 'SIGKILL');
    expect(await codeOf(child, 30_000)).toBe(1);
    expect(output()).toMatch(
      new RegExp(`Rank 0 \\(process ${ranks[0].pid}\\) was ended by SIGKILL`),
    );
    await resumesExactly(run);
  }, 300_000);

  test('ends within 30 seconds when a rank hangs, and no process keeps running', async () => {
    const { run, child, ranks, output } = await startJob('hanging');
    process.kill(ranks[1].pid, 'SIGSTOP');
    const began = performance.now();
    expect(await codeOf(child, 45_000)).toBe(1);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(output()).toMatch(/Rank 1 \(process \d+ on .*\) has not responded for \d+ seconds/);
    await resumesExactly(run);
  }, 300_000);

  test('ends with its launcher', async () => {
    const { run, child } = await startJob('orphaned');
    // The launcher is inside the namespace, where there is one; what was started here is outside.
    for (const pid of launchersOf(run)) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    await waitUntil(async () => (await processesOf(run)).length === 0, 30_000);
    await resumesExactly(run);
  }, 300_000);

  test('has identical losses after random kills of random ranks', async () => {
    const run = join(folder, 'random');
    for (let i = 0; i < KILLS; i++) {
      const before = steps(run);
      const child = start(project, run, ...LONG, ...(i > 0 ? ['--resume'] : []));
      let output = '';
      child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      // A different moment each time; near the end a run may finish first.
      const target = before + 1 + ((i * 7) % 5);
      await waitUntil(() => steps(run) >= Math.min(target, STEPS - 1) || child.exitCode !== null);
      expect(child.exitCode, output).toBeNull();
      await sleep((i * 37) % 120);
      const ranks = runInfo(run).ranks ?? [];
      try {
        process.kill(ranks[i % 2].pid, 'SIGKILL');
      } catch {
        // It has already finished.
      }
      const code = await codeOf(child, 30_000);
      if (code === 0) break;
      expect(code, output).toBe(1);
    }
    await resumesExactly(run);
  }, 1_200_000);
});

describe('wrong settings end with exit code 2 on every rank', () => {
  const folder = sharedFolder();
  let project: TinyProject;
  const environment = (
    rank: number,
    port: number,
    more: NodeJS.ProcessEnv = {},
  ): NodeJS.ProcessEnv => ({
    RANK: `${rank}`,
    WORLD_SIZE: '2',
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: `${port}`,
    ...more,
  });
  const rank = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> =>
    nlvr(['train', '--config', project.config, '--rdzv_timeout', '20', ...args], { env });

  beforeAll(async () => {
    project = await tinyProject(PLAIN, SIZES, folder);
  });

  test.each([
    ['init_lr=1e-4', 'init_lr', '0.0001, not 0.001'],
    // The text encoder may be in a file on each rank; the number of heads does not affect shapes.
    [
      `med_config=${PLAIN.med_config.replace('num_attention_heads: 2', 'num_attention_heads: 4')}`,
      'med_config.num_attention_heads',
      '4, not 2',
    ],
  ])('another configuration: %s', async (change, key, values) => {
    const port = await freePort();
    const both = await Promise.all([
      rank(environment(0, port), '--overwrite'),
      rank(environment(1, port), '--overwrite', '--set', change),
    ]);
    for (const { code, stderr } of both) {
      expect(code, stderr).toBe(2);
      expect(stderr).toContain(`has another ${key} than rank 0: ${values}`);
      expect(stderr).toContain('Rank 1 (on ');
    }
  });

  test('images that one rank does not find are reported with the rank', async () => {
    const port = await freePort();
    const both = await Promise.all([
      rank(environment(0, port), '--overwrite'),
      rank(environment(1, port), '--overwrite', '--set', 'image_root=/nowhere'),
    ]);
    for (const { code, stderr } of both) {
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(/\/nowhere\/[a-z]+-\d+\.png/);
    }
    expect(both[0].stderr).toContain(`Rank 1 on ${hostname()} failed`);
    expect(runInfo(project.run).state).toBe('failed');
  }, 120_000);

  test('another world size, a rank twice', async () => {
    const port = await freePort();
    const [main, other] = await Promise.all([
      rank(environment(0, port), '--rdzv_timeout', '3'),
      rank(environment(1, port, { WORLD_SIZE: '3' })),
    ]);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/counts 3 processes, rank 0 counts 2/);
    expect(main.code).toBe(2);
    expect(main.stderr).toMatch(/Rank 1 did not connect to 127\.0\.0\.1:\d+ within 3 seconds/);
  });

  test('a port that is taken, an address that does not resolve, no rank 0', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [taken, unresolved, noRankZero, otherServer] = await Promise.all([
      rank(environment(0, port)),
      rank(environment(1, 1, { MASTER_ADDR: 'no-such-host.invalid' }), '--rdzv_timeout', '2'),
      rank(environment(1, await freePort()), '--rdzv_timeout', '2'),
      (async () => {
        server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
        return rank(environment(1, port));
      })(),
    ]);
    expect(taken.code).toBe(2);
    expect(taken.stderr).toMatch(/cannot listen on port \d+ of 127\.0\.0\.1: the port is in use/);
    expect(unresolved.code).toBe(2);
    expect(unresolved.stderr).toMatch(/no-such-host\.invalid, does not resolve/);
    expect(noRankZero.code).toBe(2);
    expect(noRankZero.stderr).toMatch(
      /could not reach rank 0 at 127\.0\.0\.1:\d+ within 2 seconds/,
    );
    expect(otherServer.code).toBe(2);
    expect(otherServer.stderr).toMatch(/answered, but not as rank 0 of this training/);
  });
});

describe('ports', () => {
  test('a single process opens none, and ranks of one machine open none that other machines can reach', async () => {
    const project = await tinyProject({ ...PLAIN, max_epoch: '30' }, SIZES);
    const singleProcess = start(project, project.run);
    await waitUntil(() => steps(project.run) >= 3);
    expect(listeningPorts(singleProcess.pid ?? 0)).toEqual([]);
    singleProcess.kill('SIGKILL');
    const isolated =
      spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true']).status === 0;
    const run = join(project.folder, 'two');
    start(project, run, '--nproc_per_node', '2');
    await waitUntil(() => steps(run) >= 3);
    const ranks = runInfo(run).ranks ?? [];
    expect(ranks).toHaveLength(2);
    const own = readlinkSync('/proc/self/ns/net');
    for (const { pid } of ranks) {
      if (isolated) expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(own);
      else expect(eventsOf(run)).toContainEqual(expect.objectContaining({ code: 'open-ports' }));
    }
  }, 120_000);
});

/** Optimizer steps that a run has written. */
function steps(run: string): number {
  if (!existsSync(join(run, 'events.jsonl'))) return 0;
  return Math.max(0, ...lossesOf(run).keys());
}

async function waitUntil(condition: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('timed out');
    await sleep(50);
  }
}

/** The exit code of a process, which is killed after a timeout. */
async function codeOf(child: ChildProcess, ms = 120_000): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return code;
}

/** Processes that train in a run folder, after ending processes have had time to exit. */
async function processesOf(run: string): Promise<number[]> {
  await sleep(500);
  return commandLines()
    .filter(
      ({ line }) => line.includes(`--output_dir ${run} `) || line.endsWith(`--output_dir ${run}`),
    )
    .map(({ pid }) => pid);
}

/** Processes that started ranks of a run. */
function launchersOf(run: string): number[] {
  const ranks = new Set((runInfo(run).ranks ?? []).map(({ pid }) => pid));
  return commandLines()
    .filter(({ pid, line }) => line.includes(`--output_dir ${run} `) && !ranks.has(pid))
    .map(({ pid }) => pid);
}

function commandLines(): { pid: number; line: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ').trim();
      return line === '' ? [] : [{ pid: Number(name), line }];
    } catch {
      return [];
    }
  });
}

/** TCP ports that a process listens on. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/);
        const LISTEN = '0A';
        return fields[3] === LISTEN && sockets.has(fields[9])
          ? [Number.parseInt(fields[1].split(':')[1], 16)]
          : [];
      }),
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
