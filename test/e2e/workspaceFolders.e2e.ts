import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { showNlvrView, viewRow as row } from './panels';
import { syntheticRun } from './syntheticRun';
import { prepareTiny } from './tinyWorkspace';

const SMALL = { steps: 100, epochs: 2, predictions: 30, images: 6 };

/**
 * Creates a workspace folder: a configuration with its data, runs that only the folder's setting finds, and its own
 * Node.js, which records its environment and arguments.
 */
async function prepareFolder(folder: string, run: string, processesPerNode: number): Promise<void> {
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  await prepareTiny(folder);
  const node = join(folder, '..', 'node');
  const calls = `echo "$NLVR_E2E_FOLDER $*" >> '${callsOf(folder)}'`;
  writeFileSync(node, `#!/bin/sh\n${calls}\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  const settings = {
    'nlvr.runFolders': ['../runs of it'],
    'nlvr.nodePath': node,
    'nlvr.environment': { NLVR_E2E_FOLDER: basename(folder) },
    'nlvr.processesPerNode': processesPerNode,
  };
  writeFileSync(join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
  await syntheticRun(join(folder, '..', 'runs of it', run), { ...SMALL, name: run });
}

const callsOf = (folder: string) => join(folder, '..', 'calls.txt');

/** The recorded calls of the trainer in a folder, with the variable of the folder's setting. */
const callsIn = (folder: string): string[] =>
  existsSync(callsOf(folder))
    ? readFileSync(callsOf(folder), 'utf8')
        .split('\n')
        .filter((line) => line.includes('cli.js'))
        .map((line) => line.replace(/ \S*cli\.js/, ''))
    : [];

describe('a workspace of two folders', () => {
  let vscode: Workbench;
  let alpha: string;
  let beta: string;
  const trained = () => join(alpha, 'output', 'quick-owl-1');
  const infoOf = (run: string) =>
    JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { name: string; state: string };

  beforeAll(async () => {
    const parent = scratchFolder('folders');
    [alpha, beta] = [join(parent, 'a', 'alpha'), join(parent, 'b', 'beta')];
    await prepareFolder(alpha, 'calm-fox-1', 1);
    await prepareFolder(beta, 'merry-owl-7', 2);
    const workspace = join(parent, 'both.code-workspace');
    writeFileSync(workspace, JSON.stringify({ folders: [{ path: alpha }, { path: beta }] }));
    vscode = await openWorkbench({ workspace });
    await showNlvrView(vscode);
  });
  afterAll(() => vscode.close());

  it('shows the runs that the settings of each folder specify, and the data sets of both', async () => {
    for (const name of ['calm-fox-1', 'merry-owl-7', 'alpha/nlvr.yaml', 'beta/nlvr.yaml'])
      await row(vscode, name).waitFor();
    await vscode.screenshot('folders-views');
  });

  it('checks the data of the picked folder', async () => {
    await vscode.runAndPick('NLVR: Check Data Set', 'beta/nlvr.yaml');
    await expect
      .poll(() => vscode.notifications(), { timeout: 60_000 })
      .toContainEqual(expect.stringContaining('train 32, val 32'));
    await row(vscode, 'beta/nlvr.yaml').locator('.monaco-tl-twistie').click();
    await row(vscode, 'checked').getByText('1 warning').waitFor();
    expect(callsIn(beta)).toContainEqual(expect.stringMatching(/^beta check /));
    expect(callsIn(alpha)).toEqual([]);
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  it('trains in the picked folder, whatever the other contains', async () => {
    await vscode.runAndPick('NLVR: Start NLVR Training', 'alpha/nlvr.yaml');
    const state = () => existsSync(join(trained(), 'run.json')) && infoOf(trained()).state;
    await expect.poll(state, { timeout: 120_000 }).toBe('finished');
    expect(existsSync(join(beta, 'output'))).toBe(false);
    const calls = callsIn(alpha).filter((call) => call.startsWith('alpha train '));
    expect(calls).toHaveLength(1);
    // Two processes are set in the other folder.
    expect(calls[0]).not.toContain('nproc_per_node');
    expect(callsIn(beta).join()).not.toContain('train');
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  describe('with the keyboard alone', () => {
    const active = (frame: Frame) =>
      frame.evaluate<string>(
        'document.activeElement.id || document.activeElement.className || document.activeElement.tagName',
      );
    const press = (...keys: string[]) => vscode.press(...keys);
    const type = (text: string) => vscode.page.keyboard.type(text);

    /** Types into the open quick pick, and picks the only entry. */
    async function pickByKeys(text: string): Promise<void> {
      await vscode.page.waitForFunction(`(() => {
        const input = document.querySelector('.quick-input-widget input.input');
        return input !== null && input.offsetParent !== null && !input.value.startsWith('>');
      })()`);
      await type(text);
      await vscode.page
        .locator('.quick-input-list .monaco-list-row.focused', { hasText: text })
        .waitFor();
      await press('Enter');
    }

    it('opens from the dashboard an example, a question, and a file', async () => {
      await vscode.runCommandByKeys('View: Close All Editors');
      await vscode.runCommandByKeys('NLVR: Open Training Dashboard');
      const { name } = infoOf(trained());
      await pickByKeys(name);
      const dashboard = await vscode.webviewFrame('dashboard', 60_000, name);
      await dashboard.locator('.plot canvas').first().waitFor();
      await vscode.runCommandByKeys('NLVR: Inspect Failed Examples');
      const frame = await vscode.webviewFrame('failures', 60_000);
      await frame.locator('.browser[aria-busy=false] .row').first().waitFor();
      await press('/');
      await expect.poll(() => active(frame)).toMatch(/INPUT|search/);
      await type('left');
      await press('Escape', 'End');
      const last = frame.locator('.row[aria-selected=true]');
      await expect
        .poll(async () => [
          await last.getAttribute('aria-posinset'),
          await last.getAttribute('aria-setsize'),
        ])
        .toSatisfy(([at, size]: (string | null)[]) => at === size);
      await press('a');
      await expect.poll(() => active(frame)).toMatch(/TEXTAREA|sentence/i);
      await press('Enter');
      const answer = frame.locator('.asked tbody tr').nth(1).locator('td').first();
      await expect.poll(() => answer.textContent(), { timeout: 60_000 }).toMatch(/True|False/);
      await press('Escape', 'e');
      await frame.locator('dialog.export[open]').waitFor();
      await press('Enter');
      const target = join(alpha, 'by-keys.csv');
      await vscode.answerFileDialog(target);
      await expect.poll(() => existsSync(target)).toBe(true);
    });

    it('changes a key in the form and saves it', async () => {
      await vscode.runCommandByKeys('NLVR: Open Configuration Form');
      const frame = await vscode.webviewFrame('config', 60_000);
      await frame.locator('#field-max_epoch').waitFor();
      await press('Control+f');
      await expect.poll(() => active(frame)).toMatch(/INPUT|search/);
      await type('max_epoch');
      await expect.poll(() => frame.locator('.field').count()).toBe(1);
      for (let i = 0; i < 10 && (await active(frame)) !== 'field-max_epoch'; i++)
        await press('Tab');
      expect(await active(frame)).toBe('field-max_epoch');
      await press('Control+a');
      await type('2');
      await press('Tab', 'Control+s');
      await expect
        .poll(() => readFileSync(join(alpha, 'nlvr.yaml'), 'utf8'))
        .toContain('max_epoch: 2');
    });
  });
});

/** A bundle of texts: English to Chinese, or keys of the manifest to Chinese. */
const bundle = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;

it('is Chinese where VS Code is, in its views, panels and commands', async () => {
  const chinese = bundle('l10n/bundle.l10n.zh-cn.json');
  const titles = bundle('package.nls.zh-cn.json');
  const workspace = scratchFolder('chinese');
  writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
  await syntheticRun(join(workspace, 'output', 'calm-fox-1'), { ...SMALL, name: 'calm-fox-1' });
  const size = { width: 700, height: 800 };
  const vscode = await openWorkbench({ workspace, size, language: 'zh-cn' });
  await showNlvrView(vscode);
  await expect.poll(() => row(vscode, 'calm-fox-1').textContent()).toContain(chinese.finished);
  for (const [command, panel, ready] of [
    ['inspectFailedExamples', 'failures', '.browser[aria-busy=false] .row'],
    ['openDashboard', 'dashboard', '.plot canvas'],
    ['openForm', 'config', '#field-init_lr'],
  ] as const) {
    await vscode.runCommand(`NLVR: ${titles[`command.${command}`]}`);
    const frame = await vscode.webviewFrame(panel, 60_000);
    await frame.locator(ready).first().waitFor();
    expect(await frame.locator('html').getAttribute('lang')).toBe('zh-cn');
    // Everything with a translation is translated, and nothing is wider than the panel.
    const texts = (await frame.locator('body').innerText()).split(/\n|\t/);
    // Keys of the configuration are not translated.
    const keys = await frame.locator('code').allInnerTexts();
    const left = texts.filter((text) => !keys.includes(text) && (chinese[text] ?? text) !== text);
    expect(left).toEqual([]);
    const beyond = 'document.documentElement.scrollWidth - innerWidth';
    expect(await frame.evaluate<number>(beyond)).toBe(0);
    await vscode.screenshot(`chinese-${panel}`);
  }
  await vscode.close();
});
