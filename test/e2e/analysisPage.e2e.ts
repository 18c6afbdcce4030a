import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze, type Analysis } from '../../src/analysis/analyze';
import { AnalysisJob } from '../../src/extension/analysis/job';
import { AnalysisSession } from '../../src/extension/analysis/session';
import { Messenger } from '../../src/extension/webview/messenger';
import type { AnalysisContract } from '../../src/webview/analysis/messages';
import { runWithCountingErrors } from './analyzedRun';
import { accessibilityProblems } from './harness/axe';
import { scratchFolder } from './harness/open';
import { PanelPage, panelSizes } from './harness/panelPage';

let run: string;
let analysis: Analysis;

/** A page, its host, and what the host received. */
interface Host {
  panel: PanelPage;
  page: Page;
  shown: unknown[];
  saved: { name: string; text: string }[];
  jobs: AnalysisJob[];
}

async function openPanel(size: (typeof panelSizes)[number], theme?: string): Promise<Host> {
  const panel = await PanelPage.open('analysis', size, theme);
  const host: Host = { panel, page: panel.page, shown: [], saved: [], jobs: [] };
  const session = new AnalysisSession({ folder: run, name: 'bright-otter-3' }, null, {
    send: (message) => messenger.send(message),
    isTrusted: () => true,
    isActive: () => false,
    keyOf: (set) => Promise.resolve(JSON.stringify(set)),
    job: (identity) => {
      const { split, epoch } = JSON.parse(identity) as { split: 'val'; epoch: number };
      const job = new AnalysisJob({ run, split, epoch, userSlices: [] }, () => undefined);
      host.jobs.push(job);
      return job;
    },
    showExamples: (set, what) => host.shown.push({ ...set, ...what }),
    command: (command) => host.shown.push(command),
    save: (name, _extension, pieces) => {
      host.saved.push({ name, text: [...pieces].join('') });
      return Promise.resolve(name);
    },
    problem: (doing, error) => expect.fail(`${doing}: ${String(error)}`),
  });
  const messenger = new Messenger<AnalysisContract>(panel, session);
  await panel.load();
  await panel.page.locator('.analysis[aria-busy=false]').waitFor();
  return host;
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name });
const focusedRow = (page: Page) => page.locator('.grid-row:focus');

beforeAll(async () => {
  run = join(scratchFolder('analysis-page'), 'output', 'bright-otter-3');
  await runWithCountingErrors(run);
  ({ analysis } = await analyze({ run, split: 'val', epoch: 'last', userSlices: [] }));
});

