/** Two trainers for one folder, as they are on two hosts: each in a pid and a UTS namespace of its own. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { elsewhere, mayUnshare } from './otherHost';
import { nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, isLong, noisy, resumed, stepsOf, wholeRun } from './support';

test.skipIf(!mayUnshare)(
  'a folder that a trainer on another host holds is refused, and goes to another when its heartbeat is stale',
  async () => {
    const extra = { ...noisy, max_epoch: isLong ? '60' : '20' };
    const reference = await wholeRun(extra);
    const project = await tinyProject(extra);
    const train = ['train', '--config', project.config];
    const { child: first } = elsewhere([...train, '--set', 'max_epoch=20']);
    while (first.exitCode === null && stepsOf(project.run) < 3) await sleep(5);
    first.kill('SIGSTOP');
    const config = readFileSync(join(project.run, 'config.yaml'), 'utf8');
    const second = await nlvr([...train, '--overwrite']);
    expect(second.code).toBe(2);
    expect(readFileSync(join(project.run, 'config.yaml'), 'utf8')).toBe(config);
    first.kill('SIGKILL');
    await once(first, 'exit');
    // It waits until the heartbeat of the other host is 30 seconds old; --take_over does not.
    await resumed(project.config, project.run, ...(isLong ? [] : ['--take_over']));
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
