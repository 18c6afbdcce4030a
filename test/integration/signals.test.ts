/** Signals and pipes: closed terminals, warnings of job schedulers, closed readers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  eventsOf,
  killWhenFinished,
  nlvr,
  sharedFolder,
  startNlvr,
  tinyProject,
  type TinyProject,
} from './tinyProject';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const savesRarely = { save_minutes: '0', save_steps: '0', max_epoch: '500', eval_every: '500' };

const stateOf = (run: string): string =>
  (JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { state: string }).state;
const saves = (run: string): number =>
  eventsOf(run).filter((event) => event.type === 'checkpoint' && event.kind === 'last').length;
const steps = (run: string): number =>
  existsSync(join(run, 'events.jsonl'))
    ? eventsOf(run).filter(({ type }) => type === 'step').length
    : 0;

async function waitUntil(child: ChildProcess, condition: () => boolean): Promise<void> {
  while (!condition()) {
    expect(child.exitCode ?? child.signalCode).toBeNull();
    await sleep(10);
  }
}

/** The output of a child from this point on. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

describe('a training', () => {
  test('without a terminal, whose output is not read, continues on SIGHUP and saves on SIGUSR1 and SIGUSR2', async () => {
    const { config, run } = await tinyProject({ ...savesRarely, save_every: '500' });
    const child = startNlvr(['train', '--config', config]);
    const output = collect(child.stderr);
    child.stdout?.destroy();
    // As early as possible after the program has started.
    await waitUntil(child, () => steps(run) > 2);
    child.kill('SIGHUP');
    for (const [count, signal] of (['SIGUSR1', 'SIGUSR2'] as const).entries()) {
      child.kill(signal);
      await waitUntil(child, () => saves(run) === count + 1);
    }
    const before = steps(run);
    await waitUntil(child, () => steps(run) > before + 2);
    expect(output()).not.toMatch(/Debugger|EPIPE|\n\s+at /);
    child.kill('SIGQUIT');
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, stateOf(run), saves(run)]).toEqual([130, 'stopped', 3]);
  });

  test('of two processes saves and continues when their launcher receives SIGUSR1 and SIGUSR2', async () => {
    const { config, run } = await tinyProject({ ...savesRarely, save_every: '500' });
    const child = startNlvr(['train', '--config', config, '--nproc_per_node', '2']);
    const output = collect(child.stderr);
    child.stdout?.resume();
    await waitUntil(child, () => steps(run) > 2);
    child.kill('SIGHUP');
    for (const [count, signal] of (['SIGUSR1', 'SIGUSR2'] as const).entries()) {
      child.kill(signal);
      await waitUntil(child, () => saves(run) === count + 1);
    }
    const before = steps(run);
    await waitUntil(child, () => steps(run) > before + 2);
    expect(output()).not.toMatch(/Debugger|\n\s+at /);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, stateOf(run), saves(run)]).toEqual([130, 'stopped', 3]);
  });

  test.each([
    ['one process', []],
    ['two processes', ['--nproc_per_node', '2']],
  ])('of %s in a terminal that is closed saves and stops', async (_, more) => {
    const { config, run } = await tinyProject({ ...savesRarely, save_every: '500' });
    // Python's pty is a simple way to get a real terminal, which sends SIGHUP when it is closed.
    const script = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
while os.path.getsize(sys.stdin.fileno()) == 0:
    os.read(fd, 65536)
os.close(fd)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
    const flag = join(run, '..', 'close');
    closeSync(openSync(flag, 'w'));
    const input = openSync(flag, 'r');
    const child = spawn(
      'python3',
      ['-c', script, process.execPath, cli, 'train', '--config', config, ...more],
      { stdio: [input, 'pipe', 'inherit'] },
    );
    killWhenFinished(child);
    const output = collect(child.stdout);
    await waitUntil(child, () => steps(run) > 2);
    const pid = (JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { pid: number }).pid;
    onTestFinished(() => {
      if (stateOf(run) === 'running') process.kill(pid, 'SIGKILL');
    });
    closeSync(input);
    writeFileSync(flag, 'now');
    await once(child, 'close');
    expect([output().trim(), stateOf(run), saves(run)]).toEqual(['130', 'stopped', 1]);
  });
});

describe('output that is not read', () => {
  let project: TinyProject;
  const folder = sharedFolder();
  beforeAll(async () => {
    project = await tinyProject({ max_epoch: '1' }, undefined, folder);
    expect((await nlvr(['train', '--config', project.config])).code).toBe(0);
  });

  /** Runs a command whose standard output is a pipe that is closed immediately. */
  async function runWithClosedOutput(...args: string[]): Promise<unknown[]> {
    const child = startNlvr(args);
    const output = collect(child.stderr);
    child.stdout?.destroy();
    const [code] = (await once(child, 'close')) as [number];
    return [args[0], code, output()];
  }

  test('does not make a command fail', async () => {
    const { config, run } = project;
    const checkpoint = ['--config', config, '--checkpoint', run];
    expect(await runWithClosedOutput('--help')).toEqual(['--help', 0, '']);
    expect(await runWithClosedOutput('check', '--config', config)).toEqual(['check', 0, '']);
    const evaluated = join(folder, 'evaluation');
    expect(await runWithClosedOutput('evaluate', ...checkpoint, '--output_dir', evaluated)).toEqual(
      ['evaluate', 0, ''],
    );
    expect(existsSync(join(evaluated, 'metrics.json'))).toBe(true);
    const image = join(folder, 'images', 'red-20.png');
    const question = ['--left', image, '--right', image, '--sentence', 'the left image is red'];
    expect(await runWithClosedOutput('predict', ...checkpoint, ...question)).toEqual([
      'predict',
      0,
      '',
    ]);
  });

  test('output that cannot be written for another reason makes it fail', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [cli, 'check', '--config', project.config], {
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    const output = collect(child.stderr);
    const [code] = (await once(child, 'close')) as [number];
    expect([code, output()]).toEqual([
      2,
      expect.stringMatching(/^nlvr: the output cannot be written: ENOSPC/),
    ]);
  });
});
