/** `npm run test:soak`: the sample trains, with an evaluation each epoch, and its dashboard is open in VS Code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from '../../test/e2e/harness/open';
import { freePort } from '../../test/e2e/harness/server';
import { openDashboard } from '../../test/e2e/panels';
import { Inspector } from './inspector';
import { fitLine } from './slope';
import { afterWarmUp, describe, lastStep, processPoint, summarize, type Point } from './watched';

const minutes = Number(process.env['NLVR_SOAK_MINUTES'] ?? 60);
const EVERY_MS = Math.max(1000, Math.min(10_000, minutes * 250));
/** Points between two garbage collections in the extension host: private memory between them is that of normal use. */
const COLLECT_EVERY = 3;
let trainer: ChildProcess | undefined;
let inspector: Inspector | undefined;

afterAll(() => {
  inspector?.close();
  trainer?.kill('SIGKILL');
});

it(`memory and descriptors over ${minutes} minutes`, async () => {
  const workspace = scratchFolder('soak');
  const nlvr = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [join(process.cwd(), 'dist', 'cli.js'), ...args], {
      cwd: workspace,
      stdio: 'ignore',
    });
  const sampleProcess = nlvr('sample', 'sample');
  expect(await new Promise((resolve) => sampleProcess.on('close', resolve))).toBe(0);
  const run = join(workspace, 'output', 'soak');
  const settings = { max_epoch: 100000, 'curriculum.epochs': 0, eval_every: 1, threads: 1 };
  trainer = nlvr(
    ...['train', '--config', 'sample/nlvr.yaml', '--output_dir', run],
    ...Object.entries({ ...settings, num_workers: 1 }).flatMap(([key, value]) => [
      '--set',
      `${key}=${value}`,
    ]),
  );
  const pid = trainer.pid ?? 0;
  while (!existsSync(join(run, 'events.jsonl'))) {
    expect(trainer.exitCode).toBeNull();
    await sleep(200);
  }
  const inspectorPort = await freePort();
  const vscode = await openWorkbench({ workspace, inspectorPort });
  const frame = await openDashboard(vscode);
  await frame.locator('.plot canvas').first().waitFor();
  const session = await vscode.page.context().newCDPSession(vscode.page);
  // The dashboard's frame may have a process of its own.
  const own = await vscode.page
    .context()
    .newCDPSession(frame)
    .catch(() => undefined);
  const [host] = vscode.server.extensionHosts();
  inspector = await Inspector.open(host, inspectorPort);
  const points: Record<'trainer' | 'host' | 'hostHeap' | 'hostExternal' | 'page', Point[]> = {
    trainer: [],
    host: [],
    hostHeap: [],
    hostExternal: [],
    page: [],
  };
  /** Steps of the run at the points of the host's heap. */
  const steps: number[] = [];
  const began = performance.now();
  let events = 0;
  while (performance.now() - began < minutes * 60_000) {
    const seconds = (performance.now() - began) / 1000;
    const ofTrainer = processPoint(pid);
    const ofHost = processPoint(host);
    expect(ofTrainer && ofHost).toBeDefined();
    if (ofTrainer) points.trainer.push({ seconds, ...ofTrainer });
    if (ofHost) points.host.push({ seconds, ...ofHost });
    if (events % COLLECT_EVERY === 0) {
      const { heap, external } = await inspector.heapUse();
      points.hostHeap.push({ seconds, bytes: heap });
      points.hostExternal.push({ seconds, bytes: external });
      steps.push(lastStep(run));
    }
    let bytes = 0;
    for (const each of [session, ...(own ? [own] : [])]) {
      await each.send('HeapProfiler.collectGarbage');
      bytes += (await each.send('Runtime.getHeapUsage')).usedSize;
    }
    points.page.push({ seconds, bytes });
    await sleep(EVERY_MS);
    events++;
  }
  expect(events).toBeGreaterThan(3);
  const figures = await frame.locator('.figures').textContent();
  const results = Object.fromEntries(
    Object.entries(points).map(([name, list]) => [name, summarize(list)]),
  );
  const perStep = fitLine(
    afterWarmUp(steps),
    afterWarmUp(points.hostHeap.map(({ bytes }, i) => bytes + points.hostExternal[i].bytes)),
  );
  for (const [name, summary] of Object.entries(results)) console.log(describe(name, summary));
  console.log(
    `host, in use: ${perStep.slope.toFixed(0)} ± ${perStep.error.toFixed(0)} bytes a step`,
  );
  console.log(`the dashboard says: ${figures ?? ''}`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(
    'bench/results/soak.json',
    JSON.stringify({ minutes, results, perStep, steps, points }, null, 2),
  );
});
