import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Frame } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/run/events';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Theme, Workbench } from './harness/workbench';
import { openDashboard } from './panels';
import { syntheticRun } from './syntheticRun';

let vscode: Workbench;
let frame: Frame;
let runFolder: string;

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
    frame = await openDashboard(vscode, 'bright-otter-3');
    await frame.locator('.plot canvas').first().waitFor();
  });

  it('shows state, progress, curves and the watched pairs', async () => {
    await expect.poll(() => frame.locator('.run-title').textContent()).toContain('running');
    await expect.poll(() => frame.locator('.run-title').textContent()).toMatch(/epoch 5\/15 · 26%/);
    await expect.poll(() => frame.locator('.figures').textContent()).toContain('3,120/11,700');
    await expect
      .poll(() => frame.locator('.chart-card').first().locator('.legend').textContent())
      .toContain('smoothed');
    await expect.poll(() => frame.locator('.watched tbody tr').count()).toBe(6);
    await expect.poll(() => frame.locator('.watched img').count()).toBe(12);
    // The model's answers after each epoch, one column per epoch.
    expect(await frame.locator('.watched thead tr').nth(1).locator('th').allTextContents()).toEqual(
      ['1', '2', '3', '4'],
    );
  });

  it('shows markup in a sentence as text', async () => {
    await expect
      .poll(() => frame.locator('.watched-sentence').first().textContent())
      .toContain('<img src=x onerror=alert(1)>');
    await expect.poll(() => frame.locator('.watched-sentence b').count()).toBe(0);
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

  it('keeps its axes when the theme changes', async () => {
    // The theme has just changed. The run has 3,120 steps: seven eighths along the axis is about step 2,730.
    const plot = frame.locator('.plot').first();
    const box = await plot.boundingBox();
    if (!box) throw new Error('no plot');
    await plot.hover({ position: { x: box.width * 0.87, y: 90 } });
    const step = async (): Promise<number> => {
      const text = await frame.locator('.tooltip-x').first().textContent();
      return Number(text?.replace(/\D/g, ''));
    };
    await expect.poll(async () => Math.abs((await step()) - 2675)).toBeLessThan(175);
    await frame.locator('h1').hover();
  });

  it('shows the exact values under the pointer and at the keyboard cursor', async () => {
    const plot = frame.locator('.plot').first();
    await plot.hover({ position: { x: 200, y: 90 } });
    const tooltip = frame.locator('.tooltip').first();
    await expect.poll(() => tooltip.textContent()).toMatch(/step [\d,]+.*smoothed0\.\d{3}0\.\d{3}/);
    await vscode.screenshot('dashboard-tooltip');
    await frame.locator('h1').hover();
    await tooltip.waitFor({ state: 'detached' });
    await plot.focus();
    await vscode.press('ArrowRight', 'ArrowRight');
    await expect.poll(() => tooltip.textContent()).toMatch(/step \d+/);
    await expect
      .poll(() => frame.locator('[role=status]').textContent())
      .toMatch(/step \d+, smoothed 0\.\d{3}/);
    await vscode.press('Escape');
    await tooltip.waitFor({ state: 'detached' });
  });

  it('zooms and pans with wheel, mouse and keyboard, all charts together', async () => {
    const plot = frame.locator('.plot').first();
    const reset = frame.getByRole('button', { name: 'Reset Zoom' }).first();
    await plot.focus();
    await vscode.press('+');
    await reset.waitFor();
    await vscode.press('Shift+ArrowRight');
    await vscode.press('0');
    await reset.waitFor({ state: 'detached' });

    const box = await plot.boundingBox();
    if (!box) throw new Error('no plot');
    const { mouse } = vscode.page;
    await mouse.move(box.x + 150, box.y + 80);
    await mouse.down();
    await mouse.move(box.x + 250, box.y + 90, { steps: 5 });
    await vscode.screenshot('dashboard-drag');
    await mouse.up();
    await reset.waitFor();
    await mouse.wheel(0, -300);
    await vscode.page.keyboard.down('Shift');
    await mouse.move(box.x + 250, box.y + 90);
    await mouse.down();
    await mouse.move(box.x + 150, box.y + 90, { steps: 5 });
    await mouse.up();
    await vscode.page.keyboard.up('Shift');
    await vscode.screenshot('dashboard-zoomed');
    await mouse.dblclick(box.x + 200, box.y + 80);
    await reset.waitFor({ state: 'detached' });
  });

  it('hides curves with the legend, shows the chart as a table and copies it as CSV', async () => {
    const accuracy = frame.locator('.chart-card', { hasText: 'Accuracy' });
    await accuracy.getByRole('button', { name: 'train' }).click();
    await accuracy.getByRole('button', { name: 'Show as Table' }).click();
    const table = accuracy.getByRole('table');
    await expect
      .poll(() => table.locator('thead').textContent())
      .toBe('Stepvaltestconsistencytest consistency');
    await expect.poll(() => table.locator('tbody tr').count()).toBe(4);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await accuracy.getByRole('button', { name: 'Copy as CSV' }).click();
    await expect
      .poll(() => vscode.clipboard())
      .toMatch(/^step,val,test,consistency,test consistency\r\n780(,0\.\d+){4}\r\n/);
    await accuracy.getByRole('button', { name: 'Show as Chart' }).click();
    await accuracy.getByRole('button', { name: 'train' }).click();
  });

  it('saves a chart as PNG where the user wants it', async () => {
    const loss = frame.locator('.chart-card').first();
    await loss.getByRole('button', { name: 'Save as PNG' }).click();
    const target = join(dirname(dirname(runFolder)), 'loss of otter.png');
    await vscode.answerFileDialog(target);
    await expect.poll(() => existsSync(target)).toBe(true);
    const { width = 0, height = 0, format } = await sharp(target).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(300);
    expect(height).toBeGreaterThan(150);
  });

  it('updates while the run trains, and announces when an epoch was evaluated', async () => {
    const events: RunEvent[] = [
      {
        type: 'step',
        time: Date.now() / 1000,
        step: 3121,
        epoch: 4,
        loss: 0.4,
        lr: 2e-5,
        speed: 77,
        memory: 3e9,
      },
      {
        type: 'eval',
        time: Date.now() / 1000,
        split: 'val',
        epoch: 4,
        step: 3121,
        accuracy: 0.777,
        consistency: 0.4,
        loss: 0.5,
        examples: 100,
        seconds: 2,
        groups: [],
        predictions: '',
      },
    ];
    appendFileSync(
      join(runFolder, 'events.jsonl'),
      events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    );
    await expect.poll(() => frame.locator('.figures').textContent()).toContain('3,121/11,700');
    await expect
      .poll(() => frame.locator('[role=status]').textContent())
      .toBe('bright-otter-3: epoch 5 evaluated, validation accuracy 77.7%');
    // Every chart has the new point.
    await frame.locator('.folded-button').click();
    for (const [title, point] of [
      ['Loss', /\n3121,.*0\.4/],
      ['Accuracy', /consistency.*\n3121,.*0\.777.*0\.4\b/s],
      ['Learning rate', /\n3121,0\.00002/],
      ['Examples per second', /\n3121,.*77\b/],
      ['Memory', /\n3121,3000000000/],
    ] as const) {
      const card = frame
        .locator('.chart-card')
        .filter({ has: frame.getByText(title, { exact: true }) });
      await vscode.page.evaluate(`navigator.clipboard.writeText('')`);
      await card.getByRole('button', { name: 'Copy as CSV' }).click();
      await expect.poll(() => vscode.clipboard(), { message: title }).toMatch(point);
    }
    await frame.locator('.folded-button').click();
  });

  it('lists its keys on ?, and handles them', async () => {
    await frame.locator('h1').click();
    await vscode.press('?');
    await frame.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-keys');
    await vscode.press('Escape');
    await frame.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' });
    await vscode.press('x');
    await expect.poll(() => frame.locator('select').inputValue()).toBe('epoch');
    await vscode.press('l');
    const loss = frame.locator('.chart-card').first();
    await loss.getByRole('button', { name: 'Show Y Axis Settings' }).click();
    await expect.poll(() => loss.getByRole('checkbox', { name: 'log y' }).isChecked()).toBe(true);
    await loss.getByRole('button', { name: 'Hide Y Axis Settings' }).click();
    await vscode.press(']');
    await expect.poll(() => frame.locator('output').textContent()).toBe('0.65');
  });

  it('has a menu that works with the keyboard', async () => {
    const button = frame.getByRole('button', { name: 'More Actions' });
    const menu = frame.getByRole('menu', { name: 'More Actions' });
    await button.press('Enter');
    await menu.waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-menu');
    const focused = () => frame.locator(':focus').textContent();
    // An active run is not evaluated at the same time.
    await expect.poll(focused).toBe('Open Configuration as Used');
    await vscode.press('ArrowDown');
    await expect.poll(focused).toBe('Open Trainer Log');
    await vscode.press('Escape');
    await menu.waitFor({ state: 'detached' });
    await expect
      .poll(() => button.evaluate('document.activeElement.getAttribute("aria-label")'))
      .toBe('More Actions');
    await vscode.press('Enter');
    await menu.waitFor();
    await vscode.press('Enter');
    await vscode.page.locator('.tab.active', { hasText: 'config.yaml' }).waitFor();
    await vscode.runCommand('View: Close Editor');
    frame = await vscode.webviewFrame('dashboard');
    await frame.locator('.plot canvas').first().waitFor();
  });

  it('compares runs in one chart and lists the configuration keys that differ', async () => {
    await frame.getByRole('button', { name: 'Add Run' }).click();
    await vscode.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'configuration output/nlvr.yaml' })
      .first()
      .waitFor();
    await vscode.pick('calm-fox-1');
    await vscode.page.keyboard.press('Enter');
    const comparison = frame.getByRole('region', { name: 'Compared runs' }).first();
    await comparison.getByRole('columnheader', { name: 'calm-fox-1' }).waitFor();
    await vscode.page.locator('.tab.active', { hasText: 'bright-otter-3 vs calm-fox-1' }).waitFor();
    await expect
      .poll(() => comparison.locator('tr', { hasText: 'init_lr' }).textContent())
      .toBe('init_lr3e-51e-4');
    await expect
      .poll(() => comparison.locator('tr', { hasText: 'seed' }).textContent())
      .toBe('seed427');
    await expect.poll(() => comparison.textContent()).not.toContain('image_root');
    await expect
      .poll(() => frame.locator('.notes').textContent())
      .toContain('calm-fox-1: 212 keys of the pretrained checkpoint were not loaded.');
    expect(await accessibilityProblems(frame)).toEqual([]);
    await frame.locator('h1').scrollIntoViewIfNeeded();
    await vscode.screenshot('dashboard-compare');
    await comparison.scrollIntoViewIfNeeded();
    await vscode.screenshot('dashboard-compare-table');
  });

  it('keeps its state after a window reload', async () => {
    await vscode.reloadWindow();
    frame = await vscode.webviewFrame('dashboard');
    await frame.locator('.comparison-run', { hasText: 'calm-fox-1' }).waitFor();
    await expect.poll(() => frame.locator('select').inputValue()).toBe('epoch');
    await expect.poll(() => frame.locator('output').textContent()).toBe('0.65');
    await expect.poll(() => frame.locator('.figures').textContent()).toContain('3,121/11,700');
    await frame.getByRole('button', { name: 'Remove calm-fox-1 from Comparison' }).click();
    await frame.locator('.comparison-run').first().waitFor({ state: 'detached' });
  });

  it('shows that the extension host does not respond, is inert meanwhile, and continues when it responds again', async () => {
    const lost = frame.getByRole('alert').getByText('The connection to the extension was lost.');
    const hosts = vscode.server.extensionHosts();
    const focused = frame.getByRole('button', { name: 'Show as Table' }).first();
    await focused.focus();
    try {
      for (const pid of hosts) process.kill(pid, 'SIGSTOP');
      await lost.waitFor({ timeout: 30_000 });
      await expect.poll(() => frame.locator('#root').getAttribute('inert')).not.toBeNull();
      await vscode.screenshot('dashboard-lost');
      expect(await accessibilityProblems(frame)).toEqual([]);
    } finally {
      for (const pid of hosts) process.kill(pid, 'SIGCONT');
    }
    await lost.waitFor({ state: 'detached', timeout: 30_000 });
    await expect.poll(() => frame.locator('#root').getAttribute('inert')).toBeNull();
    await expect
      .poll(() => focused.evaluate('document.activeElement.getAttribute("aria-label")'))
      .toBe('Show as Table');
  });

  it('fits into 320 pixels', async () => {
    await vscode.page.setViewportSize({ width: 380, height: 800 });
    await vscode.runCommand('View: Close Primary Side Bar').catch(() => undefined);
    await vscode.screenshot('dashboard-narrow');
    const tooWide = (): Promise<string[]> =>
      frame.evaluate(
        `[...document.querySelectorAll('main *')]
        .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth && !e.closest('.table-box'))
        .map((e) => e.tagName + '.' + e.className)`,
      );
    await expect.poll(tooWide).toEqual([]);
    const overflow = (): Promise<number> =>
      frame.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    await expect.poll(overflow).toBeLessThanOrEqual(0);
  });
});

