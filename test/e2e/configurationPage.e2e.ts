import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormSession } from '../../src/extension/configuration/formSession';
import { TrainingPlanBuilder } from '../../src/extension/configuration/trainingPlan';
import { lookUp } from '../../src/extension/configuration/lookup';
import { scratchFolder } from './harness/open';
import { PanelPage, panelSizes } from './harness/panelPage';

const translate = (text: string, ...values: (string | number | boolean)[]) =>
  text.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)]));

describe('the page of the configuration form', () => {
  let panel: PanelPage;
  let text = 'init_lr: 3e-5\n';
  let version = 1;
  let session: FormSession;
  const page = () => panel.page;
  const write = (now: string) => {
    text = now;
    version++;
    session.changed();
  };

  beforeAll(async () => {
    const folder = scratchFolder('form-page');
    panel = await PanelPage.open('config', { width: 1400, height: 900 });
    session = new FormSession(
      panel,
      {
        fileName: 'nlvr.yaml',
        folder: join(folder),
        text: () => text,
        version: () => version,
        apply: () => Promise.resolve(false),
        browse: () => Promise.resolve(undefined),
        openText: () => undefined,
        log: () => undefined,
      },
      new TrainingPlanBuilder(translate),
      lookUp,
      translate,
    );
    await panel.load();
  });

  const fields = () => page().locator('#field-init_lr').waitFor();
  const states: [string, () => Promise<unknown>][] = [
    ['a sound file', fields],
    [
      'many problems',
      async () => {
        write(
          `init_lr: abc\nmax_epoch: -1\nvit: { width: x }\n${Array.from({ length: 30 }, (_, i) => `unknown_${i}: ${'long '.repeat(30)}\n`).join('')}`,
        );
        await page().locator('.problem.error').first().waitFor();
      },
    ],
    [
      'the list of keys',
      async () => {
        await page().locator('h1').click();
        await page().keyboard.press('?');
        await page().getByRole('dialog', { name: 'Keys' }).waitFor();
      },
    ],
    [
      'a search without a match',
      async () => {
        await page().keyboard.press('Escape');
        await page().locator('input[type=search]').fill('zebra');
        await page().getByText('No matching keys').waitFor();
      },
    ],
    [
      'a file that is no YAML',
      async () => {
        write('init_lr: [\n');
        await page().locator('#field-init_lr').waitFor({ state: 'detached' });
      },
    ],
    [
      'a host that does not answer',
      async () => {
        session.dispose();
        await panel.load();
        await page().getByText('Reading the file').waitFor();
      },
    ],
  ];

  it.each(states)('does not scroll the document: %s', async (_, reach) => {
    await page().setViewportSize({ width: 1400, height: 900 });
    await reach();
    for (const size of panelSizes)
      expect(await panel.scrolled(size), `${size.width}×${size.height}`).toEqual({
        x: 0,
        y: 0,
        top: 0,
      });
  });
});
