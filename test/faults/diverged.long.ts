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
  const longer = ['train', '--config', project.config, '--resume', '--set', 'max_epoch=3'];
  const { code, stderr } = await nlvr([...longer, '--set', 'init_lr=1e30', '--set', 'min_lr=1e30']);
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(/diverged.*step \d+.*untouched.*init_lr/s);
  expect(stateOf(project.run)).toBe('failed');
  expect(existsSync(join(project.run, 'checkpoint_last'))).toBe(true);
  await expectWholeCheckpoints(project.run);
  addRow('NaN at a step', 1, 1, 'the steps since the last checkpoint');
  expect(stepsOf(project.run)).toBeGreaterThan(6);
}, 300_000);
