/**
 * Takes screenshots of typical workflows on a small sample data set: a training that is stopped and resumed, its failed
 * examples and questions about them, imported predictions, a configuration with problems and their quick fixes, and
 * deleting runs. See panels.screenshots.ts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSample } from '../../src/data/sample/generateSample';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openDashboard, openFailures, showNlvrView, viewRow } from './panels';
import { LARGE, takeScreenshotInAllThemes } from './screenshots';

const SLOW = { timeout: 240_000, interval: 250 };

let vscode: Workbench;
let workspace: string;
const takeScreenshot = (scene: string, prepare?: () => Promise<void>) =>
  takeScreenshotInAllThemes(vscode, workspace, `workflow-${scene}`, prepare);

interface Info {
  name: string;
  state: string;
  epoch: number;
}
const infoOf = (name: string): Info | undefined => {
  const file = join(workspace, 'output', name, 'run.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Info) : undefined;
};
const epochOf = (name: string) => infoOf(name)?.epoch ?? -1;
const nameOf = (name: string) => infoOf(name)?.name ?? '?';

/** Sets keys of the configuration file. */
function setKeys(values: Record<string, string>): void {
  const file = join(workspace, 'nlvr.yaml');
  let text = readFileSync(file, 'utf8');
  for (const [key, value] of Object.entries(values))
    text = text.replace(new RegExp(`^${key}:.*$`, 'm'), `${key}: ${value}`);
  writeFileSync(file, text);
}

/** Closes notifications and editors, so that they are not in the next screenshot. */
async function clearAll(): Promise<void> {
  await vscode.runCommand('Notifications: Clear All Notifications');
  await vscode.runCommand('View: Close All Editors');
}

