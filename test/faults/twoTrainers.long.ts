/** Two trainers for one folder, simulated on two hosts: each in its own PID and UTS namespace. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startOnOtherHost, canUnshare } from './otherHost';
import { nlvr, tinyProject } from '../integration/tinyProject';
import {
  addRow,
  expectSameRun,
  isLong,
  randomized,
  resumeToEnd,
  stepsOf,
  finishedRun,
} from './support';

test.skipIf(!canUnshare)(
  'a folder that a trainer on another host owns is refused, and is taken over when its heartbeat is stale',
  async () => {
    const extra = { ...randomized, max_epoch: isLong ? '60' : '20' };
    const reference = await finishedRun(extra);
    const project = await tinyProject(extra);
    const train = ['train', '--config', project.config];
    const { child: first } = startOnOtherHost([...train, '--set', 'max_epoch=20']);
    while (first.exitCode === null && stepsOf(project.run) < 3) await sleep(5);
    first.kill('SIGSTOP');
    const config = readFileSync(join(project.run, 'config.yaml'), 'utf8');
    const second = await nlvr([...train, '--overwrite']);
    expect(second.code).toBe(2);
    expect(readFileSync(join(project.run, 'config.yaml'), 'utf8')).toBe(config);
    first.kill('SIGKILL');
    await once(first, 'exit');
    // It waits until the other host has been silent for 30 seconds; --take_over does not.
    await resumeToEnd(project.config, project.run, ...(isLong ? [] : ['--take_over']));
    await expectSameRun(project.run, reference.run);
    addRow(
      'two trainers for one folder, on two hosts, on a disk without hard links',
      1,
      1,
      'nothing',
    );
  },
  600_000,
);
