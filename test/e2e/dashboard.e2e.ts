import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Theme, Workbench } from './harness/workbench';
import { syntheticRun } from './syntheticRun';

let vscode: Workbench;
let frame: Frame;
let runFolder: string;

async function openDashboardOf(name: string): Promise<Frame> {
  await vscode.runCommand('NLVR: Open Training Dashboard');
  await vscode.pick(name);
  const opened = await vscode.webviewFrame('dashboard');
  await opened.locator('h1', { hasText: name }).waitFor();
  return opened;
}

describe('the training dashboard', () => {
  beforeAll(async () => {
    const workspace = scratchFolder('dashboard');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    runFolder = join(workspace, 'output', 'bright-otter-3');
    await syntheticRun(runFolder, {
      steps: 3120,
      epochs: 4,
      maxEpoch: 15,
      state: 'running',
      nanEvery: 701,
      predictions: 100,
      config: { init_lr: 3e-5, seed: 42 },
      firstSentence:
        'Both images contain <b onmouseover=alert(1)>a</b> & <img src=x onerror=alert(1)>.',
    });
    await syntheticRun(join(workspace, 'output', 'calm-fox-1'), {
      name: 'calm-fox-1',
      steps: 2600,
      epochs: 5,
      seed: 7,
      stuck: true,
      predictions: 0,
      config: { init_lr: 1e-4, seed: 7 },
    });
    vscode = await openWorkbench({ workspace });
    frame = await openDashboardOf('bright-otter-3');
    await frame.locator('.plot canvas').first().waitFor();
  });

  it('shows state, progress, curves and the watched pairs', async () => {
    await expect.poll(() => frame.locator('.run-title').textContent()).toContain('running');
    expect(await frame.locator('.run-title').textContent()).toMatch(/epoch 5\/15 · 26%/);
    expect(await frame.locator('.figures').textContent()).toContain('3,120/11,700');
    expect(await frame.locator('.chart-card').first().locator('.legend').textContent()).toContain(
      'smoothed',
    );
    await expect.poll(() => frame.locator('.watched tbody tr').count()).toBe(6);
    await expect.poll(() => frame.locator('.watched img').count()).toBe(12);
  });

  it('shows markup in a sentence as text', async () => {
    expect(await frame.locator('.watched-sentence').first().textContent()).toContain(
      '<img src=x onerror=alert(1)>',
    );
    expect(await frame.locator('.watched-sentence b').count()).toBe(0);
    expect(vscode.cspViolations).toEqual([]);
  });

  it.each<Theme>(['light', 'hc', 'dark'])(
    'has no serious accessibility problem in %s',
    async (theme) => {
      await vscode.setTheme(theme);
      await frame.locator('.folded-button').click();
      expect(await accessibilityProblems(frame)).toEqual([]);
      await vscode.screenshot(`dashboard-${theme}-all`);
      await frame.locator('.folded-button').click();
      await vscode.screenshot(`dashboard-${theme}`);
    },
  );
});
