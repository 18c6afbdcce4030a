import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { compare } from '../../src/analysis/compare';
import { copyDemo, DEMO_RUNS, hasNotes } from '../../src/extension/demo/demoRuns';
import type { RunEvent } from '../../src/run/events';
import { readRun } from '../../src/run/read/readRun';
import { RunFolder } from '../../src/run/runFolder';
import { runPaths } from '../../src/run/runPaths';
import { scratchFolder } from '../integration/tinyProject';

const demo = resolve('media', 'demo');
const runs = DEMO_RUNS.map((name) => join(demo, 'runs', name));

interface Annotation {
  identifier: string;
  images: [string, string];
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('the demo is complete: all images, numbers as in its events, less than 2 MB', async () => {
  const annotations = JSON.parse(
    readFileSync(join(demo, 'annotation', 'demo_val.json'), 'utf8'),
  ) as Annotation[];
  const images = new Set(
    annotations.flatMap((each) => each.images.map((image) => join(demo, 'images', image))),
  );
  expect(filesIn(join(demo, 'images')).sort()).toEqual([...images].sort());
  for (const folder of runs) {
    const run = await readRun(folder);
    expect(run).toMatchObject({ status: 'finished', message: null });
    expect(run?.info).toMatchObject({ kind: 'train', host: '', configFile: '', pid: 0 });
    expect(await runPaths(folder, '')).toMatchObject({
      imageRoot: join(demo, 'images'),
      annFiles: { val: join(demo, 'annotation', 'demo_val.json') },
    });
    const events = readFileSync(new RunFolder(folder).events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent);
    expect(events.at(-1)).toMatchObject({ type: 'end', state: 'finished' });
    const evaluations = events.filter((event) => event.type === 'eval');
    expect(evaluations.length).toBeGreaterThan(2);
    for (const { epoch, accuracy, consistency, predictions } of evaluations) {
      expect(existsSync(join(folder, predictions))).toBe(true);
      const request = {
        run: folder,
        split: 'val',
        epoch: epoch ?? 'last',
        userSlices: [],
      } as const;
      const { analysis } = await analyze(request);
      expect(analysis).toMatchObject({ accuracy, consistency, n: annotations.length, notes: [] });
    }
  }
  const all = filesIn(demo);
  expect(all.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(2e6);
  for (const file of all.filter((each) => !each.endsWith('.png')))
    expect(readFileSync(file, 'utf8'), file).not.toMatch(/\/(tmp|home|root|work)\//);
});

test('the demo has wrong answers, a significant slice and a significant change', async () => {
  const [first, second] = runs;
  const shared = { split: 'val', userSlices: [] } as const;
  const { analysis } = await analyze({ ...shared, run: first, epoch: 'last' });
  expect(analysis.n * (1 - (analysis.accuracy ?? 1))).toBeGreaterThan(15);
  expect(analysis.slices.filter(({ marked }) => marked)).not.toEqual([]);
  expect(analysis.dynamics?.epochs.length).toBeGreaterThan(1);
  const request = { ...shared, a: first, b: second, epochA: 'last', epochB: 'last' } as const;
  const { comparison } = await compare(request);
  expect(comparison.p).toBeLessThan(0.05);
});

test('the demo is copied to a writable folder, and existing files are kept', async () => {
  const shipped = join(scratchFolder(), 'shipped');
  cpSync(demo, shipped, { recursive: true });
  // As in a read-only installation.
  const folders = readdirSync(shipped, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const entry of folders) chmodSync(join(entry.parentPath, entry.name), 0o555);
  const home = join(scratchFolder(), 'storage', 'demo');
  const [first] = await copyDemo(shipped, home);
  expect(statSync(first).mode & 0o200).toBe(0o200);
  expect(filesIn(home)).toHaveLength(filesIn(demo).length);
  expect(await hasNotes(home)).toBe(false);
  writeFileSync(new RunFolder(first).notes, '{}');
  await copyDemo(shipped, home);
  expect(await hasNotes(home)).toBe(true);
  expect(readdirSync(join(home, '..'))).toEqual(['demo']);
  for (const entry of folders) chmodSync(join(entry.parentPath, entry.name), 0o755);
});
