import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { configPaths } from '../../src/config/paths';
import { parseConfig } from '../../src/config/parse';
import { FailuresSession } from '../../src/extension/failures/session';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import { Messenger } from '../../src/extension/webview/messenger';
import type {
  Asked,
  FailuresContract,
  PanelState,
  SavedFilter,
} from '../../src/webview/failures/messages';
import { accessibilityProblems } from './harness/axe';
import { scratchFolder } from './harness/open';
import { PanelPage, panelSizes } from './harness/panelPage';
import { syntheticRun } from './syntheticRun';

describe('the page of failed examples', () => {
  let run: string;
  let panel: PanelPage;
  let session: FailuresSession;
  let filters: SavedFilter[] = [];
  const page = () => panel.page;
  const box = async (selector: string) => {
    const found = await page().locator(selector).boundingBox();
    if (!found) throw new Error(`${selector} is not on the page`);
    return found;
  };

  /** Restarts the host, as a window reload does; its model always answers True. */
  function startHost(wanted: ConstructorParameters<typeof FailuresSession>[1] = null): void {
    session = new FailuresSession(
      {
        folder: run,
        name: 'bright-otter-3',
        paths: () => {
          const { config } = parseConfig('image_root: images\nann_root: .');
          return Promise.resolve(configPaths(config, join(run, '..')));
        },
      },
      wanted,
      new Thumbnails(join(run, '.thumbs')),
      {
        send: (message) => messenger.send(message),
        webviewUri: (file) => PanelPage.address(file),
        openFile: () => Promise.resolve(),
        copy: () => Promise.resolve(),
        save: () => Promise.resolve(null),
        command: () => undefined,
        analyze: () => undefined,
        checkpointStamp: () => Promise.resolve(''),
        launch: () => Promise.reject(new Error('no model here')),
        askUnavailable: () => Promise.resolve(null),
        isActive: () => false,
        log: () => undefined,
        problem: () => undefined,
        findExamples: () => Promise.resolve({ title: '', rows: new Int32Array(0) }),
        filters: {
          all: () => filters,
          keep: (all) => {
            filters = all;
            session.sendFilters();
            return Promise.resolve();
          },
        },
        mayShow: () => Promise.resolve(true),
        mayDecode: () => true,
        translate: (text) => text,
      },
    );
    session.requests.ask = ({ id, sentence, swapImages, swapTest }) => {
      const answer = { prediction: true, probTrue: 0.81, milliseconds: 5 };
      return { id, sentence, swapImages, swapTest, answer, problem: null } satisfies Asked;
    };
    const messenger = new Messenger<FailuresContract>(panel, session);
  }
  const pictures = () =>
    expect
      .poll(() =>
        page().evaluate<number>(
          `[...document.querySelectorAll('.frame img')].filter((each) => each.naturalWidth > 0).length`,
        ),
      )
      .toBe(2);
  const shown = () => page().locator('.browser[aria-busy=false]').waitFor();

  beforeAll(async () => {
    run = join(scratchFolder('failures-page'), 'bright-otter-3');
    await syntheticRun(run, { predictions: 300, epochs: 4, predictedEpochs: 3 });
    panel = await PanelPage.open('failures', { width: 1400, height: 900 });
    startHost();
    await panel.load();
    await shown();
  });

  it('shows the answer next to the question, and announces it', async () => {
    await page().keyboard.press('a');
    await page().locator('.ask textarea').fill('There is a dog.');
    await page().keyboard.press('Control+Enter');
    const answer = page().locator('.ask-answer strong');
    await expect.poll(() => answer.textContent()).toBe('True');
    await expect
      .poll(() => page().locator('[role=status]').textContent())
      .toContain('answers True');
    const [field, line] = [await box('.ask textarea'), await box('.ask-answer')];
    expect(line.y - (field.y + field.height)).toBeLessThan(16);
    expect(line.y + line.height).toBeLessThan((await box('.keys-line')).y);
  });

  it.each(panelSizes)('does not scroll the document at $width×$height', async (size) => {
    expect(await panel.scrolled(size, '.detail')).toEqual({ x: 0, y: 0, top: 0 });
  });

  it('zooms the images, shows the factor, and resets with Escape', async () => {
    await page().setViewportSize({ width: 1400, height: 900 });
    await page().locator('.row').nth(1).click();
    await pictures();
    await page().keyboard.press('z');
    await expect.poll(() => page().locator('.zoom-factor').textContent()).toBe('3×');
    expect(await page().locator('.zoom-hint').textContent()).toContain('Esc');
    for (const seen of await page().evaluate<number[]>(colorsSeen)) expect(seen).toBeGreaterThan(1);
    await page().keyboard.press('Escape');
    await page().locator('.zoom-factor').waitFor({ state: 'detached' });
  });

  it('resets the zoom for the next example, unless the zoom is kept', async () => {
    const keep = page().getByRole('button', { name: 'Keep Zoom' });
    const selected = page().locator('.row[aria-selected=true]');
    await page().keyboard.press('z');
    await page().locator('.zoom-factor').waitFor();
    await page().keyboard.press('ArrowDown');
    await page().locator('.zoom-factor').waitFor({ state: 'detached' });
    await pictures();
    await page().keyboard.press('z');
    await keep.click();
    await selected.focus();
    await page().keyboard.press('ArrowDown');
    await expect.poll(() => selected.getAttribute('aria-posinset')).toBe('4');
    expect(await page().locator('.zoom-factor').textContent()).toBe('3×');
    await keep.click();
    await selected.focus();
    await page().keyboard.press('Escape');
    await page().locator('.zoom-factor').waitFor({ state: 'detached' });
  });

  it('shows the examples as a grid of pairs, with arrow key navigation', async () => {
    await page().locator('.row').first().click();
    await page().keyboard.press('g');
    await page().locator('.grid .grid-cell img.thumbnail').first().waitFor();
    const columns = Number(await page().locator('.grid').getAttribute('data-columns'));
    expect(columns).toBeGreaterThan(1);
    const selected = page().locator('.grid-cell[aria-selected=true]');
    const place = () => selected.getAttribute('aria-posinset');
    await selected.focus();
    await page().keyboard.press('ArrowDown');
    await expect.poll(place).toBe(String(1 + columns));
    await page().keyboard.press('ArrowRight');
    await expect.poll(place).toBe(String(2 + columns));
    await page().screenshot({ path: 'test/e2e/artifacts/failures-grid.png' });
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await page().keyboard.press('g');
    await page().locator('.grid').waitFor({ state: 'detached' });
    await expect
      .poll(() => page().locator('.row[aria-selected=true]').getAttribute('aria-posinset'))
      .toBe(String(2 + columns));
  });

  it('tags an example and the whole list, and saves the filter, with the keyboard', async () => {
    await page().locator('.row').first().click();
    // The example is rendered a frame after the click.
    await page().locator('.row[aria-selected=true][aria-posinset="1"]').waitFor();
    await page().keyboard.press('t');
    await page().keyboard.type('blurred');
    await page().keyboard.press('Enter');
    await page().locator('.tag', { hasText: 'blurred' }).waitFor();
    await page().keyboard.press('Escape');
    await page().keyboard.press('Shift+M');
    await page().locator('dialog.mark-all input').fill('hard');
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await page().keyboard.press('Enter');
    await page().locator('.notice', { hasText: 'examples were changed' }).waitFor();
    await page().locator('select[name=tag]').selectOption('blurred');
    await expect.poll(() => page().locator('.list').getAttribute('data-rows')).toBe('1');
    await page().getByRole('button', { name: 'Saved Filters' }).click();
    await page().locator('dialog.saved-filters input').fill('Blurred pairs');
    await page().keyboard.press('Enter');
    await page().locator('dialog.saved-filters li').waitFor();
    expect(await accessibilityProblems(page().mainFrame())).toEqual([]);
    await page().screenshot({ path: 'test/e2e/artifacts/failures-tags.png' });
    await page().keyboard.press('Escape');
    await page().locator('.filters').getByRole('button', { name: 'Reset' }).click();
    await page().keyboard.press('f');
    await page().getByRole('button', { name: 'Blurred pairs', exact: true }).click();
    await expect.poll(() => page().locator('.list').getAttribute('data-rows')).toBe('1');
    await page().locator('.filters').getByRole('button', { name: 'Reset' }).click();
  });

  it('neither shows nor exports examples that the filter excludes', async () => {
    const heading = () => page().locator('h1').textContent();
    await expect.poll(heading).toMatch(/^\d+ of 300 wrong/);
    await page().locator('input[type=search]').fill('circle');
    await expect.poll(heading).toMatch(/^\d+ shown of \d+ wrong, 300 in all/);
    await page().locator('input[type=search]').fill('no such words');
    await page().getByText('No examples match the filter.').waitFor();
    expect(await page().locator('.detail').count()).toBe(0);
    expect(await page().getByRole('button', { name: 'Export' }).isDisabled()).toBe(true);
    await page().getByRole('button', { name: 'Clear Other Filters' }).click();
    await page().locator('.row').first().waitFor();
    expect(await page().locator('select[name=show]').inputValue()).toBe('wrong');
    expect(await page().locator('input[type=search]').inputValue()).toBe('');
  });

  it('keeps example, question and answers after a window reload', async () => {
    await page().locator('.row').nth(3).click();
    // The example is rendered a frame after the click.
    await page().locator('.row[aria-selected=true][aria-posinset="4"]').waitFor();
    await page().locator('.ask textarea').focus();
    // Typed and sent within one frame.
    await page().evaluate(`{
      const field = document.querySelector('.ask textarea');
      field.value = 'There is a cat.';
      field.dispatchEvent(new Event('input', { bubbles: true }));
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    }`);
    await page().locator('.ask-answer strong').waitFor();
    expect(await page().locator('.asked').textContent()).toContain('There is a cat.');
    const identifier = await page().locator('.facts .as-text').textContent();
    await page().locator('.ask textarea').fill('There is a bear.');
    const saved = () => page().evaluate<string>('sessionStorage.getItem("state")');
    await expect.poll(saved).toContain('There is a bear.');
    const state = JSON.parse(await saved()) as PanelState;
    session.dispose();
    startHost({ ...state.set, identifier: state.identifier ?? '' });
    await panel.load();
    await shown();
    await expect.poll(() => page().locator('.facts .as-text').textContent()).toBe(identifier);
    expect(await page().locator('.ask textarea').inputValue()).toBe('There is a bear.');
    // Answers arrive in a separate message.
    await expect.poll(() => page().locator('.asked').textContent()).toContain('There is a cat.');
    expect(await page().locator('.ask-answer strong').textContent()).toBe('True');
    // A later question gets a new number.
    await page().locator('.ask textarea').press('Enter');
    await expect.poll(() => page().locator('.asked tbody tr').count()).toBe(3);
  });

  it('shows whole sentences in two lines at 700 pixels', async () => {
    await page().setViewportSize({ width: 700, height: 800 });
    const cut = `[...document.querySelectorAll('.row-sentence')]
      .filter((each) => each.scrollHeight > each.clientHeight)
      .map((each) => each.textContent)`;
    await expect.poll(() => page().evaluate(cut)).toEqual([]);
    expect((await box('.row-sentence >> nth=0')).width).toBeGreaterThan(130);
  });
});

/** Number of colors of the image in each frame, in a coarse raster. Requires images that a canvas may read. */
const colorsSeen = `Promise.all([...document.querySelectorAll('.frame')].map(async (frame) => {
  const shown = frame.querySelector('img');
  const image = new Image();
  image.crossOrigin = 'anonymous';
  image.src = shown.src;
  await image.decode();
  const [from, at] = [frame.getBoundingClientRect(), shown.getBoundingClientRect()];
  const canvas = Object.assign(document.createElement('canvas'), { width: from.width, height: from.height });
  const context = canvas.getContext('2d');
  const fit = Math.min(at.width / image.naturalWidth, at.height / image.naturalHeight);
  const [w, h] = [image.naturalWidth * fit, image.naturalHeight * fit];
  const [x, y] = [at.x - from.x + (at.width - w) / 2, at.y - from.y + (at.height - h) / 2];
  context.drawImage(image, x, y, w, h);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let i = 0; i < data.length; i += 400)
    colors.add([data[i] >> 6, data[i + 1] >> 6, data[i + 2] >> 6].join());
  return colors.size;
}))`;
