import { mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NoteEvent, RunEvent, StartEvent } from '../../src/run/events';
import { readRun } from '../../src/run/read/readRun';
import { DashboardHost } from './dashboardHost';
import { accessibilityProblems } from './harness/axe';
import { PanelPage, panelSizes } from './harness/panelPage';

const wide = { width: 1400, height: 900 };

describe('the page of the dashboard', () => {
  let host: DashboardHost;
  let panel: PanelPage;
  const page = () => panel.page;
  const locate = (selector: string) => page().locator(selector);
  const button = (name: string) => page().getByRole('button', { name, exact: true });
  const drawn = () => locate('.plot canvas').first().waitFor();
  const top = async (selector: string): Promise<number> => {
    const box = await locate(selector).first().boundingBox();
    if (!box) throw new Error(`${selector} is not on the page`);
    return box.y;
  };
  const note = (change: Partial<NoteEvent>): NoteEvent => ({
    ...{ type: 'note', time: Date.now() / 1000, level: 'warning', code: 'slow-loader', step: 600 },
    message: 'Training waited for images 49% of the time.',
    hint: 'Raise `num_workers` (now 3), or set `cache_images`.',
    ...change,
  });

  beforeAll(async () => {
    panel = await PanelPage.open('dashboard', wide);
    host = new DashboardHost(panel);
    await host.make();
    await host.open(host.runs[0]);
    await drawn();
  });

  it('shows no time left before there is an estimate, and none of an earlier attempt', async () => {
    const [run] = host.runs;
    const title = () => locate('.run-title').textContent();
    await expect.poll(title).toMatch(/30% · \d+m\s\d\ds left/);
    const { step, time } = { step: 600, time: Date.now() / 1000 };
    const start = JSON.parse(
      readFileSync(join(run, 'events.jsonl'), 'utf8').split('\n')[0] ?? '',
    ) as StartEvent;
    host.append(run, { ...start, time, resumed: true, step, epoch: 3, trainedSeconds: 91 });
    await expect.poll(title).not.toContain('left');
    const points = Array.from({ length: 8 }, (_, i): RunEvent => {
      const at = { time: time + 2 * (i + 1), step: step + i + 1, epoch: 3 };
      return { type: 'step', ...at, loss: 0.5, lr: 1e-5 };
    });
    host.append(run, ...points);
    await expect.poll(title).toMatch(/30% · \S+\s\S+ left/);
  });

  it('zooms with the wheel without a click, and shows a hint when the modifier key is missing', async () => {
    const plot = locate('.plot').first();
    await plot.hover();
    await page().mouse.wheel(0, -200);
    await expect.poll(() => locate('.plot-hint').textContent()).toContain('Hold Ctrl');
    await expect.poll(() => button('Reset Zoom').count()).toBe(0);
    await page().keyboard.down('Control');
    await page().mouse.wheel(0, -200);
    await button('Reset Zoom').first().waitFor();
    await locate('.plot-hint').waitFor({ state: 'detached' });
    // Zoomed out completely, the whole range is shown.
    for (let i = 0; i < 12; i++) await page().mouse.wheel(0, 400);
    await page().keyboard.up('Control');
    await button('Reset Zoom').first().waitFor({ state: 'detached' });
  });

  it('zooms the y axis with its labels, the keyboard and two numbers; switches log scale and outliers with keys', async () => {
    const card = locate('.chart-card').first();
    const plot = card.locator('.plot');
    const reset = card.getByRole('button', { name: 'Reset Zoom' });
    const bounds = card.locator('.axis-bound');
    const shown = async () =>
      Promise.all([0, 1].map(async (i) => Number(await bounds.nth(i).inputValue())));
    await card.getByRole('button', { name: 'Show Y Axis Settings' }).click();
    expect(await shown()).toEqual([0, 0]);
    const box = await plot.boundingBox();
    if (!box) throw new Error('no plot');
    // From a third to two thirds of the labels.
    await page().mouse.move(box.x + 8, box.y + 80);
    await page().mouse.down();
    await page().mouse.move(box.x + 8, box.y + 120);
    await card.locator('.plot-band').waitFor();
    await page().mouse.move(box.x + 8, box.y + 160);
    await page().mouse.up();
    await reset.waitFor();
    await expect.poll(async () => (await shown())[0]).toBeGreaterThan(0);
    const [low, high] = await shown();
    expect(high).toBeGreaterThan(low);
    await plot.focus();
    await page().keyboard.press('ArrowUp');
    await expect.poll(async () => (await shown())[0]).toBeGreaterThan(low);
    // The typed range is shown; an invalid range is reported and changes nothing.
    await bounds.nth(1).fill('0.25');
    await bounds.nth(1).press('Enter');
    await bounds.nth(0).fill('0.5');
    await bounds.nth(0).press('Enter');
    await card.getByRole('alert').waitFor();
    await bounds.nth(0).fill('0.125');
    await bounds.nth(0).press('Enter');
    await card.getByRole('alert').waitFor({ state: 'detached' });
    const saved = () => page().evaluate<string>('sessionStorage.getItem("state")');
    await expect.poll(saved).toContain('"yRanges":{"loss":[0.125,0.25]}');
    await plot.focus();
    await page().keyboard.press('0');
    await reset.waitFor({ state: 'detached' });
    await page().keyboard.press('l');
    await page().keyboard.press('o');
    await expect.poll(saved).toContain('"log":["loss"],"clip":["loss"]');
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await locate('.folded-button').click();
    const norm = locate('.chart-card').filter({ hasText: 'Gradient norm' });
    await expect.poll(() => norm.locator('.legend').textContent()).toBe('each stepsmoothed');
    await page().screenshot({ path: join('test', 'e2e', 'artifacts', 'dashboard-y-axis.png') });
    await locate('.folded-button').click();
    await page().keyboard.press('l');
    await page().keyboard.press('o');
    await card.getByRole('button', { name: 'Hide Y Axis Settings' }).click();
  });

  it('marks the end of the curriculum, resumes and the best epoch on the x axis', async () => {
    const plot = await locate('.plot').first().boundingBox();
    if (!plot) throw new Error('no plot');
    const shownMarks = new Set<string>();
    for (let x = plot.x + 30; x < plot.x + plot.width - 5; x += 4) {
      await page().mouse.move(x, plot.y + 60);
      for (const text of await locate('.tooltip-mark').allTextContents()) shownMarks.add(text);
    }
    expect([...shownMarks]).toEqual(['curriculum ends', 'resumed', 'best: epoch 3']);
    await locate('h1').hover();
  });

  it('shows one note, the others on demand, and backticks as code', async () => {
    host.append(
      host.runs[0],
      note({}),
      note({ level: 'info', code: 'plan', message: 'A remark.' }),
    );
    const shown = locate('.note');
    await expect.poll(() => shown.count()).toBe(1);
    expect(await shown.locator('code').allTextContents()).toEqual(['num_workers', 'cache_images']);
    await button('1 More Note').click();
    await expect.poll(() => shown.count()).toBe(2);
    await button('Show Less').click();
    await expect.poll(() => shown.count()).toBe(1);
  });

  it('hides a dismissed note, also after a reload, until it is reported again', async () => {
    await button('Dismiss').click();
    await expect.poll(() => locate('.note-warning').count()).toBe(0);
    const saved = () => page().evaluate<string>('sessionStorage.getItem("state")');
    await expect.poll(saved).toContain('slow-loader');
    await host.open(host.runs[0]);
    await button('1 Note').waitFor();
    expect(await locate('.note-warning').count()).toBe(0);
    host.append(host.runs[0], note({ step: 605 }));
    await locate('.note-warning').waitFor();
  });

  it('removes a note that was resolved', async () => {
    host.append(host.runs[0], { type: 'resolved', time: Date.now() / 1000, code: 'slow-loader' });
    await locate('.note-warning').waitFor({ state: 'detached' });
  });

  it('puts the comparison before the charts and the watched pairs', async () => {
    await button('Add Run').click();
    const table = locate('.comparison-table');
    await table.locator('th', { hasText: 'noble-bee' }).waitFor();
    await locate('.watched img').first().waitFor();
    const order = [await top('.comparison'), await top('.charts'), await top('.watched')];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    const row = (name: string) => table.locator('tr', { hasText: name }).textContent();
    await expect.poll(() => row('batch_size_train')).toBe('batch_size_train1632');
    expect(await row('Configuration')).toBe('Configurationnlvr.yamlnlvr.yaml');
    await expect.poll(() => button('Add Run').count()).toBe(1);
    expect(await locate('.comparison').getByText('Differs in').isVisible()).toBe(true);
    await button('Pin noble-bee').click();
    await expect.poll(() => row('batch_size_train')).toBe('batch_size_train3216');
    await button('Unpin noble-bee').click();
    await expect.poll(() => row('batch_size_train')).toBe('batch_size_train1632');
  });

  it('fits two compared runs and the menu of the first into a narrow column', async () => {
    await page().setViewportSize({ width: 390, height: 800 });
    const box = `(() => {
      const { scrollWidth, clientWidth } = document.querySelector('.comparison .table-box');
      return scrollWidth - clientWidth;
    })()`;
    await expect.poll(() => page().evaluate(box)).toBe(0);
    // On the line of the name, whatever wraps to the next lines.
    const menu = await locate('.run-actions .menu').boundingBox();
    const name = await locate('.run-title h1').boundingBox();
    expect(menu?.y).toBeLessThan((name?.y ?? 0) + (name?.height ?? 0));
    await button('More Actions').click();
    const list = await locate('.menu-list').boundingBox();
    expect(list?.x).toBeGreaterThanOrEqual(0);
    expect((list?.x ?? 0) + (list?.width ?? 0)).toBeLessThanOrEqual(390);
    await page().keyboard.press('Escape');
    await page().setViewportSize(wide);
  });

  it('shows the run that cannot be read, and does not affect the others', async () => {
    const events = join(host.runs[1], 'events.jsonl');
    renameSync(events, `${events}.kept`);
    mkdirSync(events);
    await locate('.note-error').waitFor({ timeout: 30_000 });
    expect(await locate('.note-error').textContent()).toMatch(/^Error: noble-bee: /);
    expect(await locate('.comparison-problem').count()).toBe(1);
    await expect.poll(() => locate('.figures').textContent()).toContain('608/2,000');
    // Data of the other run does not remove the message.
    host.append(host.runs[0], note({ step: 606 }));
    await button('4 More Notes').waitFor();
    expect(await locate('.note-error').count()).toBe(1);
    rmdirSync(events);
    renameSync(`${events}.kept`, events);
    await locate('.comparison-problem').waitFor({ state: 'detached', timeout: 30_000 });
    await locate('.note-error').waitFor({ state: 'detached' });
  });

  it('shows a compared run that no longer exists, and removes it', async () => {
    const [, second] = host.runs;
    host.forget(second);
    await expect.poll(() => locate('.note-error').textContent()).toContain('noble-bee: Its folder');
    await button('Remove from Comparison').click();
    await locate('.note-error').waitFor({ state: 'detached' });
    expect(host.removed).toEqual([second]);
    await host.look(second);
  });

  it('shows images of watched pairs without cropping', async () => {
    const fit = `getComputedStyle(document.querySelector('.watched img')).objectFit`;
    expect(await page().evaluate(fit)).toBe('contain');
  });

  it('uses the border color of the theme for secondary buttons, and outlines the focused element', async () => {
    const style = (name: string, value: string) =>
      page().evaluate(`document.documentElement.style.setProperty('--vscode-${name}', '${value}')`);
    const buttonStyle = () =>
      page().evaluate<string[]>(`(() => {
        const { borderTopColor, outlineStyle } = getComputedStyle(document.querySelector('.run-actions button'));
        return [borderTopColor, outlineStyle];
      })()`);
    await style('button-border', 'rgb(1, 1, 1)');
    expect(await buttonStyle()).toEqual(['rgba(0, 0, 0, 0)', 'none']);
    await style('contrastBorder', 'rgb(2, 2, 2)');
    expect(await buttonStyle()).toEqual(['rgb(2, 2, 2)', 'none']);
    await style('button-secondaryBorder', 'rgb(3, 3, 3)');
    expect(await buttonStyle()).toEqual(['rgb(3, 3, 3)', 'none']);
    await style('focusBorder', 'rgb(4, 4, 4)');
    await page().keyboard.press('Tab');
    await locate('.run-actions button').first().focus();
    expect(await buttonStyle()).toEqual(['rgb(3, 3, 3)', 'solid']);
  });

  describe('does not scroll the document with', () => {
    const [first, second] = [0, 1] as const;
    const long =
      'A reason with `code` and many words that take several lines in a narrow panel. '.repeat(9);
    const ranks = Array.from({ length: 40 }, (_, rank) => ({
      rank,
      host: 'node7',
      pid: 40 + rank,
      localRank: rank,
    }));
    const states: [string, () => Promise<unknown>][] = [
      [
        'reading',
        async () => {
          host.session?.dispose();
          panel.onDidReceiveMessage(() => undefined);
          await panel.load();
          await locate('.spinner').waitFor();
        },
      ],
      [
        'a run that is gone',
        () => host.open(join(host.folder, 'gone')).then(() => locate('.state-empty').waitFor()),
      ],
      ['a run that goes on', () => host.open(host.runs[first]).then(drawn)],
      [
        'everything folded out',
        async () => {
          await locate('.folded-button').click();
          await locate('.notes-more').click();
          await button('Show as Table').first().click();
        },
      ],
      [
        'the list of keys',
        async () => {
          await page().keyboard.press('?');
          await page().getByRole('dialog', { name: 'Keys' }).waitFor();
        },
      ],
      [
        'the menu',
        async () => {
          await page().keyboard.press('Escape');
          await button('More Actions').click();
          await page().getByRole('menu').waitFor();
        },
      ],
      [
        'ranks',
        async () => {
          await page().keyboard.press('Escape');
          const run = await readRun(host.runs[first]);
          if (run) await host.look(host.runs[first], { info: { ...run.info, ranks } });
          await button('40 Ranks').click();
          await page().getByRole('dialog', { name: 'Ranks' }).waitFor();
        },
      ],
      ['two runs', () => host.open(...host.runs).then(() => locate('.comparison-table').waitFor())],
      [
        'a run that failed',
        async () => {
          await host.look(host.runs[second], { status: 'failed', message: long, hint: long });
          await host.open(host.runs[second]);
          await locate('.note-error').waitFor();
        },
      ],
    ];

    it.each(states)('%s', async (_, reach) => {
      await reach();
      for (const size of panelSizes) {
        expect(await panel.scrolled(size), `${size.width}×${size.height}`).toEqual({
          x: 0,
          y: 0,
          top: 0,
        });
        expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
      }
      await page().setViewportSize(wide);
    });
  });
});
