import { beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems } from './harness/axe';
import { PanelPage, panelSizes } from './harness/panelPage';
import { RunsTableHost } from './runsTableHost';

const RUNS = 240;
const wide = { width: 1500, height: 800 };

describe('the page of the runs table', () => {
  let host: RunsTableHost;
  let panel: PanelPage;
  const page = () => panel.page;
  const locate = (selector: string) => page().locator(selector);
  const button = (name: string) => page().getByRole('button', { name, exact: true });
  const head = (name: string) => page().getByRole('columnheader', { name });
  const listed = () => locate('.grid').getAttribute('data-rows').then(Number);
  /** Texts of a column in the rendered rows, from the first. */
  const column = async (name: string): Promise<string[]> => {
    const id = await head(name).getAttribute('id');
    const place = id?.split('-').at(-1) ?? '';
    return page().evaluate<string[]>(
      `[...document.querySelectorAll('.run')]
        .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
        .map((row) => row.querySelector('.cell[id$="-${place}"] .cell-text').textContent)`,
    );
  };
  const ready = () => head('seed').waitFor();
  const focusGrid = () => locate('.grid').focus();

  beforeAll(async () => {
    panel = await PanelPage.open('runs', wide);
    host = new RunsTableHost(panel);
    host.make(RUNS);
    await host.open();
    await ready();
  });

  it('sorts by several columns, filters and groups, with mouse and keyboard', async () => {
    await head('vit').click();
    await head('Val accuracy').click({ modifiers: ['Shift'] });
    await expect.poll(() => column('vit').then(([first]) => first)).toBe('base');
    const accuracies = (await column('Val accuracy')).map((text) => Number.parseFloat(text));
    expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a));
    expect(await head('vit').getAttribute('aria-sort')).toBe('ascending');
    await page().keyboard.press('/');
    await page().keyboard.type('vit=tiny');
    await expect.poll(listed).toBe(RUNS / 3);
    await page().keyboard.press('ArrowDown');
    await expect.poll(() => page().evaluate('document.activeElement.className')).toBe('grid');
    await page().keyboard.press('ArrowUp');
    await page().keyboard.press('Home');
    const active = () =>
      page().evaluate<string>(
        `document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent`,
      );
    for (let i = 0; i < 15 && !(await active()).includes('init_lr'); i++)
      await page().keyboard.press('ArrowRight');
    await page().keyboard.press('f');
    await page().getByRole('dialog').waitFor();
    await page().getByLabel('From', { exact: true }).fill('1e-4');
    await page().keyboard.press('Enter');
    await page().getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(listed).toBe(RUNS / 6);
    expect(await locate('.chip').textContent()).toContain('init_lr ≥ 1e-4');
    await focusGrid();
    await page().keyboard.press('g');
    await expect.poll(() => locate('.group').count()).toBe(2);
    expect(await locate('.group').first().textContent()).toMatch(/init_lr: 1e-4\s*20 runs · best/);
    await locate('.group').first().click();
    await expect.poll(() => column('init_lr').then((texts) => texts[0])).toBe('3e-4');
    await button('Clear All Filters').click();
    await locate('input[type=search]').fill('');
    await expect.poll(listed).toBe(RUNS);
  });

  it('keeps its view state after a reload', async () => {
    await expect.poll(() => host.view.group).toBe('config:init_lr');
    await head('seed').click({ button: 'right' });
    await page().getByRole('menuitem', { name: 'Hide Column' }).click();
    await head('seed').waitFor({ state: 'detached' });
    await expect.poll(() => host.view.shown?.['config:seed']).toBe(false);
    await host.open();
    await head('init_lr').waitFor();
    expect(await locate('select[name=group]').inputValue()).toBe('config:init_lr');
    expect(await head('seed').count()).toBe(0);
    await button('Columns…').click();
    await button('Reset Columns').click();
    await page().keyboard.press('Escape');
    await page().selectOption('select[name=group]', '');
    await ready();
  });

  it('marks runs, runs actions on them, and updates while they train', async () => {
    await head('Started').click();
    await locate('.run').first().click();
    await page().keyboard.press('s');
    await expect.poll(() => host.marks.of(host.run(0)).starred).toBe(true);
    await page().keyboard.press('F2');
    await page().getByLabel('Name', { exact: true }).fill('Baseline');
    await page().getByLabel(/^Tags/).fill('good, paper');
    await page().keyboard.press('Enter');
    await page().locator('.run', { hasText: 'Baseline' }).waitFor();
    await expect.poll(() => column('Tags')).toContain('good, paper');
    await focusGrid();
    await page().keyboard.press('Control+Space');
    await page().keyboard.press('Shift+ArrowDown');
    // The colors that the dashboard uses for them.
    const colors = host.colors.of([host.run(0), host.run(1)]);
    await expect
      .poll(() =>
        page()
          .locator('.run .swatch')
          .evaluateAll((found) => found.map((each) => (each as { className: string }).className)),
      )
      .toEqual(colors.map((color) => `swatch swatch-${color}`));
    await page().keyboard.press('c');
    await expect.poll(() => host.actions.at(-1)).toEqual(['open', [host.run(0), host.run(1)]]);
    await button('Compare 2 Runs').click();
    await button('Archive').click();
    await expect.poll(listed).toBe(RUNS - 2);
    await page().getByLabel('Archived (2)').check();
    await expect.poll(listed).toBe(RUNS);
    host.update(2, 0.987);
    await page().locator('.run', { hasText: '98.7%' }).waitFor();
    expect(await page().locator('.run', { hasText: '98.7%' }).locator('.best-mark').count()).toBe(
      1,
    );
    host.remove(2);
    await expect.poll(listed).toBe(RUNS - 1);
    await button('Export CSV…').click();
    await expect.poll(() => host.saved.split('\n')[1]).toContain('run-0000,train,finished');
  });

  it('plans new runs, shows invalid values, and queues them', async () => {
    await page().locator('.run', { hasText: 'run-0004' }).click();
    await page().keyboard.press('n');
    const values = page().getByLabel('Values of init_lr');
    await values.fill('1e-5, nonsense');
    await page().getByRole('alert').filter({ hasText: '`init_lr`' }).waitFor();
    await values.fill('1e-5, 1e-3');
    await button('Add Key').click();
    await page().getByLabel('Values of seed').fill('1, 2');
    await button('Queue 4 Runs').click();
    await page().getByRole('dialog').waitFor({ state: 'detached' });
    expect(host.queued).toHaveLength(4);
    expect(host.queued[3]).toEqual(['init_lr: 1e-5 → 0.001', 'seed: 4 → 2']);
  });

  it('filters by a range on an axis, and selects runs with a rectangle', async () => {
    await button('Parallel Coordinates').click();
    // The lines are drawn over several frames.
    await locate('canvas[role=img][aria-busy=false]').waitFor();
    const plot = async () => {
      const box = await locate('.plot').boundingBox();
      if (!box) throw new Error('no plot');
      return box;
    };
    const drag = async (from: [number, number], to: [number, number]) => {
      const { x, y } = await plot();
      await page().mouse.move(x + from[0], y + from[1]);
      await page().mouse.down();
      await page().mouse.move(x + to[0], y + to[1], { steps: 4 });
      await page().mouse.up();
    };
    const { width, height } = await plot();
    // The last axis is the validation accuracy: its upper half.
    await drag([width - 60, 20], [width - 60, height / 2]);
    await expect.poll(() => locate('.chip').textContent()).toContain('Val accuracy ≥');
    const filtered = host.view.filters?.val_accuracy?.min;
    expect(filtered === undefined || filtered > 0.5).toBe(true);
    await page().mouse.click((await plot()).x + width - 60, (await plot()).y + 100);
    await locate('.chip').waitFor({ state: 'detached' });
    await button('Scatter').click();
    await page().selectOption('select[name=x]', 'config:seed');
    await page().selectOption('select[name=y]', 'trained_seconds');
    const whole = await plot();
    await drag([70, 5], [whole.width / 2, whole.height - 5]);
    await expect.poll(() => locate('.counts').textContent()).toMatch(/\d+ selected/);
    // A point shows its run on hover, and opens it on click.
    const { x, y } = await plot();
    await page().mouse.move(x + 76, y + whole.height - 40);
    await locate('.run-tip').waitFor();
    await page().mouse.down();
    await page().mouse.up();
    await expect.poll(() => host.actions.at(-1)?.[1].length).toBe(1);
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await button('Table').click();
    await page().keyboard.press('Escape');
  });

  it.each(panelSizes)('does not scroll the document at $width×$height', async (size) => {
    expect(await panel.scrolled(size, '.grid')).toEqual({ x: 0, y: 0, top: 0 });
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
  });
});
