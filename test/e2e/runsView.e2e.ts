import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openDashboard, openFailures, showNlvrView, viewRow as row } from './panels';
import { syntheticRun } from './syntheticRun';

const blipLog = [
  '{"train_lr": "0.000", "train_loss": "0.6931", "val_acc": "0.5102", "test_acc": "0.5031", "epoch": 0}',
  '{"train_lr": "0.000", "train_loss": "0.5120", "val_acc": "0.8215", "test_acc": "0.8224", "epoch": 1}',
  'best epoch: 1',
].join('\n');

/** Creates a folder with a configuration and runs in every state that needs no trainer. */
async function workspaceWithRuns(): Promise<string> {
  const folder = scratchFolder('view');
  writeFileSync(join(folder, 'nlvr.yaml'), 'image_root: images\nann_root: annotations\n');
  mkdirSync(join(folder, 'images'));
  const small = { steps: 200, epochs: 4, predictions: 50, images: 8 };
  const output = join(folder, 'output');
  await syntheticRun(join(output, 'done'), { ...small, name: 'calm-fox-1', state: 'finished' });
  await syntheticRun(join(output, 'halted'), { ...small, name: 'merry-owl-7', state: 'stopped' });
  const { info } = await syntheticRun(join(output, 'died'), { ...small, name: 'bold-elk-3' });
  // Its run.json says running, but its process has ended.
  const died = { ...info, state: 'running', pid: 2 ** 22 - 1, processStart: '1', ended: null };
  writeFileSync(join(output, 'died', 'run.json'), JSON.stringify(died));
  writeFileSync(join(output, 'died', 'trainer.log'), 'OOM when allocating tensor [64,577,768]\n');
  mkdirSync(join(folder, 'blip'));
  writeFileSync(join(folder, 'blip', 'log.txt'), blipLog);
  return folder;
}

