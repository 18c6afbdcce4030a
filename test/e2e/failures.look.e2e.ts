import { join } from 'node:path';
import { it } from 'vitest';
import { writeFileSync, rmSync } from 'node:fs';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import { syntheticRun } from './syntheticRun';

it('looks', async () => {
  const workspace = scratchFolder('look');
  writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: images\n');
  const run = await syntheticRun(join(workspace, 'output', 'run1'), {
    predictions: 3000,
    predictedEpochs: 4,
    steps: 200,
    images: 40,
  });
  writeFileSync(join(run.folder, 'checkpoint_best.safetensors'), 'x');
  const vscode = await openWorkbench({ workspace });
  const { page } = vscode;
  const pick = async (name: string) => {
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Control+t');
    await page.waitForTimeout(1500);
    await vscode.quickInput.fill(name);
    await page.waitForTimeout(1500);
    await page.keyboard.press('Enter');
    await page.waitForTimeout(1500);
  };
  while (!(await vscode.paletteEntries('Inspect Failed')).includes('NLVR: Inspect Failed Examples')) await page.waitForTimeout(500);
  await vscode.runCommand('NLVR: Inspect Failed Examples');
  const frame = await vscode.webviewFrame('failures');
  await frame.locator('.row').first().waitFor();
  await vscode.runCommand('View: Toggle Primary Side Bar Visibility');
  await page.waitForTimeout(1500);
  await frame.locator('.row').nth(2).click();
  await page.keyboard.press('m');
  await page.keyboard.press('z');
  await page.waitForTimeout(500);
  await vscode.screenshot('fx-light');
  console.log(await accessibilityProblems(frame));
  await pick('Dark Modern');
  await page.keyboard.press('z');
  await frame.locator('.ask textarea').focus();
  await page.waitForTimeout(4000);
  await vscode.screenshot('fx-dark');
  console.log(await accessibilityProblems(frame));
  await pick('Dark High Contrast');
  await frame.locator('.row').nth(1).click();
  await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(700);
  await vscode.screenshot('fx-hc');
  console.log(await accessibilityProblems(frame));
  await page.keyboard.press('?');
  await page.waitForTimeout(500);
  await vscode.screenshot('fx-keys');
  await page.keyboard.press('Escape');
  await pick('Dark Modern');
  await frame.locator('.row').nth(1).click();
  await page.keyboard.press('e');
  await page.waitForTimeout(500);
  await vscode.screenshot('fx-export');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 420, height: 800 });
  await page.waitForTimeout(1500);
  await vscode.screenshot('fx-narrow');
  rmSync(join(workspace, 'images', 'picture-0003.png'));
  console.log(vscode.consoleErrors.slice(0, 10), vscode.cspViolations);
  await vscode.close();
});
