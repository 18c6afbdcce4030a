/** Tests a PyTorch training started in a terminal, as described in the README's "Use it with your own trainer". */
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pytorch } from '../../scripts/pytorch.mjs';
import { generateSample } from '../../src/data/sample/generateSample';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedEnvironment } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { openDashboard, openFailures, rowsInList, showNlvrView, viewRow } from './panels';

const SLOW = { timeout: 120_000, interval: 250 };
/** Timeout beyond all waits of the test. */
const EPOCHS = 20_000;

describe('a training in PyTorch', () => {
  let vscode: Workbench;
  let workspace: string;
  let training: ChildProcess;
  let output = '';
  const run = (): string => join(workspace, 'output', 'mine');
  const step = (): number =>
    (JSON.parse(readFileSync(join(run(), 'run.json'), 'utf8')) as { step: number }).step;

  beforeAll(async () => {
    workspace = scratchFolder('own-trainer');
    await generateSample(join(workspace, 'shapes'), {
      sets: { train: 20, dev: 8, test1: 1, easy: 20 },
    });
    copyFileSync(resolve('examples/python/train_pytorch.py'), join(workspace, 'train_pytorch.py'));
    vscode = await openWorkbench({ workspace });
  });
  afterAll(async () => {
    training.kill('SIGKILL');
    await vscode.close();
  });

  it('gets its helper file from the palette', async () => {
    await vscode.runCommand('NLVR: Save nlvr_run.py…');
    await vscode.answerFileDialog(join(workspace, 'nlvr_run.py'));
    await vscode.page.locator('.tab.active', { hasText: 'nlvr_run.py' }).waitFor();
    expect(readFileSync(join(workspace, 'nlvr_run.py'), 'utf8')).toBe(
      readFileSync('examples/python/nlvr_run.py', 'utf8'),
    );
    const args = ['train_pytorch.py', 'shapes', 'output/mine', '--epochs', String(EPOCHS)];
    training = spawn(pytorch(), args, {
      cwd: workspace,
      env: markedEnvironment(inject('mark')),
    });
    for (const stream of [training.stdout, training.stderr])
      stream?.on('data', (text: Buffer) => (output += text.toString()));
  });

  it('is shown in the view and in the dashboard while it trains', async () => {
    await expect.poll(() => existsSync(join(run(), 'run.json')) || output, SLOW).toBe(true);
    await showNlvrView(vscode);
    await viewRow(vscode, 'mine').waitFor();
    const dashboard = await openDashboard(vscode);
    const header = dashboard.locator('.run-header');
    await expect.poll(() => header.textContent(), SLOW).toMatch(/running/);
    const shown = async (): Promise<number> =>
      Number(
        /step\D*([\d,]+)\//.exec((await header.textContent()) ?? '')?.[1]?.replace(',', '') ?? 0,
      );
    await expect.poll(shown, SLOW).toBeGreaterThan(0);
    const before = await shown();
    await expect.poll(shown, SLOW).toBeGreaterThan(before);
    await dashboard.locator('.plot canvas').nth(1).waitFor();
    await expect.poll(() => dashboard.locator('.watched img').count(), SLOW).toBeGreaterThan(3);
    await vscode.screenshot('own-trainer-dashboard');
  });

  it('shows its wrong answers in Failed Examples after each epoch', async () => {
    const failures = await openFailures(vscode);
    expect(await rowsInList(failures)).toBeGreaterThan(0);
    await expect.poll(() => failures.locator('.pair img').count(), SLOW).toBe(2);
    const epochs = (): Promise<number> => failures.locator('select[name=epoch] option').count();
    const known = await epochs();
    await expect.poll(epochs, SLOW).toBeGreaterThan(known);
    await vscode.screenshot('own-trainer-failures');
  });

  it('responds to Stop, and a second one that is killed is no longer shown as running', async () => {
    const dashboard = await openDashboard(vscode);
    await dashboard.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => training.exitCode, SLOW).toBe(0);
    const header = dashboard.locator('.run-header');
    await expect.poll(() => header.textContent(), SLOW).toMatch(/stopped/);
    expect(await dashboard.getByRole('button', { name: 'Resume' }).count()).toBe(0);

    const state = JSON.parse(readFileSync(join(run(), 'run.json'), 'utf8')) as object;
    const dead = { ...state, state: 'running', ended: null, pid: 2 ** 22 - 1, processStart: '1' };
    expect(step()).toBeGreaterThan(0);
    writeFileSync(join(run(), 'run.json'), JSON.stringify(dead));
    await expect.poll(() => header.textContent(), SLOW).toMatch(/failed/);
    await expect
      .poll(() => dashboard.locator('body').textContent(), SLOW)
      .toContain('The training process ended without an error message.');
    expect(vscode.cspViolations).toEqual([]);
  });
});
