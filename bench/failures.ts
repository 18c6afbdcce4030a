/**
 * Measures the Failed Examples panel with 100,000 predictions in a real VS Code, with the browser's timeline. The panel must
 * open within 2 s, and no frame may take 100 ms. Run it alone, without a trainer on the machine:
 *
 *     npx vitest run -c bench/panels.config.mts failures
 *
 * `NLVR_BENCH_EXAMPLES` changes the number. Results are written to bench/results/failures.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PredictionTable } from '../src/extension/failures/predictionTable';
import { readPredictions } from '../src/run/read/readPredictions';
import { openWorkbench, scratchFolder } from '../test/e2e/harness/open';
import type { Workbench } from '../test/e2e/harness/workbench';
import { syntheticRun } from '../test/e2e/syntheticRun';
import { watchFrames, type Frames } from './frames';
import { openingTimes, showFirstWebview, startClock } from './opening';

const EXAMPLES = Number(process.env.NLVR_BENCH_EXAMPLES ?? 100_000);
const MAX_FRAME_MS = 100;
const MAX_STALL_MS = 50;
const OPEN_MS = 2000;

const results: Record<string, number | Frames> = { examples: EXAMPLES };

describe(`the Failed Examples panel with ${EXAMPLES} predictions`, () => {
  let vscode: Workbench;
  let frame: Frame;
  let files: string[];

  async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
    const frames = await watchFrames(frame, work);
    results[name] = frames;
    console.log(
      `${name}: longest frame ${frames.longest.toFixed(0)} ms, 99% ${frames.p99.toFixed(0)} ms, ` +
        `longest task ${frames.longestTask.toFixed(0)} ms, ${frames.frames} frames`,
    );
    expect(frames.longest).toBeLessThan(MAX_FRAME_MS);
  }
  /** Runs an action in the page once per frame, as user input arrives. */
  const inFrames = (count: number, step: string) =>
    frame.evaluate(`new Promise((done) => {
      let i = 0;
      const list = document.querySelector('.list');
      const next = () => {
        if (i === ${count}) return done();
        ${step};
        i += 1;
        requestAnimationFrame(next);
      };
      next();
    })`);
  const settle = () => vscode.page.waitForTimeout(300);

  beforeAll(async () => {
    const workspace = scratchFolder('bench-failures');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    const benchRun = await syntheticRun(join(workspace, 'output', 'bench'), {
      steps: 200,
      predictions: EXAMPLES,
      predictedEpochs: 2,
      images: 400,
    });
    files = benchRun.predictionFiles;
    vscode = await openWorkbench({ workspace });
    results.firstWebviewMs = await showFirstWebview(vscode, workspace);
    console.log(`VS Code's own first webview: ${results.firstWebviewMs.toFixed(0)} ms`);
  });

  afterAll(async () => {
    await vscode.close();
    mkdirSync('bench/results', { recursive: true });
    writeFileSync('bench/results/failures.json', JSON.stringify(results, null, 2));
  });

  it('opens within 2 s', async () => {
    const title = 'NLVR: Inspect Failed Examples';
    while (!(await vscode.paletteEntries(title)).includes(title)) await settle();
    await startClock(vscode);
    await vscode.runCommand(title);
    frame = await vscode.webviewFrame('failures');
    const shown = (selector: string) =>
      frame.evaluate<number>(`new Promise((done) => {
        const checkFrame = () =>
          document.querySelector('${selector}')
            ? requestAnimationFrame(() => done(performance.timeOrigin + performance.now()))
            : requestAnimationFrame(checkFrame);
        checkFrame();
      })`);
    const firstRows = await shown('.row img.thumbnail');
    const allRows = await shown('.browser[aria-busy=false]');
    const { began, ...times } = await openingTimes(vscode, frame);
    Object.assign(results, times);
    results.firstRowsMs = firstRows - began;
    results.allRowsMs = allRows - began;
    console.log(
      `first rows at ${results.firstRowsMs.toFixed(0)} ms, all at ${results.allRowsMs.toFixed(0)} ms`,
    );
    expect(results.firstRowsMs).toBeLessThan(OPEN_MS);
  });

  it('loads without a long frame', async () => {
    await frame.locator('select[name=show]').selectOption('all');
    await frame.locator('.epoch').first().waitFor();
    await measure('load', async () => {
      const select = frame.locator('select[name=epoch]');
      const other = (await select.locator('option').first().getAttribute('value')) ?? '';
      await select.selectOption(other);
      await frame.locator('.browser[aria-busy=true]').waitFor();
      await frame.locator('.browser[aria-busy=false]').waitFor();
      await settle();
    });
  });

  it('scrolls', async () => {
    await measure('scroll, page by page', () => inFrames(240, 'list.scrollTop += 400'));
    await measure('scroll, anywhere', () =>
      inFrames(120, 'list.scrollTop = ((i * 7919) % 1000) / 1000 * list.scrollHeight'),
    );
  });

  it('filters and sorts', async () => {
    const search = frame.locator('input[type=search]');
    await measure('search, letter by letter', async () => {
      await search.focus();
      await vscode.page.keyboard.type('exactly green circles', { delay: 40 });
      await settle();
    });
    await search.fill('');
    await measure('confidence slider', () =>
      inFrames(
        50,
        `const slider = document.querySelector('.two-ended input');
         slider.value = String(0.5 + i / 100);
         slider.dispatchEvent(new InputEvent('input', { bubbles: true }))`,
      ),
    );
    await frame.getByRole('button', { name: 'Reset' }).first().click();
    for (const [name, values] of [
      ['show', ['right', 'falsePositive', 'all', 'wrong', 'all']],
      ['change', ['newlyWrong', 'changed', 'any']],
      ['kind', ['counting', '']],
      ['sort', ['confidence', 'probTrue', 'index', 'wrong']],
    ] as const)
      await measure(`choose ${name}`, async () => {
        for (const value of values) {
          await frame.locator(`select[name=${name}]`).selectOption(value);
          await settle();
        }
      });
  });

  it('follows the keyboard', async () => {
    await frame.evaluate(`document.querySelector('.list').scrollTop = 0`);
    await frame.locator('.row').first().click();
    await measure('arrow key held', async () => {
      for (let i = 0; i < 120; i++) await vscode.page.keyboard.press('ArrowDown');
      await settle();
    });
    await measure('first and last', () => vscode.press('End', 'Home', 'End', 'Home'));
  });

  it('does not block the extension host while it reads', async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const table = new PredictionTable();
    delay.enable();
    for await (const { predictions } of readPredictions(files[0])) table.append(predictions);
    delay.disable();
    results.hostLongestStallMs = delay.max / 1e6;
    console.log(`host: longest stall ${results.hostLongestStallMs.toFixed(1)} ms`);
    expect(table.count).toBe(EXAMPLES);
    expect(results.hostLongestStallMs).toBeLessThan(MAX_STALL_MS);
  });
});
