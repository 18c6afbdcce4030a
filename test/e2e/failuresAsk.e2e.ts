import type { Frame } from 'playwright-core';
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
  const answers = () => frame.locator('.asked tbody tr');

  beforeAll(async () => {
    const workspace = scratchFolder('ask');
    await prepareTiny(workspace);
    vscode = await openWorkbench({ workspace });
    await showNlvrView(vscode);
    await vscode.page.getByText('No runs yet.').waitFor();
    // A run that a terminal started appears by itself.
    await trainTiny(workspace);
    await viewRow(vscode, '%').first().waitFor();
    await vscode.screenshot('view-from-terminal');
    frame = await openFailures(vscode);
  });

  it('starts nothing by itself', async () => {
    await expect.poll(() => frame.locator('.row').count()).toBeGreaterThan(3);
    expect(servers()).toEqual([]);
  });

  it('gives the checkpoint’s own answer for the same question', async () => {
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

  it('answers a changed sentence and exchanged images at once', async () => {
    const field = frame.locator('.ask textarea');
    await field.fill('There is a dog on the left.');
    await frame.getByRole('button', { name: 'left ⇄ right' }).click();
    await expect.poll(() => field.inputValue()).toBe('There is a dog on the right.');
    await frame.getByRole('button', { name: 'Swap images' }).click();
    await expect.poll(() => frame.locator('.swapped-chip').count()).toBe(2);
    await frame.getByRole('button', { name: 'Ask', exact: true }).click();
    const last = answers().last();
    await expect
      .poll(() => last.textContent())
      .toMatch(/(True|False)(\.\d\d|1\.0)There is a dog on the right\. ?images swapped/);
    await frame.getByRole('button', { name: 'Swap test' }).click();
    await expect
      .poll(() => answers().last().textContent())
      .toMatch(/swap test: the answer (holds|changes)/);
    await frame.locator('.asked').scrollIntoViewIfNeeded();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('failures-ask');
  });

  it('opens the annotation of an example at its line', async () => {
    await frame.locator('.facts .as-text').click();
    await vscode.page.locator('.tab.active', { hasText: 'examples.json' }).waitFor();
    await expect
      .poll(() => vscode.page.locator('.view-line', { hasText: 'The left image shows' }).count())
      .toBeGreaterThan(0);
    await vscode.runCommand('View: Close Editor');
  });

  it('says why when the process dies, and starts it again', async () => {
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
