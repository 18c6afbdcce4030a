import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedProcesses } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { openDashboard, openFailures, openForm, showNlvrView, viewRow } from './panels';
import { syntheticRun } from './syntheticRun';

const configuration = `image_root: output/images
ann_root: .
max_epoch: 8 # enough
`;

/**
 * Creates an untrusted folder: a run with a checkpoint, a configuration, and settings that specify a program of the folder
 * as Node.js, which writes a file when it is executed.
 */
async function hostileWorkspace(): Promise<{ workspace: string; trace: string }> {
  const workspace = scratchFolder('restricted');
  const trace = join(workspace, 'was-run');
  writeFileSync(join(workspace, 'nlvr.yaml'), configuration);
  const run = join(workspace, 'output', 'done');
  await syntheticRun(run, {
    steps: 50,
    epochs: 2,
    predictions: 40,
    images: 4,
    name: 'calm-fox-1',
  });
  writeFileSync(join(run, 'checkpoint_best.safetensors'), 'not looked at');
  const node = join(workspace, 'node');
  writeFileSync(node, `#!/bin/sh\ntouch '${trace}'\n`);
  chmodSync(node, 0o755);
  mkdirSync(join(workspace, '.vscode'));
  const settings = { 'nlvr.nodePath': node, 'nlvr.tensorflowPath': workspace };
  writeFileSync(join(workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
  return { workspace, trace };
}

/** Whether the extension starts such processes: trainer, check, prediction, runtime, pip, a Node.js version check. */
const isOurs = (command: string, workspace: string): boolean =>
  /dist\/cli\.js|\bpython|\bpip\b|\bnode\S* (--version|-[ep])\b/.test(command) ||
  command.startsWith(join(workspace, 'node'));

describe('in Restricted Mode', () => {
  let vscode: Workbench;
  let workspace: string;
  let trace: string;
  let watching = true;
  let watch: Promise<void>;
  /** Command lines of the processes that started during the tests. */
  const commands = new Set<string>();

  beforeAll(async () => {
    ({ workspace, trace } = await hostileWorkspace());
    vscode = await openWorkbench({ workspace, trusted: false });
    watch = (async () => {
      for (; watching; await sleep(50))
        for (const { mark, command } of markedProcesses())
          if (mark === vscode.server.options.mark) commands.add(command);
    })();
  });
  afterAll(async () => {
    watching = false;
    await watch;
  });

  it('runs can be viewed, and commands that execute something are not offered', async () => {
    await showNlvrView(vscode);
    await viewRow(vscode, 'calm-fox-1').waitFor();
    await vscode.waitForCommand('NLVR: Open Training Dashboard');
    for (const command of [
      'Start NLVR Training',
      'Resume',
      'Evaluate Checkpoint',
      'Check Data Set',
      'Create Sample Data Set',
      'Set Up TensorFlow Runtime',
      'Open Terminal with nlvr',
    ])
      expect(await vscode.offersCommand(`NLVR: ${command}`), command).toBe(false);
    await vscode.screenshot('restricted-mode');
    const frame = await openDashboard(vscode);
    await frame.locator('.plot canvas').first().waitFor();
  });

  it('failed examples can be viewed, and the model is not asked', async () => {
    const frame: Frame = await openFailures(vscode);
    await expect
      .poll(() => frame.locator('.ask').textContent())
      .toContain('requires a trusted workspace');
    await expect.poll(() => frame.locator('.ask textarea').count()).toBe(0);
    await vscode.press('a');
    await frame.locator('.ask button').click();
    const trust = vscode.page.getByText('You are in Restricted Mode');
    await trust.waitFor();
    // A dialog in the current VS Code, a tab in the oldest.
    await vscode.press('Escape');
    await trust.waitFor({ state: 'detached' });
  });

  it('runs can be viewed and marked in the runs table, and nothing is queued', async () => {
    await vscode.runCommand('NLVR: Open Runs Table');
    const frame = await vscode.webviewFrame('runs');
    const run = frame.locator('.run', { hasText: 'calm-fox-1' });
    await run.click();
    await vscode.press('s');
    await expect.poll(() => run.textContent()).toContain('★');
    const button = (name: string) => frame.getByRole('button', { name, exact: true });
    expect(await button('Evaluate…').isDisabled()).toBe(true);
    await vscode.press('n');
    await frame.getByText('Nothing can be queued').waitFor();
    await expect.poll(() => button('Open as New Configuration').isEnabled()).toBe(true);
    expect(await button('Queue Run').isDisabled()).toBe(true);
    await button('Cancel').click();
  });

  it('the demo is shown with its images, can be marked, exported as a report, and removed', async () => {
    await vscode.runCommand('NLVR: Open Demo Run');
    const dashboard = await vscode.webviewFrame('dashboard', 60_000, 'demo');
    await dashboard.locator('.plot canvas').nth(1).waitFor();
    await expect.poll(() => dashboard.locator('.watched img').count()).toBeGreaterThan(4);
    await vscode.screenshot('demo-dashboard');
    const offer = vscode.page.locator('.notification-list-item', { hasText: 'sample data set' });
    await offer.getByRole('button', { name: 'Inspect Failed Examples' }).click();
    const failures = await vscode.webviewFrame('failures', 60_000, 'of 320');
    await failures.locator('.row').first().waitFor();
    const decoded = `[...document.querySelectorAll('.frame img')].filter((each) => each.naturalWidth > 0).length`;
    await expect.poll(() => failures.evaluate<number>(decoded)).toBe(2);
    await failures.locator('.row').first().click();
    await vscode.press('m');
    const home = join(
      vscode.server.options.userData,
      'User/globalStorage/nlvr-workbench.nlvr-workbench/demo',
    );
    await expect.poll(() => existsSync(join(home, 'runs/demo/notes.json'))).toBe(true);
    await vscode.screenshot('demo-failures');

    const file = join(workspace, 'demo.html');
    await vscode.runAndPick('NLVR: Create Report…', /epoch 11/, 'demo-lower-lr');
    await vscode.answerFileDialog(file);
    await expect.poll(() => existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toMatch(/<h1>demo<[^]*id="comparison"/);

    await vscode.runCommand('NLVR: Remove Demo Run');
    await vscode.dialogButton('Remove').click();
    await showNlvrView(vscode);
    await viewRow(vscode, 'demo').waitFor({ state: 'detached' });
    await viewRow(vscode, 'calm-fox-1').waitFor();
    await expect.poll(() => existsSync(home)).toBe(false);
  });

  it('without a folder, the empty view offers the demo', async () => {
    const file = join(scratchFolder('nothing'), 'nothing.code-workspace');
    writeFileSync(file, '{ "folders": [] }');
    const empty = await openWorkbench({ workspace: file, trusted: false });
    await showNlvrView(empty);
    await empty.page.locator('.pane-body').getByText('Open Demo Run').first().click();
    await viewRow(empty, 'demo-lower-lr').waitFor();
    const dashboard = await empty.webviewFrame('dashboard', 60_000, 'demo');
    await dashboard.locator('.plot canvas').first().waitFor();
    await empty.screenshot('demo-without-folder');
    expect(empty.cspViolations).toEqual([]);
    await empty.close();
  });

  it('the configuration can be edited', async () => {
    await vscode.runCommand('View: Show Explorer');
    const form = await openForm(vscode);
    await form.locator('#field-max_epoch').fill('3');
    await form.locator('#field-max_epoch').press('Enter');
    await vscode.page.keyboard.press('Control+s');
    await expect
      .poll(() => readFileSync(join(workspace, 'nlvr.yaml'), 'utf8'))
      .toContain('max_epoch: 3 # enough');
  });

  it('nothing was executed', () => {
    // The observation works: it found the extension host.
    expect([...commands].filter((command) => command.includes('extensionHost'))).not.toEqual([]);
    expect([...commands].filter((command) => isOurs(command, workspace))).toEqual([]);
    expect(existsSync(trace)).toBe(false);
    expect(readdirSync(join(workspace, 'output')).sort()).toEqual(['done', 'images']);
    expect(vscode.cspViolations).toEqual([]);
  });
});
