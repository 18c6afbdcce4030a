/** A power failure at any fsync, rename or removal: a resume of the folder as the disk then holds it loses nothing that was saved. */
import { cpSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lossesOf, nlvr, tinyProject } from '../integration/tinyProject';
import {
  addRow,
  expectSameRun,
  isLong,
  randomized,
  resumeToEnd,
  finishedRun,
  withFault,
} from './support';

/** Makes the files as old as after a restart of the machine: only old partial files are removed. */
function setAge(folder: string): void {
  const time = new Date(Date.now() - 120_000);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    utimesSync(join(folder, file), time, time);
}

/** The number of states that the short form tests, spread over all. */
const SHORT_COUNT = 2;

test('after a power failure at any time, the resumed run has identical results', async () => {
  const reference = await finishedRun();
  const project = await tinyProject(randomized);
  const crashStates = join(project.folder, 'crash-states');
  mkdirSync(crashStates);
  const { code, stderr } = await nlvr(['train', '--config', project.config], {
    env: withFault({ crashStates, run: project.run }),
  });
  expect(code, stderr).toBe(0);
  // Recording changed nothing.
  expect([...lossesOf(project.run)]).toEqual([...lossesOf(reference.run)]);

  const all = readdirSync(crashStates).sort();
  expect(all.length).toBeGreaterThan(30);
  const from = Number(process.env.NLVR_FAULT_FROM ?? 0);
  const to = Number(process.env.NLVR_FAULT_TO ?? all.length);
  const every = Math.ceil(all.length / SHORT_COUNT);
  const tested = isLong ? all.slice(from, to) : all.filter((_, i) => i % every === every - 1);
  const failures: string[] = [];
  for (const state of tested) {
    rmSync(project.run, { recursive: true });
    cpSync(join(crashStates, state), project.run, { recursive: true });
    setAge(project.run);
    try {
      await resumeToEnd(project.config, project.run);
      await expectSameRun(project.run, reference.run);
    } catch (error) {
      failures.push(`${state}: ${(error as Error).message}`);
    }
  }
  addRow(
    `power cut at an fsync, rename or removal (${all.length} different images)`,
    tested.length,
    tested.length - failures.length,
    'what was done since the last checkpoint',
  );
  expect(failures).toEqual([]);
}, 3_600_000);
