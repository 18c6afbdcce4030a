/** Too little memory, by the limit that a scheduler sets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { killWhenFinished, nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, randomized, resumeToEnd, stepsOf, finishedRun } from './support';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const controlGroup = `/sys/fs/cgroup/memory/nlvr-test-${process.pid}`;
const canLimitMemory = ((): boolean => {
  try {
    mkdirSync(controlGroup);
    rmdirSync(controlGroup);
    return existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  } catch {
    return false;
  }
})();

test.skipIf(!canLimitMemory)(
  'a trainer that the system kills because memory ran out is reported as such, and the resumed run has identical results',
  async () => {
    const extra = { ...randomized, max_epoch: '200', save_steps: '1' };
    const project = await tinyProject(extra);
    mkdirSync(controlGroup);
    onTestFinished(() => rmdirSync(controlGroup));
    const child = spawn(process.execPath, [cli, 'train', '--config', project.config], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    killWhenFinished(child);
    while (child.exitCode === null && stepsOf(project.run) < 6) await sleep(10);
    writeFileSync(join(controlGroup, 'cgroup.procs'), `${child.pid}`);
    // Less than the process uses already, so that its next allocation exceeds the limit.
    writeFileSync(join(controlGroup, 'memory.limit_in_bytes'), '4M');
    expect(await ended).toEqual([null, 'SIGKILL']);
    const { stdout } = await nlvr(['status', project.run]);
    expect(stdout).toMatch(/killed/);
    expect(stdout).toMatch(/memory ran out/);
    const shorter = { ...extra, max_epoch: '12' };
    const reference = await finishedRun(shorter);
    await resumeToEnd(project.config, project.run, '--set', 'max_epoch=12');
    await expectSameRun(project.run, reference.run);
    addRow('memory limit of a control group', 1, 1, 'the steps since the last checkpoint');
  },
  300_000,
);
