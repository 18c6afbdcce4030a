import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Prediction } from '../../src/run/predictions';
import { runWithCountingErrors, storeRobustness } from './analyzedRun';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Theme, Workbench } from './harness/workbench';
import { rowsInList } from './panels';

let vscode: Workbench;
let frame: Frame;
let newest: Prediction[];
let run: string;

const counting = () => newest.filter(({ sentence }) => /exactly \d/.test(sentence));
const wrong = (of: Prediction[]) => of.filter(({ label, prediction }) => label !== prediction);

/** Waits for the panel with all its numbers. */
async function analysis(): Promise<Frame> {
  const found = await vscode.webviewFrame('analysis', 60_000);
  await found.locator('.analysis[aria-busy=false] .tabs').waitFor({ timeout: 60_000 });
  return found;
}

describe('the analysis of a run in VS Code', () => {
  beforeAll(async () => {
    const workspace = scratchFolder('analysis');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    run = join(workspace, 'output', 'bright-otter-3');
    newest = await runWithCountingErrors(run);
    vscode = await openWorkbench({ workspace });
  });

  it('opens from the palette; a finding leads to the examples of its slice', async () => {
    await vscode.runCommand('NLVR: Analyze Predictions');
    frame = await analysis();
    await vscode.page.locator('.tab.active', { hasText: 'Analysis: bright-otter-3' }).waitFor();
    await frame.getByRole('button', { name: /^Counting: \d+% of \d+/ }).click();
    const failures = await vscode.webviewFrame('failures', 60_000);
    await failures.locator('.subset', { hasText: 'Slice: counting = yes' }).waitFor();
    await expect.poll(() => rowsInList(failures)).toBe(counting().length);
    await expect
      .poll(() => failures.locator('h1').textContent())
      .toContain(`${wrong(counting()).length} of ${counting().length} wrong`);
    await failures.locator('select[name=show]').selectOption('wrong');
    await expect.poll(() => rowsInList(failures)).toBe(wrong(counting()).length);
    expect(await accessibilityProblems(failures)).toEqual([]);
    await vscode.screenshot('analysis-slice-in-failures');
    await failures.getByRole('button', { name: /^Show Examples Outside/ }).click();
    await expect.poll(() => rowsInList(failures)).toBe(wrong(newest).length);
    // And back to the analysis of the predictions shown.
    await failures.getByRole('button', { name: 'Analyze' }).click();
    frame = await analysis();
  });

  it('can be used with the keyboard alone, and shares its marks with Failed Examples', async () => {
    // VS Code focuses a panel some time after it was shown.
    await frame.getByRole('tab', { name: 'Overview' }).click();
    await expect.poll(() => frame.locator('[role=tab]:focus').count()).toBe(1);
    await vscode.press('5');
    await expect
      .poll(() => frame.locator('[role=tab]:focus').allTextContents())
      .toEqual(['Label noise']);
    await vscode.press('Tab', 'Tab', 'Tab', 'Tab');
    const focused = frame.locator('.grid-row:focus');
    await expect.poll(() => focused.getAttribute('aria-rowindex')).toBe('2');
    await vscode.press('m');
    await expect.poll(() => frame.locator('button.mark.on').count()).toBe(1);
    await vscode.press('ArrowDown', 'm', 'Enter');
    const failures = await vscode.webviewFrame('failures', 60_000);
    const identifier = failures.locator('.facts .as-text');
    const marks = () =>
      existsSync(join(run, 'notes.json'))
        ? Object.keys(
            (
              JSON.parse(readFileSync(join(run, 'notes.json'), 'utf8')) as {
                notes: { val: object };
              }
            ).notes.val,
          )
        : [];
    await expect.poll(async () => marks().indexOf((await identifier.textContent()) ?? '')).toBe(1);
    await vscode.runCommand('NLVR: Analyze Predictions');
    frame = await analysis();
    // The selected row is kept.
    await expect
      .poll(() => frame.locator('.grid-row[tabindex="0"]').getAttribute('aria-rowindex'))
      .toBe('3');
  });

  it('shows a robustness result as soon as it is stored, and opens the pairs whose answer changed', async () => {
    await frame.getByRole('tab', { name: 'Robustness' }).click();
    await frame.getByRole('button', { name: 'Test Robustness…' }).waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    storeRobustness(run, newest);
    const row = (name: string) => frame.locator('.tests tr', { hasText: name });
    await row('The sentence alone').waitFor({ timeout: 60_000 });
    expect(await row('Images and left/right swapped').textContent()).toContain('(3)');
    expect(await frame.locator('.broken li').count()).toBe(3);
    await frame.getByRole('button', { name: /\(3\)$/ }).click();
    const failures = await vscode.webviewFrame('failures', 60_000);
    await failures.locator('.subset', { hasText: 'Changed: images and left/right' }).waitFor();
    await failures.locator('select[name=show]').selectOption('all');
    await expect.poll(() => rowsInList(failures)).toBe(3);
    await failures.getByRole('button', { name: /^Show Examples Outside/ }).click();
    await vscode.runCommand('NLVR: Analyze Predictions');
    frame = await analysis();
  });

  it.each<Theme>(['light', 'dark', 'hc'])('is accessible in the %s theme', async (theme) => {
    await vscode.setTheme(theme);
    for (const name of [
      ...['Overview', 'Slices', 'Calibration', 'Over epochs', 'Label noise', 'Robustness'],
    ]) {
      await frame.getByRole('tab', { name }).click();
      if (name === 'Over epochs') await frame.locator('.map-box[data-drawn=true]').waitFor();
      expect(await accessibilityProblems(frame)).toEqual([]);
      await vscode.screenshot(`analysis-${theme}-${name.toLowerCase().replaceAll(' ', '-')}`);
    }
  });

  it('keeps its state after a window reload', async () => {
    await frame.getByRole('tab', { name: 'Slices' }).click();
    await frame.getByRole('searchbox').fill('count');
    const rows = () => frame.getByRole('grid').getAttribute('data-rows');
    await expect.poll(rows).toBe('2');
    await vscode.reloadWindow();
    frame = await analysis();
    await expect.poll(rows).toBe('2');
    expect(vscode.cspViolations).toEqual([]);
  });
});