describe('a dashboard with nothing to show', () => {
  let workspace: string;
  const run = () => join(workspace, 'output', 'early-hen-2');

  beforeAll(async () => {
    workspace = scratchFolder('nothing');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    await syntheticRun(run(), {
      name: 'early-hen-2',
      state: 'running',
      steps: 10,
      epochs: 1,
      maxEpoch: 5,
      predictions: 0,
      images: 2,
    });
    rmSync(join(run(), 'events.jsonl'));
    vscode = await openWorkbench({ workspace });
    frame = await openDashboard(vscode);
  });

  it('says what will appear', async () => {
    await frame.getByText('Waiting for the first step…').waitFor();
    await frame.getByText('Appears after the first epoch').waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-waiting');
  });

  it('says what it cannot read', async () => {
    mkdirSync(join(run(), 'events.jsonl'));
    await frame.locator('.note-error').waitFor({ timeout: 30_000 });
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-unreadable');
    rmdirSync(join(run(), 'events.jsonl'));
    const start = { type: 'start', time: 1, step: 0, epoch: 0, totalSteps: 50, stepsPerEpoch: 10 };
    const file = join(run(), 'events.jsonl');
    writeFileSync(file, `${JSON.stringify({ ...start, examples: {}, maxEpoch: 5 })}\n`);
    await frame.locator('.note-error').waitFor({ state: 'detached', timeout: 30_000 });
  });

  it('shows the error on the whole page when nothing else of the run can be read', async () => {
    const events = join(run(), 'events.jsonl');
    const info = join(run(), 'run.json');
    const original = [readFileSync(events), readFileSync(info)] as const;
    rmSync(events);
    mkdirSync(events);
    await frame.locator('.note-error').waitFor({ timeout: 30_000 });
    // A log without a run.json would be a run of BLIP.
    rmSync(join(run(), 'log.txt'), { force: true });
    rmSync(info);
    await frame.locator('.state-error').waitFor({ timeout: 30_000 });
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-error');
    rmdirSync(events);
    writeFileSync(events, original[0]);
    writeFileSync(info, original[1]);
    await frame.locator('.figures').waitFor({ timeout: 30_000 });
    await frame.locator('.note-error').waitFor({ state: 'detached', timeout: 30_000 });
  });

  it('says that its run no longer exists', async () => {
    rmSync(run(), { recursive: true });
    await frame.locator('.state-empty', { hasText: 'This run no longer exists' }).waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('dashboard-gone');
  });
});
