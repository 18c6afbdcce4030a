/** A folder that is taken over from a running trainer on another host. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nlvr, tinyProject } from '../integration/tinyProject';
import { startOnOtherHost, canUnshare } from './otherHost';
import { addRow, randomized, stepsOf } from './support';

test.skipIf(!canUnshare)(
  'a trainer whose folder was taken over from another host writes nothing more',
  async () => {
    const project = await tinyProject({ ...randomized, max_epoch: '400' });
    const train = ['train', '--config', project.config];
    const { child: first, stderr } = startOnOtherHost(train);
    while (first.exitCode === null && stepsOf(project.run) < 3) await sleep(5);
    const ended = once(first, 'exit');
    const second = await nlvr([...train, '--overwrite', '--take_over', '--set', 'max_epoch=1']);
    expect(second.code, second.stderr).toBe(0);
    const after = readFileSync(join(project.run, 'run.json'), 'utf8');
    expect((await ended)[0]).not.toBe(0);
    expect(stderr()).toMatch(/taken over/);
    expect(readFileSync(join(project.run, 'run.json'), 'utf8')).toBe(after);
    addRow(
      'a folder taken over from a trainer that is alive on another host',
      1,
      1,
      'the steps of the first',
    );
  },
  600_000,
);
