import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from 'playwright-core';
import { encodeRecord } from '../../src/run/tensorboard/records';
import { scalarMessage } from '../../src/run/tensorboard/scalars';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openDashboard, rowsInList, showNlvrView, viewRow } from './panels';

/** Annotations of NLVR2 without their images. */
const annotations = readFileSync(join('test', 'data', 'nlvr2', 'dev.json'), 'utf8');
const examples = annotations
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as { identifier: string; label: string; sentence: string });
/** Every fourth answer is wrong. */
const answers = examples.map(({ label }, i) => (label === 'True') !== (i % 4 === 0));
const wrong = examples.filter((_, i) => i % 4 === 0);

describe('predictions of a model that was trained elsewhere', () => {
  let vscode: Workbench;
  let workspace: string;
  let frame: Frame;

  beforeAll(async () => {
    workspace = scratchFolder('import');
    writeFileSync(
      join(workspace, 'nlvr.yaml'),
      "image_root: images\nann_root: .\nann_files: {train: '', val: dev.json, test: ''}\n",
    );
    writeFileSync(join(workspace, 'dev.json'), annotations);
    const rows = examples.map(
      ({ identifier }, i) => `${identifier},${answers[i] ? 'True' : 'False'}`,
    );
    writeFileSync(join(workspace, 'theirs.csv'), [...rows, 'dev-1-1-1,True'].join('\n'));
    vscode = await openWorkbench({
      workspace,
      settings: { 'nlvr.slices': [{ name: 'drinks', pattern: '\\b(beer|bottles?)\\b' }] },
    });
  });
  afterAll(() => vscode.close());

  it('are imported from the palette and open as failed examples, with what is known without images', async () => {
    await vscode.runCommand('NLVR: Import Predictions…');
    await vscode.answerFileDialog(join(workspace, 'theirs.csv'));
    frame = await vscode.webviewFrame('failures', 60_000);
    await frame.locator('.row').first().waitFor();
    await expect.poll(() => rowsInList(frame)).toBe(wrong.length);
    expect(await frame.locator('h1').textContent()).toContain(
      `${wrong.length} of ${examples.length} wrong`,
    );
    // The placeholder shows the missing file; no probability is shown.
    await expect
      .poll(() => frame.locator('.no-image code').allTextContents())
      .toEqual([
        join(workspace, 'images', 'dev', 'dev-850-0-img0.png'),
        join(workspace, 'images', 'dev', 'dev-850-0-img1.png'),
      ]);
    expect(await frame.locator('.facts').textContent()).toMatch(/P\(True\)–/);
    expect(await frame.locator('.browser').textContent()).toContain(wrong[0].sentence);
    expect((await vscode.notifications()).join()).toMatch(
      /36 of 36 examples have an answer, accuracy 75\.0%\. Unusable rows: 1\./,
    );
    await vscode.screenshot('import-failures');
  });

  it('are shown as a run in the view, and are analyzed with the slices of the settings', async () => {
    await showNlvrView(vscode);
    await viewRow(vscode, 'theirs').waitFor();
    expect(await viewRow(vscode, 'theirs').textContent()).toContain('75.0%');
    await vscode.runCommand('NLVR: Analyze Predictions');
    const panel = await vscode.webviewFrame('analysis', 60_000);
    await expect.poll(() => panel.locator('h1').textContent()).toBe('75.0% of 36 correct');
    await panel.getByRole('button', { name: 'Open as Text' }).click();
    await vscode.page.locator('.tab.active', { hasText: 'theirs val.txt' }).waitFor();
    const lines = vscode.page.locator('.editor-instance .view-lines').first();
    await expect
      .poll(async () => (await lines.textContent())?.replaceAll('\u00a0', ' '))
      .toMatch(/theirs, val: 36 labeled examples.*accuracy 75\.0%/s);
    await vscode.screenshot('import-analysis');
    expect(vscode.cspViolations).toEqual([]);
  });

  it('are compared with those of another model', async () => {
    const better = examples.map(({ identifier, label }, i) =>
      JSON.stringify({ identifier, prediction: i % 6 === 0 ? label !== 'True' : label === 'True' }),
    );
    writeFileSync(join(workspace, 'ours.jsonl'), better.join('\n'));
    await vscode.runCommand('NLVR: Import Predictions…');
    await vscode.answerFileDialog(join(workspace, 'ours.jsonl'));
    await vscode.pick('New Run');
    await showNlvrView(vscode);
    await expect.poll(() => viewRow(vscode, 'ours').textContent()).toContain('83.3%');
    // Of the run whose failed examples are active.
    const dashboard = await openDashboard(vscode);
    await expect.poll(() => dashboard.locator('h1').textContent()).toContain('ours');
    await dashboard.getByRole('button', { name: 'Add Run' }).click();
    await vscode.pick('theirs');
    await vscode.page.keyboard.press('Enter');
    await vscode.page.locator('.tab.active', { hasText: 'ours vs theirs' }).waitFor();
    const comparison = dashboard.getByRole('region', { name: 'Compared runs' }).first();
    await expect.poll(() => comparison.textContent()).toMatch(/83\.3%.*75\.0%/);
    await vscode.screenshot('import-compared');
    expect(vscode.cspViolations).toEqual([]);
  });

  it('and curves from a TensorBoard log folder are followed while it grows', async () => {
    const logs = join(workspace, 'logs');
    cpSync(join('test', 'fixtures', 'tensorboard', 'pytorch'), logs, { recursive: true });
    await vscode.runAndPick('NLVR: Import Curves…', 'TensorBoard Log Folder');
    await vscode.answerFileDialog(logs, 'Import');
    await vscode.pick('Import These Curves');
    const dashboard = await vscode.webviewFrame('dashboard', 60_000, 'logs');
    await expect.poll(() => dashboard.locator('.run-title').textContent()).toContain('logs');
    const legends = dashboard.locator('.chart-card .legend');
    await expect.poll(async () => (await legends.allTextContents()).join()).toMatch(/val/);
    await expect.poll(() => dashboard.locator('.figures').textContent()).toContain('19/19');
    // Appends two more steps and an evaluation.
    const scalar = (step: number, tag: string, value: number) =>
      encodeRecord(scalarMessage(step, 1_700_000_000 + 2 * step, [{ tag, value }]));
    appendFileSync(
      join(logs, 'events.out.tfevents.1700000000.host'),
      Buffer.concat([scalar(29, 'train/loss', 0.25), scalar(29, 'eval/accuracy', 81)]),
    );
    await expect.poll(() => dashboard.locator('.figures').textContent()).toContain('29/29');
    await showNlvrView(vscode);
    await expect.poll(() => viewRow(vscode, 'logs').textContent()).toContain('81.0%');
    await vscode.screenshot('import-curves');
    expect(vscode.cspViolations).toEqual([]);
  });
});
