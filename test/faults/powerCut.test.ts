/** A power cut at any fsync, rename or removal: the folder as a disk then holds it is resumed, and nothing that was saved is lost. */
import { cpSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lossesOf, nlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, isLong, noisy, resumed, wholeRun, withFault } from './support';

/** Makes the files as old as after a restart of the machine: only old partial files are removed. */
function setAge(folder: string): void {
  const time = new Date(Date.now() - 120_000);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    utimesSync(join(folder, file), time, time);
}

/** The short form tries this many, spread over all. */
const SHORT = 2;

test('a power cut anywhere: the run goes on bit for bit', async () => {
  const reference = await wholeRun();
  const project = await tinyProject(noisy);
  const images = join(project.folder, 'cuts');
  mkdirSync(images);
  const { code, stderr } = await nlvr(['train', '--config', project.config], {
    env: withFault({ images, run: project.run }),
  });
  expect(code, stderr).toBe(0);
  // Looking at it changed nothing.
  expect([...lossesOf(project.run)]).toEqual([...lossesOf(reference.run)]);

  const all = readdirSync(images).sort();
  expect(all.length).toBeGreaterThan(30);
  const from = Number(process.env.NLVR_FAULT_FROM ?? 0);
  const to = Number(process.env.NLVR_FAULT_TO ?? all.length);
  const every = Math.ceil(all.length / SHORT);
  const tried = isLong ? all.slice(from, to) : all.filter((_, i) => i % every === every - 1);
  const lost: string[] = [];
  for (const image of tried) {
    rmSync(project.run, { recursive: true });
    cpSync(join(images, image), project.run, { recursive: true });
    setAge(project.run);
    try {
      await resumed(project.config, project.run);
      await expectSameRun(project.run, reference.run);
    } catch (error) {
      lost.push(`${image}: ${(error as Error).message}`);
    }
  }
  addRow(
    `power cut at an fsync, rename or removal (${all.length} different images)`,
    tried.length,
    tried.length - lost.length,
    'what was done since the last checkpoint',
  );
  expect(lost).toEqual([]);
}, 3_600_000);
