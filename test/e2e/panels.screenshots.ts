/**
 * Takes screenshots of every panel, view, dialog and walkthrough step in the light, dark and high contrast themes, in a
 * large and a narrow window, for a visual check. Not a test, and not part of the suite. Writes
 * test/e2e/artifacts/panels-<scene>.png, six windows per image (three minutes).
 *
 *     NLVR_SCREENSHOTS=panels npx vitest run -c test/e2e/vitest.config.mts
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openDashboard, openFailures, openForm, showNlvrView, viewRow } from './panels';
import { LARGE, takeScreenshotInAllThemes } from './screenshots';
import { syntheticRun } from './syntheticRun';
import { prepareTiny, trainTiny } from './tinyWorkspace';

let vscode: Workbench;
let workspace: string;
/** Workspace of the run whose checkpoint can be asked. */
let trainedName: string;
const takeScreenshot = (scene: string) => takeScreenshotInAllThemes(vscode, workspace, scene);

async function closeEditors(): Promise<void> {
  await vscode.runCommand('View: Close All Editors');
}

describe('the screenshots of', () => {
  beforeAll(async () => {
    workspace = scratchFolder('panels');
    await prepareTiny(workspace);
    await trainTiny(workspace);
    const output = join(workspace, 'output');
    const trained = readFileSync(join(output, 'quick-owl-1', 'run.json'), 'utf8');
    trainedName = (JSON.parse(trained) as { name: string }).name;
    const usual = { epochs: 6, maxEpoch: 8, steps: 3000, predictions: 400, predictedEpochs: 3 };
    await syntheticRun(join(output, 'calm-fox-1'), { ...usual, name: 'calm-fox-1', seed: 1 });
    await syntheticRun(join(output, 'merry-owl-7'), {
      ...usual,
      name: 'merry-owl-7',
      seed: 2,
      state: 'stopped',
      stuck: true,
      config: { init_lr: 1e-4 },
    });
    const died = await syntheticRun(join(output, 'bold-elk-3'), {
      steps: 400,
      epochs: 1,
      predictions: 20,
      name: 'bold-elk-3',
    });
    const info = {
      ...died.info,
      state: 'running',
      pid: 2 ** 22 - 1,
      processStart: '1',
      ended: null,
    };
    writeFileSync(join(output, 'bold-elk-3', 'run.json'), JSON.stringify(info));
    const oom = 'OOM when allocating tensor [64,577,768]\n';
    writeFileSync(join(output, 'bold-elk-3', 'trainer.log'), oom);
    vscode = await openWorkbench({ workspace, size: LARGE });
    await showNlvrView(vscode);
    await viewRow(vscode, 'calm-fox-1').waitFor();
  }, 300_000);
  afterAll(() => vscode.close());

  it('the dashboard', async () => {
    const frame = await openDashboard(vscode, 'calm-fox-1');
    await frame.locator('.plot canvas').nth(1).waitFor();
    await takeScreenshot('dashboard');
    await frame.locator('.watched').scrollIntoViewIfNeeded();
    await takeScreenshot('dashboard-pairs');
    await closeEditors();
  });

  it('the dashboard of a run that failed', async () => {
    await openDashboard(vscode, 'bold-elk-3');
    await takeScreenshot('dashboard-failed');
    await closeEditors();
  });

  it('a comparison', async () => {
    await vscode.runCommand('NLVR: Compare Runs');
    const rows = vscode.page.locator('.quick-input-list .monaco-list-row');
    for (const name of ['calm-fox-1', 'merry-owl-7']) {
      const box = rows.filter({ hasText: name }).locator('[role=checkbox], input[type=checkbox]');
      if ((await box.first().getAttribute('aria-checked')) !== 'true')
        await rows.filter({ hasText: name }).first().click();
    }
    await takeScreenshot('pick-runs');
    await vscode.page.keyboard.press('Enter');
    const frame = await vscode.webviewFrame('dashboard');
    await frame.locator('.plot canvas').nth(1).waitFor();
    await takeScreenshot('comparison');
    await closeEditors();
  });

  it('failed examples', async () => {
    const frame = await openFailures(vscode, 'calm-fox-1');
    await frame.locator('.row').nth(2).click();
    await takeScreenshot('failures');
    await vscode.press('?');
    await takeScreenshot('failures-keys');
    await vscode.press('Escape');
    await frame.locator('input[type=search]').fill('nothing has these words');
    await expect.poll(() => frame.locator('.row').count()).toBe(0);
    await takeScreenshot('failures-none');
    await closeEditors();
  });

  it('a question', async () => {
    const frame = await openFailures(vscode, trainedName);
    await frame.locator('.row').first().click();
    await vscode.press('a');
    await expect
      .poll(() => frame.locator('.ask-state').textContent(), { timeout: 60_000 })
      .toContain('parameters');
    await vscode.press('Enter');
    await frame.locator('.asked tbody tr').nth(1).waitFor();
    await takeScreenshot('failures-asked');
    await closeEditors();
  });

  it('the form', async () => {
    await vscode.runCommand('View: Show Explorer');
    const frame = await openForm(vscode);
    await takeScreenshot('form');
    await closeEditors();
    const file = join(workspace, 'nlvr.yaml');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, `${good.replace('max_epoch: 1', 'max_epoch: abc')}inti_lr: 1\n`);
    const faulty = await openForm(vscode);
    await faulty.locator('#field-max_epoch').scrollIntoViewIfNeeded();
    await takeScreenshot('form-faulty');
    await closeEditors();
    await vscode.openFile('nlvr.yaml');
    await vscode.runCommand('Problems: Focus on Problems View');
    await takeScreenshot('text-faulty');
    await vscode.runCommand('View: Hide Panel');
    await closeEditors();
    await showNlvrView(vscode);
    writeFileSync(file, good);
    expect(frame.isDetached()).toBe(true);
  });

  it('the views and their dialogs', async () => {
    await vscode.runCommand('NLVR: Check Data Set');
    await expect
      .poll(() => viewRow(vscode, 'checked').count(), { timeout: 60_000 })
      .toBeGreaterThan(0);
    await takeScreenshot('views');
    await vscode.openContextMenu(viewRow(vscode, 'merry-owl-7'));
    await vscode.screenshot('panels-menu');
    await vscode.chooseFromMenu('Delete Run…');
    await vscode.page.locator('.monaco-dialog-box').waitFor();
    await takeScreenshot('delete');
    await vscode.dialogButton('Keep Run').click();
    await vscode.runCommand('NLVR: Set Up TensorFlow Runtime');
    await vscode.notificationButton(/Change|Remove/).waitFor();
    await takeScreenshot('runtime');
    await vscode.runCommand('Notifications: Clear All Notifications');
    await vscode.runCommand('NLVR: Create Sample Data Set');
    await viewRowOfList('sample').waitFor();
    await takeScreenshot('pick-sample');
    await vscode.press('Escape');
  });

  it('the walkthrough', async () => {
    await vscode.runCommand('NLVR: Open Walkthrough');
    const page = vscode.page.locator('.gettingStartedContainer');
    await page.getByText('Train your first NLVR model').first().waitFor();
    for (const [at, title] of [
      'Create a sample data set',
      'Set up the TensorFlow runtime',
      'Start training',
      'Inspect the failed examples',
    ].entries()) {
      await page.locator('.getting-started-step', { hasText: title }).click();
      await takeScreenshot(`walkthrough-${at + 1}`);
    }
    await closeEditors();
  });

  it('an empty folder', async () => {
    const before = { vscode, workspace };
    workspace = scratchFolder('panels-empty');
    vscode = await openWorkbench({ workspace, size: LARGE });
    await showNlvrView(vscode);
    await vscode.page.locator('.monaco-button', { hasText: 'Create Sample Data Set' }).waitFor();
    await takeScreenshot('welcome');
    await vscode.close();
    rmSync(workspace, { recursive: true });
    ({ vscode, workspace } = before);
  });
});

function viewRowOfList(text: string) {
  return vscode.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
}