describe('the screenshots of', () => {
  beforeAll(async () => {
    workspace = scratchFolder('workflows');
    await generateSample(workspace, { sets: { train: 60, dev: 25, test1: 5, easy: 30 } });
    setKeys({ curriculum: '{ ann_file: nlvr_easy.json, epochs: 1 }', max_epoch: '200' });
    vscode = await openWorkbench({ workspace, size: LARGE });
    await showNlvrView(vscode);
  }, 300_000);
  afterAll(() => vscode.close());

  it('a training that is stopped and resumed', { timeout: 600_000 }, async () => {
    await vscode.runCommand('NLVR: Start NLVR Training');
    await expect.poll(() => epochOf('sample'), SLOW).toBeGreaterThan(2);
    await takeScreenshot('training');
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => infoOf('sample')?.state, SLOW).toBe('stopped');
    await takeScreenshot('stopped');
    const stopped = epochOf('sample');
    setKeys({ max_epoch: `${stopped + 3}` });
    await vscode.runCommand('NLVR: Resume');
    await vscode.dialogButton('Resume with Changes').waitFor();
    await takeScreenshot('resume-question');
    await vscode.dialogButton('Resume with Changes').click();
    await expect.poll(() => infoOf('sample')?.state, SLOW).toBe('finished');
    await vscode.page.locator('.notification-list-item').first().waitFor();
    await takeScreenshot('resumed');
    await clearAll();
  });

  it('the failed examples of the sample, a question, and where the model looks', async () => {
    // There is only one run, so no quick pick opens.
    const frame = await openFailures(vscode);
    await frame.locator('.row').nth(2).click();
    await takeScreenshot('failures');
    await vscode.press('a');
    await expect
      .poll(() => frame.locator('.ask-state').textContent(), SLOW)
      .toContain('parameters');
    await frame.locator('.ask textarea').press('Control+Enter');
    await frame.locator('.asked tbody tr').nth(1).waitFor();
    await takeScreenshot('asked');
    await frame.locator('.row[aria-selected=true]').focus();
    await vscode.press('h');
    await frame.locator('.frame .heat').nth(1).waitFor();
    await takeScreenshot('where-it-looks');
    await frame.locator('.row[aria-selected=true]').focus();
    await vscode.press('g');
    await takeScreenshot('failures-grid');
    await vscode.press('g', 'e');
    await frame.locator('dialog.export[open]').waitFor();
    await takeScreenshot('export');
    await vscode.press('Escape');
    await clearAll();
  });

  it('predictions that are imported and compared', async () => {
    const dev = JSON.parse(
      readFileSync(join(workspace, 'annotation', 'nlvr_dev.json'), 'utf8'),
    ) as { images: [string, string]; sentence: string; label: string }[];
    const rows = dev.map(({ images, sentence, label }, i) =>
      JSON.stringify({
        images,
        sentence,
        prediction: i % 5 === 0 ? label !== 'True' : label === 'True',
      }),
    );
    writeFileSync(join(workspace, 'theirs.jsonl'), rows.join('\n'));
    await vscode.runCommand('NLVR: Import Predictions…');
    await vscode.answerFileDialog(join(workspace, 'theirs.jsonl'));
    await vscode.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await takeScreenshot('import-where');
    await vscode.pick('val');
    await vscode.page.locator('.tab.active', { hasText: 'Failed Examples: theirs' }).waitFor();
    const failures = await vscode.webviewFrame('failures', 60_000);
    await failures.locator('.browser[aria-busy=false]').waitFor();
    await takeScreenshot('imported');
    await vscode.runCommand('Notifications: Clear All Notifications');
    await openDashboard(vscode, 'theirs');
    await takeScreenshot('imported-dashboard');
    await vscode.runCommand('NLVR: Compare Runs');
    const list = vscode.page.locator('.quick-input-list .monaco-list-row');
    await list.nth(1).waitFor();
    for (const name of ['theirs', nameOf('sample')]) {
      const box = list.filter({ hasText: name }).locator('[role=checkbox], input[type=checkbox]');
      if ((await box.first().getAttribute('aria-checked')) !== 'true')
        await list.filter({ hasText: name }).first().click();
    }
    await vscode.page.keyboard.press('Enter');
    await vscode.page.locator('.tab.active', { hasText: ' vs ' }).waitFor();
    await takeScreenshot('compared');
    await clearAll();
  });

  it('a configuration with problems in text, and their quick fixes', async () => {
    const file = join(workspace, 'nlvr.yaml');
    const good = readFileSync(file, 'utf8');
    const faulty = good
      .replace(/^max_epoch:.*$/m, 'max_epoch: abc')
      .replace(/^init_lr:/m, 'inti_lr:');
    writeFileSync(file, faulty);
    await vscode.openFile('nlvr.yaml');
    await vscode.runCommand('Problems: Focus on Problems View');
    await vscode.page.locator('.markers-panel .monaco-list-row', { hasText: 'inti_lr' }).waitFor();
    await takeScreenshot('problems');
    await vscode.runCommand('View: Hide Panel');
    for (const [word, scene] of [
      ['inti_lr', 'fix-key'],
      ['abc', 'fix-value'],
    ] as const) {
      const fixes = vscode.page.locator('.action-widget .monaco-list-row').first();
      const showFixes = async () => {
        if (await fixes.isVisible()) return;
        await vscode.page
          .locator('.monaco-editor .view-line span', { hasText: word })
          .last()
          .click();
        await vscode.openQuickFixes();
      };
      await takeScreenshot(scene, showFixes);
      await showFixes();
      await vscode.press('Enter');
      await expect
        .poll(() => vscode.page.locator('.monaco-editor .view-lines').first().textContent())
        .not.toContain(word);
    }
    await vscode.runCommand('NLVR: Open Configuration Form to the Side');
    const form = await vscode.webviewFrame('config', 60_000);
    await form.locator('#field-max_epoch').waitFor();
    await takeScreenshot('form-to-the-side');
    await vscode.runCommand('File: Revert File');
    writeFileSync(file, good);
    await clearAll();
  });

  it('runs that are deleted, one and several', async () => {
    await showNlvrView(vscode);
    await viewRow(vscode, 'theirs').click();
    await viewRow(vscode, nameOf('sample')).click({ modifiers: ['Control'] });
    await vscode.openContextMenu(viewRow(vscode, 'theirs'));
    await vscode.screenshot('panels-workflow-delete-menu');
    await vscode.chooseFromMenu('Delete Run');
    await vscode.page.locator('.monaco-dialog-box').waitFor();
    await takeScreenshot('delete-several');
    await vscode.dialogButton(/^Keep/).click();
    await vscode.openContextMenu(viewRow(vscode, 'theirs'));
    await vscode.chooseFromMenu('Delete Run');
    await vscode.dialogButton(/^Delete/).click();
    await takeScreenshot('deleted');
    await clearAll();
  });
});
