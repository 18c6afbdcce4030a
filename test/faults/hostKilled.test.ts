/** The extension host is killed in every phase of a training: the trainer continues, and the next window shows its state. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { readAttempts, type Attempt, type Phase } from '../../src/run/record/attempts';
import { RunFolder } from '../../src/run/runFolder';
import { nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, isLong, randomized, stateOf, finishedRun } from './support';

const root = join(import.meta.dirname, '..', '..');
const phases: Phase[] = ['starting', 'checking', 'training', 'evaluating', 'saving'];
/** The short form tests one phase, in which files are written. */
const testedPhases: Phase[] = isLong ? phases : ['saving'];

test('a training continues and ends unchanged after the extension host was killed', async () => {
  const reference = await finishedRun();
  let survived = 0;
  for (const phase of testedPhases) {
    const project = await tinyProject(randomized);
    const host = join(project.folder, 'host.cjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'host.ts')],
      bundle: true,
      platform: 'node',
      outfile: host,
      logLevel: 'error',
    });
    const request = {
      kind: 'train',
      args: ['train', '--config', project.config, '--output_dir', project.run],
      folder: project.run,
      configFile: project.config,
      cwd: project.folder,
    };
    const child = spawn(
      process.execPath,
      [host, join(root, 'dist', 'cli.js'), JSON.stringify(request)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [pid] = (await once(child.stdout, 'data')) as [Buffer];
    const trainer = Number(pid.toString());
    onTestFinished(() => {
      if (isAlive(trainer)) process.kill(trainer, 'SIGKILL');
    });
    await waitForPhase(project.run, phase);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // What the next window shows, immediately and at the end.
    const immediately = await nlvr(['status', project.run, '--json']);
    expect(JSON.parse(immediately.stdout)).toMatchObject({
      status: expect.stringMatching(/^(starting|running|finished)$/) as string,
    });
    while (isAlive(trainer)) await sleep(20);
    expect(stateOf(project.run)).toBe('finished');
    const { stdout } = await nlvr(['status', project.run, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'finished' });
    const [attempt] = await attemptsOf(project.run);
    expect(attempt).toMatchObject({
      askedBy: 'editor',
      outcome: { state: 'finished', exitCode: 0 },
    });
    expect(readdirSync(project.run)).not.toContain('run.lock');
    await expectSameRun(project.run, reference.run);
    survived++;
  }
  addRow(
    `extension host killed while the trainer is ${testedPhases.join(', ')}`,
    testedPhases.length,
    survived,
    'nothing',
  );
}, 600_000);

const attemptsOf = (run: string): Promise<Attempt[]> => readAttempts(new RunFolder(run));

/** Waits for a phase, or for a later one if it was too short to be observed. */
async function waitForPhase(run: string, phase: Phase): Promise<void> {
  for (;;) {
    const [attempt] = await attemptsOf(run);
    if (attempt?.phase === phase || attempt?.outcome) return;
    await sleep(1);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
