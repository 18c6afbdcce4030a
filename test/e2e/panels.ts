/** Opens the extension's views and panels. */
import type { Frame, Locator } from 'playwright-core';
import { expect } from 'vitest';
import type { Workbench } from './harness/workbench';

/** Shows the NLVR view. */
export async function showNlvrView(vscode: Workbench): Promise<void> {
  await vscode.runCommand('View: Show NLVR');
}

/** Rows of the NLVR view that contain this text. */
export function viewRow(vscode: Workbench, text: string): Locator {
  return vscode.page.locator('.pane-body .monaco-list-row').filter({ hasText: text });
}

/** The status bar item of the training. */
export function statusBarEntry(vscode: Workbench): Locator {
  return vscode.page.locator('.statusbar-item[id*="nlvr.training"]');
}

/** Opens a run's dashboard from the palette. @param run its name, if there are several */
export async function openDashboard(vscode: Workbench, run?: string): Promise<Frame> {
  await vscode.runAndPick('NLVR: Open Training Dashboard', ...(run === undefined ? [] : [run]));
  // If another dashboard is open, its frame may be found first, and removed.
  return vscode.webviewFrame('dashboard', 60_000, run ?? '');
}

/** Waits for a note of a dashboard, including collapsed notes. */
export async function waitForNote(frame: Frame, text: string | RegExp): Promise<void> {
  await expect
    .poll(
      async () => {
        const more = frame.locator('.notes-more[aria-expanded=false]');
        if ((await more.count()) > 0) await more.click();
        return frame.locator('.note', { hasText: text }).count();
      },
      { timeout: 60_000 },
    )
    .toBeGreaterThan(0);
}

/** Opens a run's failed examples from the palette, and waits until all are read. @param run its name, if there are several */
export async function openFailures(vscode: Workbench, run?: string): Promise<Frame> {
  await vscode.runAndPick('NLVR: Inspect Failed Examples', ...(run === undefined ? [] : [run]));
  // If the failed examples of another run are active, their frame is found first until the tab changes.
  const title = run === undefined ? 'Failed Examples' : `Failed Examples: ${run}`;
  await vscode.page.locator('.tab.active', { hasText: title }).waitFor();
  const frame = await vscode.webviewFrame('failures', 60_000);
  await frame.locator('.row').first().waitFor();
  await frame.locator('.browser[aria-busy=false]').waitFor();
  return frame;
}

/** Number of rows of the list of failed examples; only some of them are in the document. */
export async function rowsInList(frame: Frame): Promise<number> {
  const list = frame.locator('.list');
  return (await list.count()) === 0 ? 0 : Number(await list.getAttribute('data-rows'));
}

/** Opens a file from the Explorer as text, with the cursor at its end. */
export async function openText(vscode: Workbench, name: string): Promise<void> {
  await vscode.page
    .locator('.explorer-folders-view .monaco-list-row')
    .filter({ hasText: name })
    .dblclick({ timeout: 60_000 });
  await vscode.page.locator('.tab.active', { hasText: name }).waitFor();
  await vscode.page.locator('.monaco-editor .view-lines').first().waitFor();
  await vscode.press('Control+End');
}

/** Opens the form of the workspace's `nlvr.yaml`. */
export async function openForm(vscode: Workbench): Promise<Frame> {
  await openText(vscode, 'nlvr.yaml');
  await vscode.runCommand('NLVR: Open Configuration Form');
  const frame = await vscode.webviewFrame('config', 60_000);
  await frame.locator('#field-init_lr').waitFor();
  return frame;
}
