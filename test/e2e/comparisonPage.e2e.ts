import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareInThread } from '../../src/analysis/compareThread';
import { ComparisonSession, type ComparisonEditor } from '../../src/extension/comparison/session';
import { Messenger } from '../../src/extension/webview/messenger';
import type { ComparisonContract, PanelState } from '../../src/webview/comparison/messages';
import { accessibilityProblems } from './harness/axe';
import { scratchFolder } from './harness/open';
import { PanelPage, panelSizes } from './harness/panelPage';
import { syntheticRun } from './syntheticRun';

describe('the page of a comparison', () => {
  let folder: string;
  let panel: PanelPage;
  let session: ComparisonSession;
  const opened: Parameters<ComparisonEditor['openFailures']>[] = [];
  const page = () => panel.page;
  // Its examples arrive after the list was rendered.
  const list = () => page().locator('.list[aria-busy=false]');
  const rows = async () => Number(await list().getAttribute('data-rows'));
  const cell = (name: string) => page().locator('.outcomes').getByRole('button', { name });

  /** Restarts the host, as a window reload does. */
  function startHost(choice: PanelState['choice'] = null): void {
    session = new ComparisonSession({ a: join(folder, 'a'), b: join(folder, 'b') }, choice, {
      send: (message) => messenger.send(message),
      run: (run) => ({ name: run.endsWith('a') ? 'calm-fox-1' : 'bright-otter-3', bestEpoch: 2 }),
      userSlices: () => [{ name: 'greens', pattern: 'green' }],
      compare: compareInThread,
      openFailures: (...call) => Promise.resolve(void opened.push(call)),
      swapped: () => undefined,
      copy: () => Promise.resolve(),
      save: ([first]) => Promise.resolve(first.fileName),
      problem: () => undefined,
    });
    const messenger = new Messenger<ComparisonContract>(panel, session);
  }
  const compared = () => page().locator('.comparison[aria-busy=false]').waitFor();

  beforeAll(async () => {
    folder = scratchFolder('comparison-page');
    const runOptions = { predictions: 3000, epochs: 3, predictedEpochs: 2, steps: 60 };
    await syntheticRun(join(folder, 'a'), { ...runOptions, seed: 1 });
    await syntheticRun(join(folder, 'b'), { ...runOptions, seed: 2 });
    panel = await PanelPage.open('comparison', { width: 1400, height: 900 });
    startHost();
    await panel.load();
    await compared();
  });

  it('shows the numbers of the comparison', async () => {
    const { comparison } = await compareInThread({
      a: join(folder, 'a'),
      b: join(folder, 'b'),
      split: 'val',
      epochA: 'last',
      epochB: 'last',
      userSlices: [{ name: 'greens', pattern: 'green' }],
    });
    const percent = (share: number | null) => `${(100 * (share ?? 0)).toFixed(1)}%`;
    const facts = await page().locator('.facts').textContent();
    expect(facts).toContain(percent(comparison.accuracyA));
    expect(facts).toContain(percent(comparison.accuracyB));
    const [low, high] = comparison.consistencyCiB95 ?? [NaN, NaN];
    expect(facts).toContain(`[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`);
    for (const count of [comparison.newlyRight, comparison.newlyWrong, comparison.bothWrong])
      expect(await page().locator('.outcomes').textContent()).toContain(String(count));
    expect(await page().locator('.slices tbody tr').count()).toBe(comparison.slices.length);
    expect(await page().locator('.slices').textContent()).toContain('greens');
  });

  it('lists the examples of a number, with keyboard navigation', async () => {
    await cell('Newly right').click();
    await list().waitFor();
    const newlyRight = await rows();
    expect(await page().locator('#examples-title').textContent()).toContain('Newly right');
    await expect.poll(() => page().locator('.row:focus').getAttribute('aria-posinset')).toBe('1');
    await page().keyboard.press('End');
    await expect
      .poll(() => page().locator('.row:focus').getAttribute('aria-posinset'))
      .toBe(String(newlyRight));
    await page().locator('.row:focus .row-sentence').waitFor();
    const identifier = await page().locator('.row:focus .row-sentence').getAttribute('title');
    await page().keyboard.press('Enter');
    await expect.poll(() => opened.length).toBe(1);
    expect(opened[0]).toMatchObject([
      join(folder, 'b'),
      { identifier, subset: { outcomes: ['newly right'], title: 'Newly right' } },
    ]);
    await page().keyboard.press('a');
    await expect.poll(() => opened.at(-1)?.[0]).toBe(join(folder, 'a'));
    await page().keyboard.press('Escape');
    await list().waitFor({ state: 'detached' });
    // The arrow keys move between the numbers, and Enter opens a list.
    await cell('Newly right').focus();
    await page().keyboard.press('ArrowUp');
    await page().keyboard.press('Enter');
    await expect
      .poll(() => page().locator('#examples-title').textContent())
      .toContain('Both right');
    await page().keyboard.press('Escape');
    await list().waitFor({ state: 'detached' });
  });

  it('searches the list, and sorts it by the change of the probability', async () => {
    await page()
      .locator('.slices')
      .getByRole('button', { name: /^greens:/ })
      .click();
    await list().waitFor();
    const greens = await rows();
    await page().keyboard.press('/');
    await page().keyboard.type('circle');
    await expect.poll(rows).toBeLessThan(greens);
    await expect
      .poll(async () =>
        (await page().locator('.row-sentence').allTextContents()).every(
          (text) => /green/i.test(text) && /circle/i.test(text),
        ),
      )
      .toBe(true);
    await page().locator('select[name=order]').selectOption('change');
    await list().waitFor();
    const chances = await page().locator('.row').first().locator('.probability').allTextContents();
    expect(Math.abs(Number(chances[0]) - Number(chances[1]))).toBeGreaterThan(0.3);
    await page().keyboard.press('Escape');
    await list().waitFor({ state: 'detached' });
  });

  it.each(panelSizes)('does not scroll the document at $width×$height', async (size) => {
    if ((await list().count()) === 0) await cell('Both wrong').click();
    await list().waitFor();
    expect(await panel.scrolled(size, '.numbers')).toEqual({ x: 0, y: 0, top: 0 });
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await page().screenshot({
      path: `test/e2e/artifacts/comparison-page-${size.width}x${size.height}.png`,
    });
  });

  it('keeps epochs, list and order after a window reload', async () => {
    await page().setViewportSize({ width: 1400, height: 900 });
    await page().locator('select[name=epochA]').selectOption('1');
    await expect.poll(() => page().locator('.facts').textContent()).toContain('(epoch 2)');
    await compared();
    await cell('Newly wrong').click();
    await page().locator('.row:focus').waitFor();
    await page().keyboard.press('ArrowDown');
    await expect.poll(() => page().locator('.row:focus').getAttribute('aria-posinset')).toBe('2');
    const sentence = await page().locator('.row[aria-selected=true]').textContent();
    const state = await page().evaluate<PanelState>(`JSON.parse(sessionStorage.getItem('state'))`);
    session.dispose();
    startHost(state.choice);
    await panel.load();
    await compared();
    await list().waitFor();
    expect(await page().locator('#examples-title').textContent()).toContain('Newly wrong');
    await expect
      .poll(() => page().locator('.row[aria-selected=true]').textContent())
      .toBe(sentence);
    expect(await page().locator('select[name=epochA]').inputValue()).toBe('1');
  });

  it('shows why nothing can be compared, and keeps the selection controls', async () => {
    session.dispose();
    startHost({ split: 'val', epochA: 99, epochB: 'last' });
    await panel.load();
    await expect
      .poll(() => page().locator('.state-error').textContent())
      .toMatch(/has no predictions of val after epoch 99.*Epochs with predictions/);
    await page().locator('select[name=epochA]').selectOption('last');
    await compared();
    expect(await page().locator('.facts').count()).toBe(1);
  });
});
