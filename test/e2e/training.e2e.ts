import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processStartTime } from '../../src/run/liveness';
import type { RunEvent, StartEvent } from '../../src/run/events';
import type { RunInfo } from '../../src/run/runInfo';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { syntheticRun } from './syntheticRun';

/** For one test, on a machine that does a lot else. */
const LONG = 900_000;
/** Trainers start slowly on a busy machine. */
const SLOW = { timeout: 540_000, interval: 500 };
const TRAIN_EXAMPLES = 1600;
const EVAL_EXAMPLES = 160;

const readRun = (folder: string): RunInfo | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunInfo;
  } catch {
    return undefined;
  }
};

function readEvents(folder: string): RunEvent[] {
  const text = readFileSync(join(folder, 'events.jsonl'), 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n'));
  return whole.split('\n').map((line) => JSON.parse(line) as RunEvent);
}

const lastStep = (folder: string): number =>
  Math.max(0, ...readEvents(folder).map((event) => (event.type === 'step' ? event.step : 0)));

/** Cuts the sample data set down to a size with which an epoch takes a second, and sets how many there are. */
function shrink(sample: string, epochs: number): void {
  const annotations = join(sample, 'annotation');
  for (const name of readdirSync(annotations)) {
    const file = join(annotations, name);
    const examples = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
    const keep = name.includes('train') ? TRAIN_EXAMPLES : EVAL_EXAMPLES;
    writeFileSync(file, JSON.stringify(examples.slice(0, keep), null, 1));
  }
  const file = join(sample, 'nlvr.yaml');
  const text = readFileSync(file, 'utf8')
    .replace(/^curriculum:.*$/m, 'curriculum: { epochs: 0 }')
    .replace(/^max_epoch:.*$/m, `max_epoch: ${epochs}`)
    .replace(/^log_every:.*$/m, 'log_every: 1');
  writeFileSync(file, text);
}

/** The training's entry in the status bar. */
const statusBar = (vscode: Workbench) =>
  vscode.page.locator('.statusbar-item[id*="nlvr.training"]');

describe('a training', () => {
  let vscode: Workbench;
  let workspace: string;
  let sample: string;
  let run: string;
  const startCommand = 'NLVR: Start NLVR Training';

  beforeAll(async () => {
    workspace = scratchFolder('training');
    sample = join(workspace, 'sample');
    run = join(sample, 'output', 'sample');
    vscode = await openWorkbench({ workspace });
  });
  afterAll(() => vscode.close());

  it('begins with a sample data set, made on this machine', { timeout: LONG }, async () => {
    await vscode.runCommand('NLVR: Create Sample Data Set');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining('The sample data set is in sample'));
    expect(existsSync(join(sample, 'nlvr.yaml'))).toBe(true);
    await vscode.page.locator('.tabs-container .tab.active', { hasText: 'nlvr.yaml' }).waitFor();
  });

  it('starts from the palette and shows itself at once', { timeout: LONG }, async () => {
    shrink(sample, 400);
    await vscode.runCommand(startCommand);
    await expect.poll(() => readRun(run)?.state, SLOW).toBe('running');
    await vscode.webviewFrame('dashboard', 60_000);
    await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
    await vscode.screenshot('training-running');
  });

  it('moves its curves while it runs', { timeout: LONG }, async () => {
    const frame = await vscode.webviewFrame('dashboard');
    const shown = async () => (await frame.locator('body').innerText()).replaceAll(',', '');
    const stepShown = async () => Number(/step\s+(\d+)/.exec(await shown())?.[1] ?? 0);
    await expect.poll(stepShown, SLOW).toBeGreaterThan(20);
    const before = await stepShown();
    await expect.poll(stepShown, SLOW).toBeGreaterThan(before + 20);
    expect(vscode.cspViolations).toEqual([]);
  });

  it('goes on while the window reloads, and nothing is lost', { timeout: LONG }, async () => {
    const before = readRun(run);
    const stepBefore = lastStep(run);
    await vscode.reloadWindow();
    const after = readRun(run);
    expect(after).toMatchObject({ state: 'running', pid: before?.pid, id: before?.id });
    await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
    await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan(stepBefore + 10);
    // Every step since the first is in the file, once.
    const steps = readEvents(run).flatMap((event) => (event.type === 'step' ? [event.step] : []));
    expect(steps).toEqual(steps.map((_, i) => i + 1));
    const frame = await vscode.webviewFrame('dashboard', 60_000);
    const name = before?.name ?? '';
    await expect.poll(() => frame.locator('body').innerText(), SLOW).toContain(name);
    await vscode.screenshot('training-after-reload');
  });

  it('stops after finishing its step, with everything saved', { timeout: LONG }, async () => {
    const pid = readRun(run)?.pid ?? 0;
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => readRun(run)?.state, SLOW).toBe('stopped');
    await expect.poll(() => processStartTime(pid), SLOW).toBeNull();
    expect(existsSync(join(run, 'checkpoint_last', 'trainer.json'))).toBe(true);
    await expect.poll(() => statusBar(vscode).count(), SLOW).toBe(0);
  });

  it('resumes in its own folder where it stopped', { timeout: LONG }, async () => {
    const stopped = readRun(run);
    await vscode.runCommand('NLVR: Resume');
    await expect.poll(() => readRun(run)?.state, SLOW).toBe('running');
    await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan((stopped?.step ?? 0) + 5);
    const resumed = readEvents(run).findLast(
      (event): event is StartEvent => event.type === 'start',
    );
    expect(resumed).toMatchObject({ resumed: true, step: stopped?.step });
    expect(readRun(run)?.id).toBe(stopped?.id);
  });

  it('is ended at once when asked a second time', { timeout: LONG }, async () => {
    const pid = readRun(run)?.pid ?? 0;
    // A trainer that cannot hear: it is suspended, as one deep in a long native call would be.
    process.kill(pid, 'SIGSTOP');
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => existsSync(join(run, 'stop.request')), SLOW).toBe(true);
    await expect.poll(() => statusBar(vscode).textContent(), SLOW).toContain('stopping');
    await vscode.runCommand('NLVR: Stop');
    await vscode.dialogButton('Stop at Once').click();
    await expect.poll(() => processStartTime(pid), SLOW).toBeNull();
    await expect.poll(() => readRun(run)?.state, SLOW).toBe('stopped');
  });

  it('ends by itself, in a new folder beside the first', { timeout: LONG }, async () => {
    const first = readFileSync(join(run, 'events.jsonl'), 'utf8');
    shrink(sample, 1);
    await vscode.runCommand(startCommand);
    await expect.poll(() => readRun(`${run}-2`)?.state, SLOW).toBe('finished');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining(`${readRun(`${run}-2`)?.name} finished: best`));
    expect(readFileSync(join(run, 'events.jsonl'), 'utf8')).toBe(first);
    await vscode.page.locator('.activitybar .action-label[aria-label^="NLVR"]').click();
    await vscode.screenshot('training-finished');
  });

  it('shows a trainer that was killed as failed, and why', { timeout: LONG }, async () => {
    shrink(sample, 400);
    await vscode.runCommand(startCommand);
    const third = `${run}-3`;
    await expect.poll(() => readRun(third)?.state, SLOW).toBe('running');
    process.kill(readRun(third)?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringMatching(/failed\. The trainer was killed\./));
    await vscode.screenshot('training-failed');
  });

  it('is not started when the configuration is wrong, which is shown', async () => {
    const file = join(sample, 'nlvr.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^seed:.*$/m, 'sede: 42'));
    await vscode.runCommand(startCommand);
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining('Training was not started'));
    expect(existsSync(`${run}-4`)).toBe(false);
    await vscode.screenshot('training-refused');
  });
});

describe('in Restricted Mode', () => {
  it('runs can be looked at, and nothing is run', async () => {
    const workspace = scratchFolder('restricted');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: images\n');
    await syntheticRun(join(workspace, 'output', 'done'), {
      steps: 50,
      epochs: 2,
      predictions: 20,
      images: 4,
      name: 'calm-fox-1',
    });
    const vscode = await openWorkbench({ workspace, trusted: false });
    await vscode.page.locator('.activitybar .action-label[aria-label^="NLVR"]').click();
    await vscode.page.locator('.monaco-list-row', { hasText: 'calm-fox-1' }).waitFor();
    const entries = await vscode.paletteEntries('NLVR');
    expect(entries).toContain('NLVR: Open Training Dashboard');
    for (const running of ['Start NLVR Training', 'Evaluate Checkpoint', 'Check Data Set'])
      expect(entries).not.toContain(`NLVR: ${running}`);
    await vscode.screenshot('restricted-mode');
    await vscode.runCommand('NLVR: Open Training Dashboard');
    await vscode.webviewFrame('dashboard');
    expect(readdirSync(join(workspace, 'output')).sort()).toEqual(['done', 'images']);
    await vscode.close();
  });
});
