/** The computer's clock is set back by an hour while a run trains. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventsOf, nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, randomized, finishedRun, withFault } from './support';

test('setting the clock back by an hour changes no result and does not reduce the training time', async () => {
  const reference = await finishedRun();
  const project = await tinyProject(randomized);
  const { code, stderr } = await nlvr(['train', '--config', project.config], {
    env: withFault({ clock: -3_600_000, when: join(project.run, 'checkpoint_last') }),
  });
  expect(code, stderr).toBe(0);
  await expectSameRun(project.run, reference.run);
  const times = eventsOf(project.run).map(({ time }) => time);
  expect(Math.min(...times.slice(1).map((time, i) => time - times[i]))).toBeLessThan(-3000);
  const { trainedSeconds } = JSON.parse(readFileSync(join(project.run, 'run.json'), 'utf8')) as {
    trainedSeconds: number;
  };
  expect(trainedSeconds).toBeGreaterThan(0);
  const status = await nlvr(['status', project.run]);
  expect(status.stdout).toMatch(/finished/);
  addRow('clock set back by an hour while training', 1, 1, 'nothing');
}, 300_000);