describe('the analysis of a run', () => {
  let host: Host;
  let page: Page;
  beforeAll(async () => {
    host = await openPanel({ width: 1200, height: 800 });
    page = host.page;
  });

  it('shows accuracy and the slices that differ, as nlvr analyze does', async () => {
    const text = (await page.locator('.content').textContent()) ?? '';
    expect(text).toContain(`${(100 * (analysis.accuracy ?? 0)).toFixed(1)}%`);
    expect(text).toContain(`${(100 * (analysis.consistency ?? 0)).toFixed(1)}%`);
    const found = analysis.slices.flatMap(({ finding }) => (finding ? [finding.message] : []));
    expect(found.some((each) => /^Counting: \d+% of \d+, \d+ points below the rest$/.test(each)));
    const shown = await page.locator('.findings button span:last-child').allTextContents();
    expect([...shown].sort()).toEqual([...found].sort());
    await page.getByRole('button', { name: /^Counting:/ }).click();
    expect(host.shown.pop()).toEqual({
      split: 'val',
      epoch: 3,
      subset: { kind: 'slice', slice: 'counting', value: 'yes' },
    });
  });

  it('has a table of slices that can be sorted, filtered and opened with the keyboard alone', async () => {
    await page.keyboard.press('2');
    await expect.poll(() => tab(page, 'Slices').getAttribute('aria-selected')).toBe('true');
    const grid = page.getByRole('grid', { name: 'Slices' });
    await expect.poll(() => grid.getAttribute('data-rows')).toBe(String(analysis.slices.length));
    await page.getByRole('searchbox').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('count');
    await expect
      .poll(() => grid.getAttribute('data-rows'))
      .not.toBe(String(analysis.slices.length));
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: /^Differs Only/ }).focus();
    await page.keyboard.press('Enter');
    const marked = analysis.slices.filter((each) => each.marked);
    await expect.poll(() => grid.getAttribute('data-rows')).toBe(String(marked.length));
    await page.keyboard.press('Enter');
    const heads = page.getByRole('columnheader');
    await heads.filter({ hasText: 'Accuracy' }).getByRole('button').click();
    await expect
      .poll(() => heads.filter({ hasText: 'Accuracy' }).getAttribute('aria-sort'))
      .toBe('ascending');
    const worst = [...analysis.slices].sort((a, b) => (a.accuracy ?? 1) - (b.accuracy ?? 1));
    await page.locator('.grid-row[aria-rowindex="2"]').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => focusedRow(page).getAttribute('aria-rowindex')).toBe('3');
    await expect
      .poll(() => focusedRow(page).textContent())
      .toContain(`${(100 * (worst[1].accuracy ?? 0)).toFixed(1)}%`);
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => host.shown.pop())
      .toMatchObject({ subset: { slice: worst[0].slice, value: worst[0].value } });
  });

  it('shows the reliability diagram with its counts, and the temperature', async () => {
    await page.keyboard.press('3');
    await page.locator('.content.calibration').waitFor();
    const { calibration } = analysis;
    const text = await page.locator('.content').textContent();
    expect(text).toContain(`${(100 * (calibration?.ece ?? 0)).toFixed(1)}%`);
    expect(text).toContain(calibration?.brier.toFixed(4));
    expect(text).toContain(calibration?.temperature.toFixed(3));
    const full = calibration?.bins.filter(({ n }) => n > 0) ?? [];
    expect(await page.locator('.bin').count()).toBe(full.length);
    const counts = await page.locator('.bin-count').allTextContents();
    expect(counts).toEqual(full.map(({ n }) => String(n)));
    expect(await page.locator('.bins tbody tr').count()).toBe(full.length);
  });

  it('maps the examples over the epochs; the map and its list open the same examples', async () => {
    await page.keyboard.press('4');
    const { dynamics } = analysis;
    const grid = page.getByRole('grid');
    await expect.poll(() => grid.getAttribute('data-rows')).toBe('600');
    await page.locator('.map-box[data-drawn=true]').waitFor();
    await page.getByRole('button', { name: /^Never learned/ }).click();
    await expect.poll(() => grid.getAttribute('data-rows')).toBe(String(dynamics?.neverLearned));
    await page.getByRole('button', { name: 'Open in Failed Examples' }).click();
    expect(host.shown.pop()).toMatchObject({ subset: { kind: 'fate', fate: 'never learned' } });
    // The map marks the first example of the list with a ring; a click on it opens the same example.
    const ring = await page.locator('.ring.chosen').boundingBox();
    const first = page.locator('.grid-row[aria-rowindex="2"]');
    await expect.poll(() => first.textContent()).toMatch(/\.$/);
    await first.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => host.shown.length).toBe(1);
    const opened = host.shown.pop() as { identifier: string };
    await page.mouse.click((ring?.x ?? 0) + 5, (ring?.y ?? 0) + 5);
    await expect.poll(() => host.shown.length).toBe(1);
    const clicked = host.shown.pop() as { identifier: string };
    const history = (identifier: string) =>
      analysis.labelNoise.find((each) => each.identifier === identifier)?.contradiction;
    expect(history(clicked.identifier)).toBe(history(opened.identifier));
    await page.locator('.tip code').waitFor();
  });

  it('ranks candidates for label noise, marks them and exports the list', async () => {
    await page.keyboard.press('5');
    const grid = page.getByRole('grid');
    const [first, second] = analysis.labelNoise;
    await expect
      .poll(() => grid.getAttribute('data-rows'))
      .toBe(String(analysis.labelNoise.length));
    await page.locator('.grid-row[aria-rowindex="2"]').focus();
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => host.shown.pop()).toMatchObject({ identifier: second.identifier });
    await expect.poll(() => page.locator('button.mark.on').count()).toBe(1);
    await page.getByRole('button', { name: 'Unmarked Only' }).click();
    await expect
      .poll(() => grid.getAttribute('data-rows'))
      .toBe(String(analysis.labelNoise.length - 1));
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await page.getByRole('button', { name: 'Export JSON' }).click();
    await expect.poll(() => host.saved.length).toBe(2);
    const [csv, json] = host.saved;
    expect(csv.name).toBe('bright-otter-3-val-epoch-4-label-noise.csv');
    expect(csv.text.split('\r\n')[1]).toMatch(new RegExp(`^1,${first.identifier},.*,true,$`));
    const list = JSON.parse(json.text) as object[];
    expect(list).toHaveLength(analysis.labelNoise.length);
    expect(list[0]).toEqual({ rank: 1, ...first, marked: true, note: '' });
  });

  it('keeps its state when its page is reloaded', async () => {
    await host.panel.load();
    await page.getByRole('grid').waitFor();
    expect(await tab(page, 'Label noise').getAttribute('aria-selected')).toBe('true');
    expect(await page.getByRole('grid').getAttribute('data-rows')).toBe(
      String(analysis.labelNoise.length - 1),
    );
    // The same job: nothing is computed again for a reloaded page.
    expect(host.jobs).toHaveLength(1);
  });
});

it('shows all tabs and the main column of each list in a narrow panel', async () => {
  const width = 350;
  const { page } = await openPanel({ width, height: 800 });
  const right = async (part: ReturnType<Page['locator']>): Promise<number> => {
    const box = await part.boundingBox();
    return box ? box.x + box.width : Infinity;
  };
  for (const each of await page.getByRole('tab').all())
    expect(await right(each)).toBeLessThanOrEqual(width);
  for (const [key, content, column] of [
    ['2', 'slices', 'Accuracy'],
    ['4', 'epochs', 'Sentence'],
    ['5', 'noise', 'Sentence'],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator(`.content.${content} .grid-row`).first().waitFor();
    await expect
      .poll(() => right(page.getByRole('columnheader', { name: column })))
      .toBeLessThanOrEqual(width);
    if (process.env.NLVR_SCREENSHOT_FOLDER)
      await page.screenshot({
        path: `${process.env.NLVR_SCREENSHOT_FOLDER}/narrow-${content}.png`,
      });
  }
});

it.each(['vscode-light', 'vscode-dark', 'vscode-high-contrast'])(
  'is accessible with the class %s at every size, and the document never scrolls',
  async (theme) => {
    const { panel, page } = await openPanel(panelSizes[0], theme);
    for (const [i, name] of ['overview', 'slices', 'calibration', 'epochs', 'noise'].entries()) {
      await page.keyboard.press(String(i + 1));
      await page.locator(`.content.${name}`).waitFor();
      expect(await accessibilityProblems(page.mainFrame())).toEqual([]);
      for (const size of panelSizes) {
        expect(await panel.scrolled(size)).toEqual({ x: 0, y: 0, top: 0 });
        if (process.env.NLVR_SCREENSHOT_FOLDER)
          await page.screenshot({
            path: `${process.env.NLVR_SCREENSHOT_FOLDER}/${theme}-${name}-${size.width}x${size.height}.png`,
          });
      }
    }
  },
);
