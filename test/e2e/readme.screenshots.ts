/**
 * Takes the screenshots of README.md. Not a test, and not part of the suite. Creates the whole sample data set, trains on
 * it (some minutes), and writes docs/images.
 *
 *     NLVR_SCREENSHOTS=1 npx vitest run -c test/e2e/vitest.config.mts [-t 'the screenshot of']
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, inject, it } from 'vitest';
import { makeReport } from '../../src/analysis/report/page';
import { openWorkbench, scratchFolder, theBrowser } from './harness/open';
import { markedEnvironment } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { pytorch } from '../../scripts/pytorch.mjs';
import { generateSample } from '../../src/data/sample/generateSample';
import { openDashboard, openForm, openText, showNlvrView, viewRow } from './panels';

const HOUR = 3_600_000;

async function nlvr(cwd: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [resolve('dist/cli.js'), ...args], {
    cwd,
    env: markedEnvironment(`${inject('mark')}.trainer`),
  });
}

async function takeScreenshot(vscode: Workbench, name: string): Promise<void> {
  // The notification that a training has finished may appear at any time and must not be in the screenshot.
  await vscode.runCommand('Notifications: Clear All Notifications');
  await expect.poll(() => vscode.notifications()).toEqual([]);
  await vscode.page.mouse.move(640, 799);
  await vscode.settled();
  const file = await vscode.screenshot(`readme-${name}`);
  await compress(file, name);
}

/** Screenshots of text alone: 16 colors are enough. docs/images is part of the VSIX. */
const TEXT_ONLY = /^(analysis-slices|analysis-robustness|compare-predictions|report|runs-table)$/;

async function compress(screenshot: string | Buffer, name: string): Promise<void> {
  const colors = TEXT_ONLY.test(name) ? { colors: 16, dither: 0 } : { quality: 90 };
  await sharp(screenshot)
    .png({ palette: true, effort: 10, ...colors })
    .toFile(join('docs', 'images', `${name}.png`));
}

/** The results of the robustness test of `output/sample`, in the analysis panel. */
async function robustnessScreenshot(vscode: Workbench): Promise<void> {
  await vscode.runAndPick('NLVR: Analyze Predictions', 'output/sample');
  const analysis = await vscode.webviewFrame('analysis', 60_000);
  await analysis.locator('.analysis[aria-busy=false] .tabs').waitFor({ timeout: 60_000 });
  await analysis.getByRole('tab', { name: 'Robustness' }).click();
  await analysis.locator('.tests tr').first().waitFor();
  await takeScreenshot(vscode, 'analysis-robustness');
  await vscode.runCommand('View: Close All Editors');
}

const epochOf = (run: string): number =>
  existsSync(join(run, 'run.json'))
    ? (JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { epoch: number }).epoch
    : -1;

it('takes the screenshots', { timeout: HOUR }, async () => {
  const workspace = join(scratchFolder('screenshots'), 'shapes');
  await nlvr('.', 'sample', workspace);
  const short = ['--set', 'max_epoch=1', '--set', 'curriculum.epochs=1'];
  const train = ['train', '--config', 'nlvr.yaml'];
  await nlvr(workspace, ...train, '--output_dir', 'output/first-try', ...short);
  const run = join(workspace, 'output', 'sample');
  const training = nlvr(workspace, ...train, '--output_dir', run);
  training.catch(() => undefined);

  const vscode = await openWorkbench({ workspace, size: { width: 1280, height: 800 } });
  await vscode.setTheme('dark');
  await showNlvrView(vscode);
  await expect.poll(() => epochOf(run), { timeout: HOUR / 2, interval: 500 }).toBeGreaterThan(9);
  await vscode.runAndPick('NLVR: Open Training Dashboard', 'output/sample');
  const dashboard = await vscode.webviewFrame('dashboard');
  await dashboard.locator('.plot canvas').nth(1).waitFor();
  await expect.poll(() => dashboard.locator('.watched img').count()).toBeGreaterThan(8);
  await takeScreenshot(vscode, 'dashboard');
  await training;
  await viewRow(vscode, 'finished').nth(1).waitFor();
  await vscode.runCommand('View: Close All Editors');

  await vscode.setTheme('light');
  // Picked by its folder; the title has the run's name.
  await vscode.runAndPick('NLVR: Inspect Failed Examples', 'output/sample');
  const failures = await vscode.webviewFrame('failures', 60_000);
  await failures.locator('.browser[aria-busy=false]').waitFor();
  await failures.locator('.row').nth(1).click();
  await vscode.press('a');
  await expect
    .poll(() => failures.locator('.ask-state').textContent(), { timeout: 120_000 })
    .toContain('parameters');
  // The notification of the finished training may have taken the focus.
  await failures.locator('.ask textarea').press('Enter');
  await failures.locator('.asked tbody tr').nth(1).waitFor();
  // High enough for the images and the question.
  await vscode.page.setViewportSize({ width: 1280, height: 1100 });
  await failures.locator('.frame').first().scrollIntoViewIfNeeded();
  await takeScreenshot(vscode, 'failed-examples');
  await vscode.page.setViewportSize({ width: 1280, height: 800 });
  await failures.getByRole('button', { name: 'Show Where It Looks' }).click();
  await failures.locator('.frame .heat').nth(1).waitFor();
  const words = failures.locator('.explain-words button');
  await words
    .filter({ hasText: /^(circle|square|star|triangle)s?$/ })
    .first()
    .click();
  await failures.locator('.frame').first().scrollIntoViewIfNeeded();
  await takeScreenshot(vscode, 'where-it-looks');
  await vscode.runCommand('View: Close All Editors');

  await nlvr(workspace, 'robustness', run, '--config', 'nlvr.yaml', '--split', 'val');
  await robustnessScreenshot(vscode);

  await vscode.setTheme('hc');
  await vscode.runCommand('NLVR: Compare Runs');
  for (const row of [0, 1])
    await vscode.page.locator('.quick-input-list .monaco-list-row').nth(row).click();
  await vscode.page.keyboard.press('Enter');
  await vscode.webviewFrame('dashboard');
  await takeScreenshot(vscode, 'compared-runs-high-contrast');
  await vscode.runCommand('View: Close All Editors');

  await vscode.setTheme('dark');
  await vscode.runCommand('View: Show Explorer');
  const form = await openForm(vscode);
  await expect.poll(() => form.locator('.card').textContent()).toContain('Steps per epoch');
  await takeScreenshot(vscode, 'configuration-form');
  rmSync(workspace, { recursive: true });
});

