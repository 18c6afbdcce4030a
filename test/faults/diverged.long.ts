/** NaN at a step. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectWholeCheckpoints, noisy, stateOf, stepsOf } from './support';

test('a loss or gradient that is not finite ends the run; the checkpoints of before are whole and the run goes on from them', async () => {
  const project = await tinyProject({ ...noisy, save_steps: '1', warmup_lr: '1e-3' });
  const first = await nlvr(['train', '--config', project.config, '--set', 'max_epoch=1']);
  expect(first.code, first.stderr).toBe(0);
  // Weight decay at this rate multiplies the weights by -9 at each step.
  const rate = ['init_lr=10', 'min_lr=10', 'weight_decay=1', 'max_epoch=30'];
  const { code, stderr } = await nlvr([
    ...['train', '--config', project.config, '--resume'],
    ...rate.flatMap((each) => ['--set', each]),
  ]);
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(/diverged.*step \d+.*untouched.*init_lr/s);
  expect(stateOf(project.run)).toBe('failed');
  expect(existsSync(join(project.run, 'checkpoint_last'))).toBe(true);
  await expectWholeCheckpoints(project.run);
  addRow('NaN at a step', 1, 1, 'the steps since the last checkpoint');
  expect(stepsOf(project.run)).toBeGreaterThan(6);
}, 300_000);
