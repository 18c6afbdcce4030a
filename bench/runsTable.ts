/**
 * Measures the runs table with 3,000 runs, its host and its page in a browser without VS Code. All rows and columns must
 * appear within 2 s, and no frame may take 100 ms. Run it alone, without a trainer on the machine:
 *
 *     npx vitest run -c bench/panels.config.mts runsTable
 *
 * `NLVR_BENCH_RUNS` changes the number. Results are written to bench/results/runsTable.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PanelPage } from '../test/e2e/harness/panelPage';
import { RunsTableHost } from '../test/e2e/runsTableHost';
import { watchFrames, type Frames } from './frames';

const RUNS = Number(process.env.NLVR_BENCH_RUNS ?? 3000);
const MAX_FRAME_MS = 100;
const OPEN_MS = 2000;

const results: Record<string, number | Frames> = { runs: RUNS };

describe(`the runs table with ${RUNS} runs`, () => {
  let panel: PanelPage;
  let host: RunsTableHost;
  const page = () => panel.page;
  const button = (name: string) => page().getByRole('button', { name, exact: true });

  async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
    const frames = await watchFrames(page().mainFrame(), work);
    results[name] = frames;
    console.log(
      `${name}: longest frame ${frames.longest.toFixed(0)} ms, 99% ${frames.p99.toFixed(0)} ms, ` +
        `longest task ${frames.longestTask.toFixed(0)} ms, ${frames.frames} frames`,
    );
    expect.soft(frames.longest, name).toBeLessThan(MAX_FRAME_MS);
  }

  beforeAll(async () => {
    panel = await PanelPage.open('runs', { width: 1500, height: 900 });
    host = new RunsTableHost(panel);
    host.make(RUNS);
  });

  afterAll(() => {
    mkdirSync('bench/results', { recursive: true });
    writeFileSync('bench/results/runsTable.json', JSON.stringify(results, null, 2));
  });

  it('has all rows and columns within 2 s', async () => {
    const began = performance.now();
    await host.open();
    await page().locator('.run').first().waitFor();
    results.firstRowsMs = performance.now() - began;
    await page().locator('.grid[aria-busy=false]').waitFor();
    await page().getByRole('columnheader', { name: 'seed' }).waitFor();
    results.allMs = performance.now() - began;
    console.log(
      `first rows at ${results.firstRowsMs.toFixed(0)} ms, all at ${results.allMs.toFixed(0)} ms`,
    );
    expect(results.allMs).toBeLessThan(OPEN_MS);
  });

  it('draws every frame in time', async () => {
    await page().locator('.grid').hover();
    await measure('scroll by wheel', async () => {
      for (let i = 0; i < 60; i++) await page().mouse.wheel(0, 600);
    });
    await measure('sort by two columns', async () => {
      await page().getByRole('columnheader', { name: 'vit' }).click();
      await page()
        .getByRole('columnheader', { name: 'Val accuracy' })
        .click({ modifiers: ['Shift'] });
    });
    await measure('walk by keyboard', async () => {
      for (let i = 0; i < 60; i++) await page().keyboard.press('ArrowDown');
    });
    await measure('search as one types', async () => {
      await page().locator('input[type=search]').focus();
      await page().keyboard.type('vit=tiny', { delay: 30 });
    });
    await page().locator('input[type=search]').fill('');
    await measure('group', () => page().selectOption('select[name=group]', 'config:init_lr'));
    await measure('select all', async () => {
      await page().locator('.grid').focus();
      await page().keyboard.press('Control+a');
    });
    await page().keyboard.press('Escape');
    await measure('a run trains', async () => {
      for (let i = 0; i < 20; i++) {
        host.update(i, 0.9 + i / 1000);
        await page().waitForTimeout(120);
      }
    });
    await measure('parallel coordinates', async () => {
      await button('Parallel Coordinates').click();
      for (let i = 0; i < 40; i++) await page().mouse.move(300 + 20 * i, 300 + 5 * i);
    });
    await measure('scatter plot', async () => {
      await button('Scatter').click();
      for (let i = 0; i < 40; i++) await page().mouse.move(300 + 20 * i, 300 + 5 * i);
    });
  });
});