it('takes the screenshots of the analysis of the demo', { timeout: HOUR }, async () => {
  const workspace = scratchFolder('screenshots-demo');
  const vscode = await openWorkbench({ workspace, size: { width: 1280, height: 800 } });
  await vscode.setTheme('dark');
  await vscode.runCommand('NLVR: Open Demo Run');
  await vscode.webviewFrame('dashboard', 60_000, 'demo');
  await vscode.runCommand('View: Close All Editors');
  await vscode.runAndPick('NLVR: Analyze Predictions', 'demo');
  const analysis = await vscode.webviewFrame('analysis', 60_000);
  await analysis.locator('.analysis[aria-busy=false] .tabs').waitFor({ timeout: 60_000 });
  await analysis.getByRole('tab', { name: 'Slices' }).click();
  await takeScreenshot(vscode, 'analysis-slices');
  await analysis.getByRole('tab', { name: /epochs/i }).click();
  await takeScreenshot(vscode, 'analysis-epochs');
  await vscode.runCommand('View: Close All Editors');

  await vscode.setTheme('light');
  await vscode.runAndPick('NLVR: Compare Predictions…', 'demo', 'demo-lower-lr');
  const comparison = await vscode.webviewFrame('comparison', 60_000);
  await comparison.locator('.comparison[aria-busy=false]').waitFor({ timeout: 60_000 });
  await takeScreenshot(vscode, 'compare-predictions');
  await vscode.runCommand('View: Close All Editors');

  await vscode.setTheme('dark');
  await vscode.runCommand('NLVR: Open Runs Table');
  const table = await vscode.webviewFrame('runs', 60_000);
  await table.getByText('demo-lower-lr').first().waitFor();
  await takeScreenshot(vscode, 'runs-table');
});

it('takes the screenshot of a report', async () => {
  const demo = (name: string): string => resolve('media', 'demo', 'runs', name);
  const page = await makeReport(
    {
      ...{ run: demo('demo'), compareWith: demo('demo-lower-lr'), split: 'val', epoch: 'best' },
      ...{ userSlices: [], worst: 12 },
    },
    { language: 'en', version: '0', created: new Date() },
  );
  const file = join(scratchFolder('screenshots-report'), 'report.html');
  writeFileSync(file, page);
  const shown = await (await theBrowser()).newPage({ viewport: { width: 1280, height: 1000 } });
  await shown.goto(pathToFileURL(file).href);
  await shown.evaluate(`document.getElementById('curves').scrollIntoView()`);
  await compress(await shown.screenshot(), 'report');
});

/** An excerpt as a user would write it; the complete script is examples/python/train_pytorch.py. */
const SCRIPT = `from nlvr_run import Run

config = {"image_root": "shapes/images", "lr": 3e-3}

with Run("output/mine", config,
         max_epoch=30, steps_per_epoch=75) as run:
    step = 0
    for epoch in range(30):
        for words, pictures, labels in batches():
            loss = train_on(words, pictures, labels)
            step += 1
            run.log(step, loss=loss.item(), lr=lr)

        run.evaluation("val", epoch, predictions())
`;

it('takes the screenshot of a training in PyTorch', { timeout: HOUR }, async () => {
  const workspace = scratchFolder('screenshots-pytorch');
  await generateSample(join(workspace, 'shapes'), {
    sets: { train: 150, dev: 40, test1: 1, easy: 150 },
  });
  writeFileSync(join(workspace, 'train.py'), SCRIPT);
  const example = resolve('examples/python/train_pytorch.py');
  const args = [example, 'shapes', 'output/mine', '--epochs', '30', '--batch', '64'];
  const training = spawn(pytorch(), args, {
    cwd: workspace,
    env: markedEnvironment(`${inject('mark')}.trainer`),
  });
  const run = join(workspace, 'output', 'mine');
  const vscode = await openWorkbench({ workspace, size: { width: 1280, height: 800 } });
  await vscode.setTheme('dark');
  await openText(vscode, 'train.py');
  await vscode.runCommand('View: Split Editor Right');
  await showNlvrView(vscode);
  await expect.poll(() => epochOf(run), { timeout: HOUR / 2, interval: 500 }).toBeGreaterThan(11);
  const dashboard = await openDashboard(vscode);
  await vscode.runCommand('View: Toggle Primary Side Bar Visibility');
  await dashboard.locator('.plot canvas').nth(1).waitFor();
  await takeScreenshot(vscode, 'own-trainer');
  training.kill('SIGKILL');
  rmSync(workspace, { recursive: true });
});
