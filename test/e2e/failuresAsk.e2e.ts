import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedProcesses } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { openFailures, showNlvrView, viewRow } from './panels';
import { prepareTiny, trainTiny } from './tinyWorkspace';

function servers(): number[] {
  return markedProcesses()
    .filter(({ command }) => command.includes('predict --serve'))
    .map(({ pid }) => pid);
}

describe('asking the model again', () => {
  let vscode: Workbench;
  let frame: Frame;
  let workspace: string;
  const answers = () => frame.locator('.asked tbody tr');

  beforeAll(async () => {
    workspace = scratchFolder('ask');
    await prepareTiny(workspace);
    vscode = await openWorkbench({ workspace });
    await showNlvrView(vscode);
    await vscode.page.getByText('No runs yet.').waitFor();
    // A run started in a terminal appears in the view.
    await trainTiny(workspace);
    await viewRow(vscode, '%').first().waitFor();
    await vscode.screenshot('view-from-terminal');
    frame = await openFailures(vscode);
  });

  it('starts no process before a question', async () => {
    await expect.poll(() => frame.locator('.row').count()).toBeGreaterThan(3);
    expect(servers()).toEqual([]);
  });

  it('gives the same answer as the stored prediction for the same question', async () => {
    await frame.locator('.row').first().click();
    await vscode.press('a');
    await expect.poll(() => servers().length, { timeout: 60_000 }).toBe(1);
    await expect
      .poll(() => frame.locator('.ask-state').textContent(), { timeout: 60_000 })
      .toMatch(/best checkpoint, .* parameters on CPU/);
    await vscode.press('Enter');
    await expect.poll(() => answers().count()).toBe(2);
    await expect
      .poll(() => answers().nth(1).locator('td').first().textContent(), { timeout: 60_000 })
      .toMatch(/True|False/);
    const cells = async (row: number) =>
      (await answers().nth(row).locator('td').allTextContents()).slice(0, 2);
    expect(await cells(1)).toEqual(await cells(0));
  });

  it('answers a changed sentence and swapped images', async () => {
    const field = frame.locator('.ask textarea');
    await field.fill('There is a dog on the left.');
    await frame.getByRole('button', { name: 'left ⇄ right' }).click();
    await expect.poll(() => field.inputValue()).toBe('There is a dog on the right.');
    await frame.getByRole('button', { name: 'Swap Images' }).click();
    await expect.poll(() => frame.locator('.swapped-chip').count()).toBe(2);
    await frame.getByRole('button', { name: 'Ask', exact: true }).click();
    const last = answers().last();
    await expect
      .poll(() => last.textContent())
      .toMatch(/(True|False)(\.\d\d|1\.0)There is a dog on the right\. ?images swapped/);
    await frame.getByRole('button', { name: 'Swap Test' }).click();
    await expect
      .poll(() => answers().last().textContent())
      .toMatch(/swap test: the answer (is unchanged|changes)/);
    await frame.locator('.asked').scrollIntoViewIfNeeded();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('failures-ask');
  });

  it('shows the heat map of a word with the keyboard alone', async () => {
    await frame.locator('.row').first().click();
    const choices = frame.locator('.explain-words');
    const chosen = () => choices.locator('[aria-checked=true]').textContent();
    const explanationText = () => frame.locator('.explain-text').textContent();
    const heat = frame.locator('.frame .heat');
    await frame.locator('.row[aria-selected=true]').focus();
    await vscode.press('h');
    await expect.poll(() => heat.count(), { timeout: 60_000 }).toBe(2);
    await expect
      .poll(explanationText)
      .toMatch(/^The model answers (True|False), probability of True/);
    await expect
      .poll(() => frame.locator('[role=status]').first().textContent())
      .toBe(await explanationText());
    expect(await choices.locator('button').allTextContents()).toEqual(
      expect.arrayContaining(['whole sentence', 'the']),
    );
    await vscode.press('w');
    await vscode.press('ArrowRight');
    await expect.poll(chosen).not.toBe('whole sentence');
    await vscode.press('End');
    const last = await choices.locator('button').last().textContent();
    await expect.poll(chosen).toBe(last);
    await expect.poll(explanationText).toContain(`“${last}”`);
    // The focus is on the word, so the list has not moved.
    expect(await frame.locator('.row').first().getAttribute('aria-selected')).toBe('true');
    expect(await frame.evaluate('document.activeElement?.textContent')).toBe(last);
    await vscode.press('h');
    await expect.poll(() => heat.count()).toBe(0);
    await vscode.press('h');
    await expect.poll(() => heat.count()).toBe(2);
  });

  it('shows heat maps of the other answer and of any layer, head and method, changes the opacity, and saves them', async () => {
    const explanationText = () => frame.locator('.explain-text').textContent();
    const choice = (name: string) =>
      frame.locator('.explain').getByRole('combobox', { name, exact: true });
    await choice('Method').selectOption('attention');
    await choice('Head').selectOption('2');
    await expect
      .poll(explanationText)
      .toMatch(/the strongest patch is in the .* of the (left|right) image/);
    // Both maps share one scale: the brightest color is in one of them, and every patch has some attention.
    const brightness = await frame.evaluate<number[]>(
      `[...document.querySelectorAll('.frame .heat')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((most, value, i) => (i % 4 === 0 ? Math.max(most, value) : most), 0);
      })`,
    );
    expect(Math.max(...brightness)).toBeGreaterThan(240);
    // Zero is black; the minimum of the other image depends on the training.
    expect(Math.min(...brightness)).toBeGreaterThan(0);
    await choice('Method').selectOption('gradcam');
    await choice('Answer').selectOption({
      index: (await explanationText())?.includes('answers True') ? 1 : 0,
    });
    await expect
      .poll(() => choice('Answer').locator('option:checked').textContent())
      .toMatch(/^why not/);
    // Of two layers, the last one reads the first token only.
    await choice('Layer').selectOption('2');
    await expect.poll(explanationText).toContain('In the last layer only');
    await choice('Method').selectOption('attention');
    await frame.getByRole('slider', { name: 'Strength' }).press('ArrowLeft');
    await expect
      .poll(() => frame.locator('.frame .heat').first().getAttribute('style'))
      .toContain('opacity: 0.55');
    for (const theme of ['light', 'hc', 'dark'] as const) {
      await vscode.setTheme(theme);
      expect(await accessibilityProblems(frame)).toEqual([]);
      await vscode.screenshot(`failures-explain-${theme}`);
    }
    await frame.getByRole('button', { name: 'Save Picture…' }).click();
    await expect.poll(() => vscode.quickInput.inputValue()).toContain('-where.png');
    const file = join(workspace, 'where.png');
    await vscode.answerFileDialog(file);
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
    expect((await sharp(file).metadata()).format).toBe('png');
    await frame.getByText('Saved as where.png.').waitFor();
    // Another question has no heat map yet.
    await frame.locator('.ask textarea').fill('There is a cat.');
    await frame.getByRole('button', { name: 'Show Where It Looks' }).waitFor();
    expect(await frame.locator('.frame .heat').count()).toBe(0);
  });

  it('opens the annotation of an example at its line', async () => {
    await frame.locator('.facts .as-text').click();
    await vscode.page.locator('.tab.active', { hasText: 'examples.json' }).waitFor();
    await expect
      .poll(() => vscode.page.locator('.view-line', { hasText: 'The left image shows' }).count())
      .toBeGreaterThan(0);
    await vscode.runCommand('View: Close Editor');
  });

  it('shows why the process ended, and starts it again', async () => {
    const [pid] = servers();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => frame.locator('.ask').textContent()).toContain('SIGKILL');
    await frame.locator('.ask textarea').fill('Once more.');
    await frame.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect
      .poll(() => answers().last().textContent(), { timeout: 60_000 })
      .toMatch(/^(True|False).*Once more\./);
    await expect.poll(servers).toHaveLength(1);
    expect(servers()).not.toContain(pid);
  });

  it('ends with the panel', async () => {
    await vscode.runCommand('View: Close All Editors');
    await expect.poll(servers, { timeout: 10_000 }).toEqual([]);
  });
});
