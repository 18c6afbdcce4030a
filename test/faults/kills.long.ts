/**
 * A hundred SIGKILLs: at any moment of a start, after a step, and while a checkpoint is written. `npm test` has ten of
 * them (`test/integration/trainExactness.test.ts`), and those of ranks (`test/integration/distributed.test.ts`).
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lossesOf, startNlvr, tinyProject } from '../integration/tinyProject';
import {
  addRow,
  expectSameRun,
  randomized,
  resumeToEnd,
  stateOf,
  stepsOf,
  finishedRun,
} from './support';

const KILLS = Number(process.env.NLVR_FAULT_KILLS ?? 100);
/** More than are trained: a start takes up to some dozens of steps before it is killed. */
const EPOCHS = KILLS * 4;
const moments = ['anywhere', 'after a step', 'while saving', 'while saving'] as const;

test('killed a hundred times, a run gives the losses of one never killed', async () => {
  const extra = { ...randomized, max_epoch: `${EPOCHS}`, save_steps: '1' };
  const project = await tinyProject(extra);
  const counts = new Map<string, number>();
  let kills = 0;
  let epochs = 0;
  for (; kills < KILLS; kills++) {
    const moment = moments[kills % moments.length];
    const child = startNlvr(['train', '--config', project.config, '--resume']);
    child.stderr?.resume();
    child.stdout?.resume();
    const ended = once(child, 'exit');
    const before = stepsOf(project.run);
    if (moment !== 'anywhere')
      while (child.exitCode === null && stepsOf(project.run) <= before) await sleep(2);
    if (moment === 'while saving')
      while (child.exitCode === null && !existsSync(join(project.run, 'checkpoint_last.new')))
        await sleep(0);
    await sleep(
      Math.random() * (moment === 'anywhere' ? 3000 : moment === 'while saving' ? 25 : 150),
    );
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    await ended;
    counts.set(moment, (counts.get(moment) ?? 0) + 1);
  }
  epochs = Math.ceil((stepsOf(project.run) + 6) / 6);
  // The reference is as long as the run has become; its learning rate is that of all epochs.
  await resumeToEnd(project.config, project.run, '--set', `max_epoch=${EPOCHS}`);
  const reference = await finishedRun(extra);
  await expectSameRun(project.run, reference.run);
  expect(stateOf(project.run)).toBe('finished');
  expect(lossesOf(project.run).size).toBe(EPOCHS * 6);
  const summary = [...counts].map(([moment, count]) => `${count} ${moment}`).join(', ');
  addRow(
    `SIGKILL: ${summary}`,
    kills,
    kills,
    'the steps since the last checkpoint, done again bit for bit',
  );
  expect(epochs).toBeLessThan(EPOCHS);
}, 3_600_000);
