/** `npm run test:soak`: many evaluations in one process, of a tiny model that takes one step between two of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventsOf, sharedFolder, startNlvr, tinyProject } from '../../test/integration/tinyProject';
import { describe, processPoint, summarize, type Point } from './watched';

const evaluations = Number(process.env['NLVR_SOAK_EVALUATIONS'] ?? 10_000);
const EVERY_MS = 1000;

const folder = sharedFolder();

it(`memory and descriptors over ${evaluations} evaluations`, async () => {
  const { config, run } = await tinyProject(
    { max_epoch: String(evaluations), eval_test: 'false', save_every: '1000', num_workers: '0' },
    { train: 4, val: 10, test: 6 },
    folder,
  );
  const child = startNlvr(['train', '--config', config]);
  child.stdout?.resume();
  child.stderr?.resume();
  const ended = new Promise((resolve) => child.on('close', resolve));
  const points: Point[] = [];
  const began = performance.now();
  while (child.exitCode === null && child.signalCode === null) {
    const point = processPoint(child.pid ?? 0);
    if (point && Number.isFinite(point.bytes))
      points.push({ seconds: (performance.now() - began) / 1000, ...point });
    await sleep(EVERY_MS);
  }
  expect(await ended).toBe(0);
  // The report at the end may evaluate once more.
  const done = eventsOf(run).filter(({ type }) => type === 'eval').length;
  expect(done).toBeGreaterThanOrEqual(evaluations);
  const summary = summarize(points);
  console.log(describe(`${evaluations} evaluations`, summary));
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(
    'bench/results/evaluations.json',
    JSON.stringify({ evaluations, summary, points }, null, 2),
  );
});
