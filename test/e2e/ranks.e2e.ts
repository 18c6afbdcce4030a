import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSample } from '../../src/data/sample/generateSample';
import type { RunEvent } from '../../src/run/events';
import { processStartTime } from '../../src/run/record/processStart';
import type { RunInfo } from '../../src/run/runInfo';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedProcesses } from './harness/processes';
import type { Theme, Workbench } from './harness/workbench';
import { openDashboard, openForm } from './panels';

const LONG = 600_000;
const SLOW = { timeout: 240_000, interval: 250 };

describe('a training with two ranks', () => {
  let vscode: Workbench;
  let sample: string;
  let run: string;

  const info = (): RunInfo | undefined => {
    try {
      return JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as RunInfo;
    } catch {
      return undefined;
    }
  };
  const state = (): string | undefined => info()?.state;
  const events = (): RunEvent[] => {
    const text = readFileSync(join(run, 'events.jsonl'), 'utf8');
    const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
    return lines.map((line) => JSON.parse(line) as RunEvent);
  };
  const lastStep = (): number => events().findLast((event) => event.type === 'step')?.step ?? 0;
  const trainers = (): number[] =>
    markedProcesses()
      .filter(({ mark, command }) => mark === vscode.server.options.mark && / train /.test(command))
      .map(({ pid }) => pid);
  const setKeys = (values: Record<string, string>): void => {
    const file = join(sample, 'nlvr.yaml');
    let text = readFileSync(file, 'utf8');
    for (const [key, value] of Object.entries(values))
      text = text.replace(new RegExp(`^${key}:.*$`, 'm'), `${key}: ${value}`);
    writeFileSync(file, text);
  };

  beforeAll(async () => {
    const workspace = scratchFolder('ranks');
    sample = join(workspace, 'sample');
    run = join(sample, 'output', 'sample');
    // 640 training examples and 64 of each evaluation split.
    await generateSample(sample, { sets: { train: 40, dev: 4, test1: 4, easy: 1 } });
    setKeys({ curriculum: '{ epochs: 0 }', log_every: '1', max_epoch: '400' });
    vscode = await openWorkbench({ workspace, settings: { 'nlvr.processesPerNode': 2 } });
  });
  afterAll(() => vscode.close());

  it('is planned in the form: effective batch and steps per epoch', { timeout: LONG }, async () => {
    await vscode.page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: 'sample' })
      .click();
    const frame = await openForm(vscode);
    const batch = Number(
      /^batch_size_train: *(\d+)/m.exec(readFileSync(join(sample, 'nlvr.yaml'), 'utf8'))?.[1],
    );
    const card = frame.locator('.card');
    await expect.poll(() => card.textContent(), SLOW).toContain(`${batch} × 2 × 1`);
    await expect.poll(() => card.textContent()).toContain(`Effective batch${2 * batch}`);
    await expect
      .poll(() => card.textContent())
      .toContain(`Steps per epoch${Math.floor(640 / (2 * batch))}`);
    await vscode.screenshot('ranks-form');
  });

  it(
    'starts from the editor and shows its ranks and their step times',
    { timeout: LONG },
    async () => {
      await vscode.runCommand('NLVR: Start NLVR Training');
      await expect.poll(state, SLOW).toBe('running');
      await expect.poll(lastStep, SLOW).toBeGreaterThan(5);
      expect(info()?.ranks?.map(({ rank, host }) => [rank, host])).toEqual([
        [0, hostname()],
        [1, hostname()],
      ]);
      const frame = await vscode.webviewFrame('dashboard', 60_000);
      const button = frame.getByRole('button', { name: '2 Ranks' });
      await button.waitFor();
      await button.press('Enter');
      const dialog = frame.getByRole('dialog', { name: 'Ranks' });
      await dialog.waitFor();
      await expect
        .poll(() => dialog.locator('tbody tr').nth(1).textContent())
        .toMatch(new RegExp(`^1${hostname()}${info()?.ranks?.[1].pid}1running\\d`));
      for (const theme of ['light', 'hc', 'dark'] as Theme[]) {
        await vscode.setTheme(theme);
        expect(await accessibilityProblems(frame)).toEqual([]);
        await vscode.screenshot(`ranks-table-${theme}`);
      }
      await vscode.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      await frame.locator('.folded-button').click();
      const chart = frame.locator('.chart-card', { hasText: 'Step time of each rank' });
      await expect.poll(() => chart.locator('.legend').textContent()).toMatch(/rank 0.*rank 1/);
      await chart.scrollIntoViewIfNeeded();
      for (const theme of ['light', 'hc', 'dark'] as Theme[]) {
        await vscode.setTheme(theme);
        expect(await accessibilityProblems(frame)).toEqual([]);
        await vscode.screenshot(`ranks-chart-${theme}`);
      }
    },
  );

  it('ends when a rank is killed, and shows which one and where', { timeout: LONG }, async () => {
    await expect.poll(() => existsSync(join(run, 'checkpoint_last')), SLOW).toBe(true);
    const pid = info()?.ranks?.[1].pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const killedRankMessage = new RegExp(`Rank 1 \\(process ${pid} on ${hostname()}\\)`);
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringMatching(killedRankMessage));
    await expect.poll(state, SLOW).toBe('failed');
    await expect.poll(trainers, SLOW).toEqual([]);
    const frame = await vscode.webviewFrame('dashboard', 60_000);
    await frame.locator('.note', { hasText: killedRankMessage }).waitFor();
    await frame.getByRole('button', { name: '2 Ranks' }).click();
    const rows = frame.getByRole('dialog', { name: 'Ranks' }).locator('tbody tr');
    await expect.poll(() => rows.nth(1).textContent()).toContain('failed');
    await expect.poll(() => rows.nth(0).textContent()).toContain('ended');
    await vscode.screenshot('ranks-killed');
    await vscode.press('Escape');
  });

  it(
    'resumes from the editor; when stopped immediately, every rank ends',
    { timeout: LONG },
    async () => {
      const before = info()?.pid;
      await vscode.runCommand('NLVR: Resume');
      await expect.poll(() => state() === 'running' && info()?.pid !== before, SLOW).toBe(true);
      const pids = trainers();
      expect(pids.length).toBeGreaterThanOrEqual(3);
      // A suspended rank, for which the whole job waits.
      process.kill(info()?.pid ?? 0, 'SIGSTOP');
      await openDashboard(vscode);
      await vscode.runCommand('NLVR: Stop');
      await expect.poll(() => existsSync(join(run, 'stop.request')), SLOW).toBe(true);
      await vscode.runCommand('NLVR: Stop');
      await vscode.dialogButton('Stop Immediately').click();
      await expect
        .poll(() => pids.filter((pid) => processStartTime(pid) !== null), SLOW)
        .toEqual([]);
      await expect.poll(state, SLOW).toBe('stopped');
    },
  );

  it('resumes once more with both ranks, and finishes', { timeout: LONG }, async () => {
    setKeys({ max_epoch: String((info()?.epoch ?? 0) + 2) });
    await vscode.runCommand('NLVR: Resume');
    await vscode.dialogButton('Resume with Changes').click();
    await expect.poll(state, SLOW).toBe('finished');
    const steps = events().filter((event) => event.type === 'step');
    expect(steps.at(-1)?.rankSeconds).toHaveLength(2);
    const starts = events().filter((event) => event.type === 'start');
    // The attempt that was stopped immediately may not have written its start event.
    expect(starts.length).toBeGreaterThanOrEqual(2);
    expect(starts.every(({ ranks }) => ranks?.length === 2)).toBe(true);
    await expect.poll(trainers, SLOW).toEqual([]);
  });
});
