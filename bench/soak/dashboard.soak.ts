/** `npm run test:soak`: the sample trains, with an evaluation each epoch, and its dashboard is open in VS Code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, inject, it } from 'vitest';
import { openWorkbench, scratchFolder } from '../../test/e2e/harness/open';
import { markedProcesses } from '../../test/e2e/harness/processes';
import { openDashboard } from '../../test/e2e/panels';
import { describe, processPoint, summarize, type Point } from './watched';

const minutes = Number(process.env['NLVR_SOAK_MINUTES'] ?? 60);
const EVERY_MS = Math.max(1000, Math.min(10_000, minutes * 250));
let trainer: ChildProcess | undefined;

afterAll(() => trainer?.kill('SIGKILL'));

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
  const vscode = await openWorkbench({ workspace });
  const frame = await openDashboard(vscode);
  await frame.locator('.plot canvas').first().waitFor();
  const session = await vscode.page.context().newCDPSession(vscode.page);
  // The dashboard's frame may have a process of its own.
  const own = await vscode.page
    .context()
    .newCDPSession(frame)
    .catch(() => undefined);
  const host = markedProcesses().find(
    ({ command, mark }) => mark.startsWith(inject('mark')) && /--type=extensionHost/.test(command),
  );
  expect(host).toBeDefined();
  const points: Record<'trainer' | 'host' | 'page', Point[]> = { trainer: [], host: [], page: [] };
  const began = performance.now();
  let events = 0;
  while (performance.now() - began < minutes * 60_000) {
    const seconds = (performance.now() - began) / 1000;
    const ofTrainer = processPoint(pid);
    const ofHost = processPoint(host?.pid ?? 0);
    expect(ofTrainer && ofHost).toBeDefined();
    if (ofTrainer) points.trainer.push({ seconds, ...ofTrainer });
    if (ofHost) points.host.push({ seconds, ...ofHost });
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
  const steps = await frame.locator('.figures').textContent();
  const results = Object.fromEntries(
    Object.entries(points).map(([name, list]) => [name, summarize(list)]),
  );
  for (const [name, summary] of Object.entries(results)) console.log(describe(name, summary));
  console.log(`the dashboard says: ${steps ?? ''}`);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/soak.json', JSON.stringify({ minutes, results, points }, null, 2));
});
