/**
 * Takes screenshots of the panels about predictions: analysis, comparison, runs table, heat maps, report. See
 * panels.screenshots.ts.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Frame } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Prediction } from '../../src/run/predictions';
import { runWithCountingErrors, storeRobustness } from './analyzedRun';
import { openWorkbench, scratchFolder, theBrowser } from './harness/open';
import { markedEnvironment } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { openDashboard, showNlvrView, viewRow } from './panels';
import { LARGE, takeScreenshotInAllThemes } from './screenshots';
import { syntheticRun } from './syntheticRun';

let vscode: Workbench;
let workspace: string;
let newest: Prediction[];
const takeScreenshot = (scene: string) => takeScreenshotInAllThemes(vscode, workspace, scene);
const runFolder = (name: string) => join(workspace, 'output', name);

/** Waits for the active panel with all its numbers. */
async function analysis(): Promise<Frame> {
  const frame = await vscode.webviewFrame('analysis', 60_000);
  await frame.locator('.analysis[aria-busy=false] .tabs').waitFor({ timeout: 60_000 });
  return frame;
}

describe('the screenshots of', () => {
  beforeAll(async () => {
    workspace = scratchFolder('analysis-panels');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    newest = await runWithCountingErrors(runFolder('bright-otter-3'), { name: 'bright-otter-3' });
    await syntheticRun(runFolder('calm-fox-1'), {
      ...{ name: 'calm-fox-1', predictions: 600, epochs: 4, predictedEpochs: 3, seed: 2 },
      config: { init_lr: 1e-4 },
    });
    for (const [name, rate, state] of [
      ['merry-owl-7', 3e-4, 'stopped'],
      ['swift-hare-9', 3e-4, 'running'],
    ] as const)
      await syntheticRun(runFolder(name), {
        ...{ name, state, steps: 120, epochs: 4, maxEpoch: 8, predictions: 10 },
        config: { init_lr: rate, seed: 2 },
      });
    vscode = await openWorkbench({ workspace, size: LARGE });
    await showNlvrView(vscode);
    await viewRow(vscode, 'calm-fox-1').waitFor();
  }, 300_000);
  afterAll(() => vscode.close());

  it('the analysis', async () => {
    await vscode.runAndPick('NLVR: Analyze Predictions', 'bright-otter-3');
    const frame = await analysis();
    for (const name of [
      ...['Overview', 'Slices', 'Calibration', 'Over epochs', 'Label noise', 'Robustness'],
    ]) {
      await frame.getByRole('tab', { name }).click();
      if (name === 'Over epochs') await frame.locator('.map-box[data-drawn=true]').waitFor();
      await takeScreenshot(`analysis-${name.toLowerCase().replaceAll(' ', '-')}`);
    }
    storeRobustness(runFolder('bright-otter-3'), newest);
    await frame.locator('.tests tr').first().waitFor({ timeout: 60_000 });
    await takeScreenshot('analysis-robustness-stored');
    await vscode.runCommand('View: Close All Editors');
  });

  it('the comparison of predictions', async () => {
    await vscode.runAndPick('NLVR: Compare Predictions…', 'calm-fox-1', 'bright-otter-3');
    const frame = await vscode.webviewFrame('comparison', 60_000);
    await frame.locator('.comparison[aria-busy=false] .facts').waitFor();
    await takeScreenshot('predictions-compared');
    await frame.locator('.outcomes').getByRole('button', { name: 'Newly wrong' }).click();
    await frame.locator('.list[aria-busy=false]').waitFor();
    await takeScreenshot('predictions-compared-examples');
    await vscode.runCommand('View: Close All Editors');
  });

  it('the runs table', async () => {
    await vscode.runCommand('NLVR: Open Runs Table');
    const frame = await vscode.webviewFrame('runs', 60_000);
    await frame.locator('.run', { hasText: 'merry-owl-7' }).click();
    await takeScreenshot('runs-table');
    await vscode.press('n');
    await frame.getByLabel('Values of init_lr').fill('1e-5, 3e-5');
    await takeScreenshot('runs-table-sweep');
    await vscode.press('Escape');
    await frame.getByRole('dialog').waitFor({ state: 'detached' });
    await frame.locator('select[name=group]').selectOption('config:init_lr');
    await takeScreenshot('runs-table-groups');
    await vscode.runCommand('View: Close All Editors');
  });

  it('the report and its dialog', async () => {
    await openDashboard(vscode, 'bright-otter-3');
    await vscode.runCommand('NLVR: Create Report…');
    await vscode.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await takeScreenshot('pick-report');
    await vscode.press('Escape');
    const report = join(workspace, 'report.html');
    const args = ['report', runFolder('bright-otter-3'), '--output', report];
    await promisify(execFile)(process.execPath, [resolve('dist/cli.js'), ...args], {
      cwd: workspace,
      env: markedEnvironment(inject('mark')),
    });
    const shots: { input: Buffer; left: number; top: number }[] = [];
    for (const [at, colorScheme] of (['light', 'dark'] as const).entries())
      for (const [width, left] of [
        [1200, 0],
        [390, 1200],
      ] as const) {
        const context = await (
          await theBrowser()
        ).newContext({ colorScheme, viewport: { width, height: 1800 } });
        const page = await context.newPage();
        await page.goto(pathToFileURL(report).href);
        shots.push({ input: await page.screenshot(), left, top: at * 1800 });
        await context.close();
      }
    expect(shots).toHaveLength(4);
    await sharp({ create: { width: 1590, height: 3600, channels: 3, background: '#777' } })
      .composite(shots)
      .png()
      .toFile('test/e2e/artifacts/panels-report.png');
  });
});
