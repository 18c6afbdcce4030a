import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare, type ComparisonResult } from '../../src/analysis/compare';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Theme, Workbench } from './harness/workbench';
import { openDashboard, rowsInList, showNlvrView, viewRow } from './panels';
import { syntheticRun } from './syntheticRun';

describe('Compare Predictions', () => {
  let vscode: Workbench;
  let frame: Frame;
  let workspace: string;
  let expected: ComparisonResult;

  // Its examples arrive after the list was rendered.
  const list = () => frame.locator('.list[aria-busy=false]');
  const cell = (name: string) => frame.locator('.outcomes').getByRole('button', { name });
  const compared = () => frame.locator('.comparison[aria-busy=false] .facts').waitFor();
  const ofOutcome = (outcome: string) =>
    expected.examples.filter((each) => each.outcome === outcome);

  beforeAll(async () => {
    workspace = scratchFolder('compare');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    const runOptions = { predictions: 300, epochs: 3, predictedEpochs: 2, steps: 60, images: 8 };
    const [a, b] = ['calm-fox-1', 'bright-otter-3'].map((name) => join(workspace, 'output', name));
    await syntheticRun(a, { ...runOptions, name: 'calm-fox-1' });
    await syntheticRun(b, { ...runOptions, name: 'bright-otter-3', seed: 2 });
    expected = await compare({
      a,
      b,
      split: 'val',
      epochA: 'last',
      epochB: 'last',
      userSlices: [{ name: 'greens', pattern: '\\bgreen\\b' }],
    });
    vscode = await openWorkbench({
      workspace,
      settings: { 'nlvr.slices': [{ name: 'greens', pattern: '\\bgreen\\b' }] },
    });
  });

  it('opens from the palette with the numbers of nlvr compare', async () => {
    await vscode.runAndPick('NLVR: Compare Predictions…', 'calm-fox-1', 'bright-otter-3');
    await vscode.page
      .locator('.tab.active', { hasText: 'Compare: calm-fox-1 vs bright-otter-3' })
      .waitFor();
    frame = await vscode.webviewFrame('comparison', 60_000);
    await compared();
    const { comparison } = expected;
    const facts = (await frame.locator('.facts').textContent()) ?? '';
    for (const share of [comparison.accuracyA, comparison.accuracyB, comparison.consistencyB])
      expect(facts).toContain(`${(100 * (share ?? NaN)).toFixed(1)}%`);
    await expect
      .poll(() => cell('Newly wrong').textContent())
      .toContain(String(comparison.newlyWrong));
    expect(await frame.locator('.slices').textContent()).toContain('greens');
  });

  it('shows the examples of a number with mouse and keyboard', async () => {
    await cell('Newly right').click();
    await list().waitFor();
    expect(await list().getAttribute('data-rows')).toBe(String(ofOutcome('newly right').length));
    await vscode.press('Escape');
    await list().waitFor({ state: 'detached' });
    await vscode.press('ArrowUp', 'ArrowRight', 'Enter');
    await expect
      .poll(() => frame.locator('#examples-title').textContent())
      .toContain('Newly wrong');
    await expect.poll(() => frame.locator('.row:focus').getAttribute('aria-posinset')).toBe('1');
    await vscode.press('ArrowDown');
    await expect.poll(() => frame.locator('.row:focus').getAttribute('aria-posinset')).toBe('2');
  });

  it.each<Theme>(['light', 'dark', 'hc'])('is accessible in the %s theme', async (theme) => {
    await vscode.setTheme(theme);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot(`comparison-${theme}`);
  });

  it('opens an example in Failed Examples, with the other examples of the number', async () => {
    const newlyWrong = ofOutcome('newly wrong');
    const second = newlyWrong[1].identifier;
    await frame.locator('.row[aria-selected=true]').focus();
    await vscode.press('b');
    const failures = await vscode.webviewFrame('failures', 60_000, 'wrong');
    await failures.locator('.subset').waitFor();
    expect(await failures.locator('.subset').textContent()).toContain('Newly wrong');
    await expect.poll(() => rowsInList(failures)).toBe(newlyWrong.length);
    await expect.poll(() => failures.locator('.facts').textContent()).toContain(second);
    expect(await failures.locator('.run-name').textContent()).toBe('bright-otter-3');
    await vscode.screenshot('comparison-failures');
    await failures.locator('.subset button').click();
    await expect.poll(() => rowsInList(failures)).toBe(300);
  });

  it('is restored after a window reload, also by the command palette', async () => {
    await vscode.page.locator('.tab', { hasText: 'Compare: calm-fox-1' }).click();
    frame = await vscode.webviewFrame('comparison', 60_000);
    await frame.locator('select[name=epochA]').selectOption({ index: 1 });
    await expect.poll(() => frame.locator('.facts').textContent()).toMatch(/calm-fox-1 \(epoch/);
    await compared();
    await vscode.reloadWindow();
    frame = await vscode.webviewFrame('comparison', 60_000);
    await compared();
    await expect
      .poll(() => frame.locator('#examples-title').textContent())
      .toContain('Newly wrong');
    await vscode.page.setViewportSize({ width: 760, height: 800 });
    await vscode.runCommand('View: Toggle Primary Side Bar Visibility');
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('comparison-narrow');
    await vscode.page.setViewportSize({ width: 1280, height: 800 });
    expect(vscode.cspViolations).toEqual([]);
  });

  it('opens from two selected runs of the view, and from a dashboard of two runs', async () => {
    await showNlvrView(vscode);
    await viewRow(vscode, 'calm-fox-1').click();
    await viewRow(vscode, 'bright-otter-3').click({ modifiers: ['Control'] });
    await vscode.openContextMenu(viewRow(vscode, 'bright-otter-3'));
    await vscode.chooseFromMenu('Compare Predictions…');
    await vscode.page.locator('.tab.active', { hasText: 'Compare: ' }).waitFor();
    // The dashboard of the active run: there is one other run to add.
    const dashboard = await openDashboard(vscode);
    await dashboard.getByRole('button', { name: 'Add Run' }).click();
    await vscode.pick(/calm-fox-1|bright-otter-3/);
    await vscode.page.keyboard.press('Enter');
    await dashboard.getByRole('button', { name: 'Compare Predictions' }).click();
    await vscode.page.locator('.tab.active', { hasText: 'Compare: ' }).waitFor();
  });

  it('copies the JSON that nlvr compare prints', async () => {
    frame = await vscode.webviewFrame('comparison', 60_000);
    await compared();
    await frame.getByRole('button', { name: 'Copy JSON' }).click();
    await expect
      .poll(async () => {
        const { a, n } = JSON.parse((await vscode.clipboard()) || '{}') as Partial<
          ComparisonResult['comparison']
        >;
        return { name: a?.name, n };
      })
      .toMatchObject({ n: 300 });
  });
});
