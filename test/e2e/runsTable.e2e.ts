import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { showNlvrView, viewRow } from './panels';
import { syntheticRun } from './syntheticRun';

const SLOW = { timeout: 60_000 };
const blipLog =
  '{"train_lr": "0.000", "train_loss": "0.5120", "val_acc": "0.8215", "test_acc": "0.8224", "epoch": 0}';

/** Creates runs of a small sweep, an active one (of this process), and one of BLIP. */
async function workspaceWithRuns(): Promise<string> {
  const folder = scratchFolder('runs-table');
  const configuration = 'image_root: images # mine\nann_root: annotations\ninit_lr: 3e-5\n';
  const output = join(folder, 'output');
  mkdirSync(output);
  // The configuration that the runs refer to.
  writeFileSync(join(output, 'nlvr.yaml'), configuration);
  const small = { steps: 120, epochs: 4, predictions: 10, images: 4 };
  const config = { image_root: join(folder, 'images'), ann_root: join(folder, 'annotations') };
  const runs = [
    ['calm-fox-1', 'finished', { ...config, init_lr: 3e-5, seed: 1 }],
    ['merry-owl-7', 'stopped', { ...config, init_lr: 1e-4, seed: 1 }],
    ['bold-elk-3', 'finished', { ...config, init_lr: 1e-4, seed: 2 }],
    ['swift-hare-9', 'running', { ...config, init_lr: 3e-4, seed: 2 }],
  ] as const;
  for (const [name, state, keys] of runs)
    await syntheticRun(join(output, name), { ...small, maxEpoch: 8, name, state, config: keys });
  mkdirSync(join(output, 'blip'));
  writeFileSync(join(output, 'blip', 'log.txt'), blipLog);
  return folder;
}

describe('the runs table', () => {
  let vscode: Workbench;
  let workspace: string;
  let frame: Frame;
  const line = (text: string) => frame.locator('.run', { hasText: text });
  const button = (name: string) => frame.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    workspace = await workspaceWithRuns();
    vscode = await openWorkbench({ workspace });
    await showNlvrView(vscode);
    await viewRow(vscode, 'swift-hare-9').waitFor();
  });
  afterAll(() => vscode.close());

  it('opens from the palette and is accessible in every theme', async () => {
    await vscode.runCommand('NLVR: Open Runs Table');
    frame = await vscode.webviewFrame('runs');
    for (const name of ['calm-fox-1', 'merry-owl-7', 'bold-elk-3', 'swift-hare-9'])
      await line(name).waitFor();
    await frame.getByRole('columnheader', { name: 'init_lr' }).waitFor();
    expect(await line('swift-hare-9').textContent()).toContain('running');
    for (const theme of ['light', 'hc', 'dark'] as const) {
      await vscode.setTheme(theme);
      frame = await vscode.webviewFrame('runs');
      await line('calm-fox-1').waitFor();
      await vscode.screenshot(`runs-table-${theme}`);
      expect(await accessibilityProblems(frame)).toEqual([]);
    }
  });

  it('renames, stars and tags a run without writing to its folder', async () => {
    const folder = join(workspace, 'output', 'calm-fox-1');
    const before = readdirSync(folder);
    await line('calm-fox-1').click();
    await vscode.press('s', 'F2');
    await frame.getByLabel('Name', { exact: true }).fill('Baseline');
    await frame.getByLabel(/^Tags/).fill('paper');
    await button('Save').click();
    await line('Baseline').waitFor();
    await viewRow(vscode, 'Baseline').waitFor();
    await expect.poll(() => line('Baseline').textContent()).toContain('paper');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('updates while a run trains', async () => {
    const file = join(workspace, 'output', 'swift-hare-9', 'run.json');
    const info = JSON.parse(readFileSync(file, 'utf8')) as { best: object };
    writeFileSync(file, JSON.stringify({ ...info, best: { ...info.best, accuracy: 0.987 } }));
    await expect.poll(() => line('swift-hare-9').textContent(), SLOW).toContain('98.7%');
  });

  it('queues every combination of a few values', async () => {
    await line('merry-owl-7').click();
    await vscode.press('n');
    await frame.getByLabel('Values of init_lr').fill('1e-5, 3e-5');
    await button('Add Key').click();
    await frame.getByLabel('Values of seed').fill('7, 8');
    await button('Queue 4 Runs').waitFor();
    await vscode.screenshot('runs-table-sweep');
    await button('Queue 4 Runs').click();
    const queued = viewRow(vscode, 'init_lr: 1e-4 → 1e-5, seed: 1 → 7');
    await expect.poll(() => queued.count(), SLOW).toBe(1);
    await frame.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('opens the configuration of a run with another value', async () => {
    await line('merry-owl-7').click();
    await vscode.press('n');
    await frame.getByLabel('Values of init_lr').fill('5e-5');
    await button('Open as New Configuration').click();
    await vscode.page.locator('.tab.active', { hasText: 'merry-owl-7-2.nlvr.yaml' }).waitFor(SLOW);
    const text = vscode.page.locator('.monaco-editor .view-lines').first();
    await expect.poll(() => text.textContent()).toMatch(/init_lr:\s5e-5/);
    await vscode.screenshot('runs-table-new');
    await vscode.runCommand('View: Revert and Close Editor');
  });

  it('is restored after a window reload, and compares runs', async () => {
    await vscode.runCommand('NLVR: Open Runs Table');
    frame = await vscode.webviewFrame('runs');
    await line('Baseline').waitFor();
    await frame.locator('select[name=group]').selectOption('config:init_lr');
    await expect.poll(() => frame.locator('.group').count()).toBeGreaterThan(2);
    await vscode.settled();
    await vscode.reloadWindow();
    frame = await vscode.webviewFrame('runs', 60_000);
    await line('Baseline').waitFor(SLOW);
    await expect.poll(() => frame.locator('.group').count()).toBeGreaterThan(2);
    for (const name of ['Baseline', 'bold-elk-3']) await line(name).locator('.check-cell').click();
    await button('Compare 2 Runs').click();
    const dashboard = await vscode.webviewFrame('dashboard', 60_000);
    await dashboard.locator('.comparison-table').waitFor();
    expect(vscode.cspViolations).toEqual([]);
  });
});
