/**
 * A workspace of full size in a real VS Code: 1,000 runs, and a training of 86,373 examples, as many as NLVR2 has, with
 * its dashboard. Run alone, with no other trainer on the machine:
 *
 *     npx vitest run -c bench/panels.config.mts workspace
 *
 * `NLVR_BENCH_RUNS` and `NLVR_BENCH_TRAIN` change the numbers. Figures go to bench/results/workspace.json.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from '../test/e2e/harness/open';
import { markedProcesses } from '../test/e2e/harness/processes';
import type { Workbench } from '../test/e2e/harness/workbench';
import { openDashboard, showNlvrView, viewRow } from '../test/e2e/panels';
import { syntheticRun } from '../test/e2e/syntheticRun';
import { watchFrames } from './frames';
import { processPoint } from './soak/watched';

const RUNS = Number(process.env.NLVR_BENCH_RUNS ?? 1000);
const EXAMPLES = Number(process.env.NLVR_BENCH_TRAIN ?? 86_373);
const STEPS = 40;
const results: Record<string, number> = { runs: RUNS, examples: EXAMPLES };

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await work();
  results[name] = performance.now() - began;
  console.log(`${name}: ${results[name].toFixed(0)} ms`);
}

async function frames(frame: Frame, name: string, work: () => Promise<unknown>): Promise<void> {
  const { longest, longestTask } = await watchFrames(frame, work);
  results[name] = longest;
  console.log(
    `${name}: longest frame ${longest.toFixed(0)} ms, longest task ${longestTask.toFixed(0)}`,
  );
}

/** Private memory of VS Code's extension host, in MiB. */
function hostMemory(): number {
  const host = markedProcesses().find(({ command }) => /--type=extensionHost/.test(command));
  return (processPoint(host?.pid ?? 0)?.bytes ?? NaN) / 2 ** 20;
}

afterAll(() => {
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/workspace.json', JSON.stringify(results, null, 2));
});

describe(`a workspace with ${RUNS} runs`, () => {
  let workspace: string;
  let vscode: Workbench;
  const nameOf = (i: number): string => `run-${String(i).padStart(4, '0')}`;

  beforeAll(async () => {
    workspace = scratchFolder('bench-workspace');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: images\nann_root: .\n');
    const size = { steps: 60, epochs: 3, predictions: 20, images: 2 };
    for (let i = 0; i < RUNS; i++) {
      const config = { seed: i, init_lr: [1e-5, 3e-5, 1e-4][i % 3] };
      const folder = join(workspace, 'output', nameOf(i));
      await syntheticRun(folder, { ...size, name: nameOf(i), seed: i, config });
    }
  });
  afterAll(() => vscode.close());

  it('shows all runs in the table, sorts and searches them, and opens one', async () => {
    await timed('VS Code with the first run in its view', async () => {
      vscode = await openWorkbench({ workspace });
      await showNlvrView(vscode);
      await viewRow(vscode, 'run-').first().waitFor({ timeout: 120_000 });
    });
    let frame: Frame | undefined;
    await timed('runs table with all runs', async () => {
      await vscode.runCommand('NLVR: Open Runs Table');
      frame = await vscode.webviewFrame('runs', 120_000);
      await frame.locator('.grid[aria-busy=false]').waitFor({ timeout: 120_000 });
      await frame.getByRole('columnheader', { name: 'init_lr' }).waitFor({ timeout: 120_000 });
      // The workspace may still be searched for runs.
      await frame.locator(`.grid[aria-rowcount="${RUNS + 1}"]`).waitFor({ timeout: 120_000 });
    });
    const table = frame as Frame;
    await frames(table, 'sort', () => table.getByRole('columnheader', { name: 'init_lr' }).click());
    await frames(table, 'search', async () => {
      await table.locator('input[type=search]').focus();
      await vscode.page.keyboard.type(nameOf(RUNS - 1), { delay: 30 });
      await table.locator('.run', { hasText: nameOf(RUNS - 1) }).waitFor();
    });
    await timed('dashboard of a run', async () => {
      const name = nameOf(RUNS - 1);
      await table.locator('.run', { hasText: name }).click();
      await vscode.page.keyboard.press('Enter');
      const dashboard = await vscode.webviewFrame('dashboard', 60_000, name);
      await dashboard.locator('.plot canvas').first().waitFor();
    });
    results.hostMiB = hostMemory();
    console.log(`host: ${results.hostMiB.toFixed(0)} MiB`);
  });
});

describe(`a training of ${EXAMPLES} examples`, () => {
  it('starts, trains and is shown', async () => {
    const workspace = scratchFolder('bench-examples');
    const nlvr = (...args: string[]) =>
      spawn(process.execPath, [join(process.cwd(), 'dist', 'cli.js'), ...args], {
        cwd: workspace,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    const sampleProcess = nlvr('sample', 'sample');
    expect(await new Promise((resolve) => sampleProcess.on('close', resolve))).toBe(0);
    const annotations = readdirSync(join(workspace, 'sample'), {
      recursive: true,
      encoding: 'utf8',
    });
    const train = annotations.find((name) => /train\.json$/.test(name)) ?? '';
    const file = join(workspace, 'sample', train);
    const sample = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
    const all = Array.from({ length: EXAMPLES }, (_, i) => ({
      ...sample[i % sample.length],
      identifier: `train-${i >> 2}-${i & 3}-0`,
    }));
    writeFileSync(file, JSON.stringify(all, null, 1));
    const run = join(workspace, 'output', 'full');
    const trainer = nlvr(
      ...['train', '--config', 'sample/nlvr.yaml', '--output_dir', run],
      ...['--set', 'curriculum.epochs=0', '--set', 'log_every=1'],
    );
    try {
      const steps = (): number =>
        existsSync(join(run, 'events.jsonl'))
          ? readFileSync(join(run, 'events.jsonl'), 'utf8').split('"type":"step"').length - 1
          : 0;
      const waitForSteps = async (count: number): Promise<void> => {
        while (steps() < count) {
          expect(trainer.exitCode).toBeNull();
          await sleep(20);
        }
      };
      await timed('first step of the training', () => waitForSteps(1));
      await timed(`${STEPS} more steps`, () => waitForSteps(STEPS + 1));
      const vscode = await openWorkbench({ workspace });
      await timed('dashboard while it trains', async () => {
        const dashboard = await openDashboard(vscode);
        await dashboard.locator('.plot canvas').first().waitFor();
      });
      await timed('annotation file as text', async () => {
        await vscode.openFile('train.json');
        // VS Code asks before it shows a file of this size.
        await vscode.page.locator('.monaco-button', { hasText: 'Open Anyway' }).click();
        await vscode.page.locator('.monaco-editor .view-line').first().waitFor();
      });
      results.trainerMiB = (processPoint(trainer.pid ?? 0)?.bytes ?? NaN) / 2 ** 20;
      console.log(`trainer: ${results.trainerMiB.toFixed(0)} MiB`);
      await vscode.close();
    } finally {
      trainer.kill('SIGKILL');
    }
  });
});
