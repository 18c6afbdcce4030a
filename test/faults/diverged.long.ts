/** NaN at a step. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lossesOf, nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectCompleteCheckpoints, randomized, stateOf, stepsOf } from './support';

test('a loss or gradient that is not finite ends the run; earlier checkpoints stay complete, and a resume diverges at the same step', async () => {
  const project = await tinyProject({ ...randomized, save_steps: '1', warmup_lr: '1e-3' });
  const first = await nlvr(['train', '--config', project.config, '--set', 'max_epoch=1']);
  expect(first.code, first.stderr).toBe(0);
  // Weight decay at this rate multiplies the weights by -9 at each step.
  const rate = ['init_lr=10', 'min_lr=10', 'weight_decay=1', 'max_epoch=30'];
  const resume = [
    ...['train', '--config', project.config, '--resume'],
    ...rate.flatMap((each) => ['--set', each]),
  ];
  const diverged = /diverged.*step \d+.*unchanged.*init_lr/s;
  const { code, stderr } = await nlvr(resume);
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(diverged);
  expect(stateOf(project.run)).toBe('failed');
  expect(existsSync(join(project.run, 'checkpoint_last'))).toBe(true);
  await expectCompleteCheckpoints(project.run);
  const before = lossesOf(project.run);
  const again = await nlvr(resume);
  expect(again.code).toBe(1);
  expect(diverged.exec(again.stderr)?.[0]).toBe(diverged.exec(stderr)?.[0]);
  expect(lossesOf(project.run)).toEqual(before);
  addRow('NaN at a step', 1, 1, 'the steps since the last checkpoint');
  expect(stepsOf(project.run)).toBeGreaterThan(6);
}, 300_000);
