import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import type { Workbench } from '../test/e2e/harness/workbench';

/** Records the time of the click on a command as the start of measurements: `window.__began`. */
export async function startClock(vscode: Workbench): Promise<void> {
  await vscode.page.evaluate(
    `window.__began = undefined;
     addEventListener('pointerdown', () => { window.__began ??= performance.timeOrigin + performance.now(); }, true)`,
  );
}

/** Start of loading of a panel's frame (VS Code's) and of the page in it, in milliseconds since the click. */
export async function openingTimes(
  vscode: Workbench,
  frame: Frame,
): Promise<{ began: number; frameLoadsMs: number; documentLoadsMs: number }> {
  const began = await vscode.page.evaluate<number>('window.__began');
  const loaded = await frame.evaluate<number>('performance.timeOrigin');
  const outer = (await frame.parentFrame()?.evaluate<number>('performance.timeOrigin')) ?? loaded;
  const times = { frameLoadsMs: outer - began, documentLoadsMs: loaded - began };
  console.log(
    `VS Code's frame loads at ${times.frameLoadsMs.toFixed(0)} ms, the page in it at ${times.documentLoadsMs.toFixed(0)} ms`,
  );
  return { began, ...times };
}

/**
 * Shows VS Code's Markdown preview and closes it. The first webview in a browser profile, of any extension, registers VS
 * Code's service worker, which takes 0.1 to 3 s; panels are measured without it, and this time is reported separately.
 *
 * @param workspace the open folder
 * @returns milliseconds from the click on the command to the preview's first text
 */
export async function showFirstWebview(vscode: Workbench, workspace: string): Promise<number> {
  writeFileSync(join(workspace, 'NOTES.md'), '# Notes\n\nA page of text.\n');
  await vscode.openFile('NOTES.md');
  await startClock(vscode);
  await vscode.runCommand('Markdown: Open Preview');
  const shown = await previewShown(vscode);
  const began = await vscode.page.evaluate<number>('window.__began');
  await vscode.runCommand('View: Close All Editors');
  await vscode.page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  return shown - began;
}

/** Time of the browser when the heading of the preview is shown. */
async function previewShown(vscode: Workbench): Promise<number> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    for (const frame of vscode.page.frames()) {
      const time = await frame
        .evaluate<number | null>(
          `document.querySelector('.markdown-body h1') && performance.timeOrigin + performance.now()`,
        )
        .catch(() => null);
      if (time !== null) return time;
    }
    await vscode.page.waitForTimeout(20);
  }
  throw new Error('the Markdown preview did not open');
}
