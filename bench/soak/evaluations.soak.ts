/** `npm run test:soak`: many evaluations in one process, of a tiny model that takes one step between two of them. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventsOf, sharedFolder, startNlvr, tinyProject } from '../../test/integration/tinyProject';
import { freePort } from '../../test/e2e/harness/server';
import { Inspector, type HeapUse } from './inspector';
import { fitLine } from './slope';
import { afterWarmUp, describe, lastStep, processPoint, summarize, type Point } from './watched';

const evaluations = Number(process.env['NLVR_SOAK_EVALUATIONS'] ?? 10_000);
const EVERY_MS = 1000;
/** Points between two garbage collections. */
const COLLECT_EVERY = 10;

const folder = sharedFolder();

it(`memory and descriptors over ${evaluations} evaluations`, async () => {
  const { config, run } = await tinyProject(
    { max_epoch: String(evaluations), eval_test: 'false', save_every: '1000', num_workers: '0' },
    { train: 4, val: 10, test: 6 },
    folder,
  );
  const port = await freePort();
  // The trainer takes SIGUSR1, which would open the inspector later, for a request to save.
  const env = { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` };
  const child = startNlvr(['train', '--config', config], { env });
  child.stdout?.resume();
  child.stderr?.resume();
  const ended = new Promise((resolve) => child.on('close', resolve));
  const points: Point[] = [];
  const heap: Point[] = [];
  const external: Point[] = [];
  /** Evaluations at the points of the heap: each follows one step. */
  const counts: number[] = [];
  const began = performance.now();
  while (child.exitCode === null && child.signalCode === null) {
    const point = processPoint(child.pid ?? 0);
    if (point && Number.isFinite(point.bytes))
      points.push({ seconds: (performance.now() - began) / 1000, ...point });
    if (points.length % COLLECT_EVERY === 1) {
      const used = await heapUse(port);
      const seconds = (performance.now() - began) / 1000;
      if (used && existsSync(join(run, 'events.jsonl'))) {
        heap.push({ seconds, bytes: used.heap });
        external.push({ seconds, bytes: used.external });
        counts.push(lastStep(run));
      }
    }
    await sleep(EVERY_MS);
  }
  expect(await ended).toBe(0);
  // The report at the end may evaluate once more.
  const done = eventsOf(run).filter(({ type }) => type === 'eval').length;
  expect(done).toBeGreaterThanOrEqual(evaluations);
  const results = {
    private: summarize(points),
    heap: summarize(heap),
    external: summarize(external),
  };
  for (const [name, summary] of Object.entries(results))
    console.log(describe(`${evaluations} evaluations, ${name}`, summary));
  const inUse = heap.map(({ bytes }, i) => bytes + external[i].bytes);
  const each = fitLine(afterWarmUp(counts), afterWarmUp(inUse));
  console.log(`in use: ${each.slope.toFixed(0)} ± ${each.error.toFixed(0)} bytes per evaluation`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(
    'bench/results/evaluations.json',
    JSON.stringify({ evaluations, results, each, counts, heap, external, points }, null, 2),
  );
});

/** Memory in use of the trainer; undefined when it ends. A process waits at its end while its inspector is connected. */
async function heapUse(port: number): Promise<HeapUse | undefined> {
  const inspector = await Inspector.connect(port).catch(() => undefined);
  try {
    return await inspector?.heapUse();
  } catch {
    return undefined;
  } finally {
    inspector?.close();
  }
}