describe('the NLVR view', () => {
  let vscode: Workbench;
  let workspace: string;
  beforeAll(async () => {
    workspace = await workspaceWithRuns();
    vscode = await openWorkbench({ workspace });
    await showNlvrView(vscode);
  });
  afterAll(() => vscode.close());

  it('lists the runs with state, accuracy and duration', async () => {
    await row(vscode, 'calm-fox-1').waitFor();
    await expect.poll(() => row(vscode, 'calm-fox-1').textContent()).toMatch(/finished · \d+\.\d%/);
    await expect.poll(() => row(vscode, 'merry-owl-7').textContent()).toMatch(/stopped/);
    await expect.poll(() => row(vscode, 'bold-elk-3').textContent()).toMatch(/failed/);
    for (const theme of ['light', 'dark', 'hc'] as const) {
      await vscode.setTheme(theme);
      await vscode.screenshot(`view-${theme}`);
    }
  });

  it('shows why a trainer died and what to do', async () => {
    const hover = await vscode.openHover(row(vscode, 'bold-elk-3'), 'on disk');
    const text = await hover.textContent();
    expect(text).toContain('out of memory');
    expect(text).toContain('batch_size_train');
    await vscode.screenshot('view-tooltip');
    // It covers the other rows.
    await vscode.page.mouse.move(0, 0);
    await hover.waitFor({ state: 'hidden' });
  });

  it('shows the data set of the configuration', async () => {
    await row(vscode, 'nlvr.yaml').waitFor();
    await expect.poll(() => row(vscode, 'val').first().textContent()).toContain('missing');
    await expect.poll(() => row(vscode, 'image_root').textContent()).toContain('images');
  });

  it('offers the actions that fit the state of a run', async () => {
    const entries = await vscode.openContextMenu(row(vscode, 'calm-fox-1'));
    expect(entries).toContain('Delete Run…');
    // A search finds it again.
    expect(entries).not.toContain('Remove from View');
    expect(entries).toContain('Copy Path');
    expect(entries).not.toContain('Stop');
    await vscode.screenshot('view-menu');
    await vscode.chooseFromMenu('Copy Path');
    await vscode.page.locator('.statusbar-item', { hasText: 'Copied the path' }).waitFor();
    await expect.poll(() => vscode.clipboard()).toBe(join(workspace, 'output', 'done'));
  });

  it('shows a run that starts elsewhere, for example in a terminal', async () => {
    const late = { steps: 50, epochs: 2, predictions: 20, images: 8, name: 'swift-hare-9' };
    await syntheticRun(join(workspace, 'output', 'late'), late);
    await row(vscode, 'swift-hare-9').waitFor({ timeout: 60_000 });
  });

  it('deletes a run after one dialog, whose first button keeps it', async () => {
    await vscode.openContextMenu(row(vscode, 'swift-hare-9'));
    await vscode.chooseFromMenu('Delete Run…');
    // A server has no trash.
    const question = vscode.page.locator('.monaco-dialog-box');
    await question.waitFor();
    expect(await question.textContent()).toMatch(
      /Permanently delete swift-hare-9 \([\d.]+ [kM]B\)\?/,
    );
    await vscode.screenshot('view-delete');
    await vscode.page.keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    expect(existsSync(join(workspace, 'output', 'late', 'run.json'))).toBe(true);
    await vscode.openContextMenu(row(vscode, 'swift-hare-9'));
    await vscode.chooseFromMenu('Delete Run…');
    await vscode.dialogButton('Delete Permanently').click();
    await row(vscode, 'swift-hare-9').waitFor({ state: 'detached' });
    expect(existsSync(join(workspace, 'output', 'late'))).toBe(false);
  });

  it('opens the panels of a run that are restored after a reload', async () => {
    await openDashboard(vscode, 'calm-fox-1');
    // For the run of the active dashboard.
    await openFailures(vscode);
    await openFailures(vscode, 'merry-owl-7');
  });

  it("imports BLIP's output folder, keeps it after a reload and changes nothing in it", async () => {
    await vscode.runCommand('NLVR: Import BLIP Run');
    await vscode.answerFileDialog(join(workspace, 'blip'), 'Import');
    await row(vscode, 'blip').waitFor();
    await expect.poll(() => row(vscode, 'blip').textContent()).toMatch(/imported · 82\.2%/);
    // Its dashboard opens after the row has appeared.
    await vscode.webviewFrame('dashboard', 60_000, 'blip');
    await vscode.settled();
    await vscode.reloadWindow();
    // The rows move until all are shown.
    for (const name of ['blip', 'calm-fox-1', 'merry-owl-7', 'bold-elk-3'])
      await row(vscode, name).waitFor();
    expect(readFileSync(join(workspace, 'blip', 'log.txt'), 'utf8')).toBe(blipLog);
    // The active dashboard is restored and takes the focus, which would close a menu.
    await vscode.webviewFrame('dashboard', 60_000, 'blip');
    await vscode.settled();
    const entries = await vscode.openContextMenu(row(vscode, 'blip'));
    expect(entries).toContain('Remove from View');
    expect(entries).not.toContain('Delete Run…');
    await vscode.press('Escape');
  });

  it('the walkthrough has checked off the steps completed before it opens', async () => {
    // Failed examples opened before the reload count, although their panels are not loaded yet.
    await vscode.runCommand('NLVR: Open Walkthrough');
    const page = vscode.page.locator('.gettingStartedContainer');
    const steps = page.locator('.getting-started-step', {
      has: vscode.page.locator('.codicon-getting-started-step-checked'),
    });
    await expect.poll(() => steps.count(), { timeout: 60_000 }).toBe(4);
    expect((await steps.allTextContents()).join()).not.toContain('Look at a finished run');
    await vscode.screenshot('walkthrough-done');
    await vscode.runCommand('View: Close Editor');
  });

  it('reveals the panels that were open before the reload instead of opening them twice', async () => {
    // Both are hidden by the dashboard of the imported run: VS Code has not loaded them.
    await vscode.runAndPick('NLVR: Open Training Dashboard', 'calm-fox-1');
    await vscode.page.locator('.tab.active', { hasText: 'Training: calm-fox-1' }).waitFor();
    const heading = async () =>
      (await vscode.webviewFrame('dashboard'))
        .locator('h1')
        .textContent()
        .catch(() => null);
    await expect.poll(heading, { timeout: 60_000 }).toContain('calm-fox-1');
    await openFailures(vscode);
    await vscode.page.locator('.tab.active', { hasText: 'Failed Examples: calm-fox-1' }).waitFor();
    expect(await vscode.page.locator('.tabs-container .tab').allTextContents()).toEqual([
      'Training: calm-fox-1',
      'Failed Examples: calm-fox-1',
      'Failed Examples: merry-owl-7',
      'Training: blip',
    ]);
  });

  it('shows the data sets of all configurations, and marks the one in use', async () => {
    writeFileSync(join(workspace, 'mine.json'), '[{}, {}, {}]');
    const second = 'ann_root: .\nann_files: { train: mine.json, val: "", test: "" }\n';
    writeFileSync(join(workspace, 'second.nlvr.yaml'), second);
    await row(vscode, 'second.nlvr.yaml').waitFor();
    await vscode.openFile('second.nlvr.yaml');
    await expect.poll(() => row(vscode, 'second.nlvr.yaml').textContent()).toContain('in use');
    await row(vscode, 'second.nlvr.yaml').locator('.monaco-tl-twistie').click();
    await expect.poll(() => row(vscode, '3 examples').count()).toBe(1);
    await row(vscode, 'second.nlvr.yaml').hover();
    for (const theme of ['light', 'dark', 'hc'] as const) {
      await vscode.setTheme(theme);
      await vscode.screenshot(`view-data-sets-${theme}`);
    }
  });
});

it('the walkthrough leads from the sample data set to the failed examples', async () => {
  const vscode = await openWorkbench({ workspace: scratchFolder('walkthrough') });
  await vscode.runCommand('NLVR: Open Walkthrough');
  const page = vscode.page.locator('.gettingStartedContainer');
  await page.getByText('Train your first NLVR model').first().waitFor();
  await page.getByText('Inspect the failed examples').first().waitFor();
  const step = (title: string) => page.locator('.getting-started-step', { hasText: title });
  const done = '.codicon-getting-started-step-checked';
  // Steps are completed by their results: the library is installed; nothing can be started yet.
  await step('Set up the TensorFlow runtime').locator(done).waitFor({ timeout: 60_000 });
  await vscode.runCommand('NLVR: Start NLVR Training');
  await vscode.notificationButton('Create Sample Data Set').waitFor();
  await vscode.runCommand('NLVR: Check Data Set');
  await expect.poll(() => step('Start training').locator(done).count()).toBe(0);
  await expect.poll(() => page.locator(done).count()).toBe(1);
  // There is room for the images of the steps.
  await vscode.page.setViewportSize({ width: 1600, height: 1000 });
  for (const [at, title] of ['Set up the TensorFlow runtime', 'Start training'].entries()) {
    await step(title).click();
    await vscode.screenshot(`walkthrough-${at}`);
  }
  await vscode.close();
});

it('an empty folder offers the sample data set', async () => {
  const vscode = await openWorkbench({ workspace: scratchFolder('empty') });
  await showNlvrView(vscode);
  await vscode.page.locator('.monaco-button', { hasText: 'Create Sample Data Set' }).waitFor();
  await vscode.screenshot('view-welcome');
  await vscode.close();
});
