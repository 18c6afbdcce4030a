import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { makeReport } from '../../src/analysis/report/page';
import { accessibilityProblems } from './harness/axe';
import { scratchFolder, theBrowser } from './harness/open';

const demo = (name: string): string => resolve('media', 'demo', 'runs', name);

it('a report loads and executes nothing, is accessible and fits the window, in light and dark', async () => {
  const file = join(scratchFolder('report'), 'report.html');
  const page = await makeReport(
    {
      run: demo('demo'),
      compareWith: demo('demo-lower-lr'),
      split: 'val',
      epoch: 'best',
      userSlices: [],
      worst: 12,
    },
    { language: 'en', version: '0', created: new Date(0) },
  );
  writeFileSync(file, page);
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await (await theBrowser()).newContext({ colorScheme });
    const shown = await context.newPage();
    const consoleMessages: string[] = [];
    const requests: string[] = [];
    shown.on('console', (message) => consoleMessages.push(message.text()));
    shown.on('request', (request) => requests.push(request.url()));
    await shown.goto(pathToFileURL(file).href);
    expect(await shown.locator('.examples img').count()).toBe(24);
    expect(await shown.evaluate('document.scripts.length')).toBe(0);
    // An image that cannot be decoded has no width.
    expect(
      await shown.evaluate('[...document.images].every((each) => each.naturalWidth > 0)'),
    ).toBe(true);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
    expect(consoleMessages).toEqual([]);
    expect(await accessibilityProblems(shown.mainFrame())).toEqual([]);
    for (const width of [1200, 320]) {
      await shown.setViewportSize({ width, height: 800 });
      const scrolled = await shown.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(scrolled, `${colorScheme}, ${width}`).toBe(0);
    }
    await context.close();
  }
});
