import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RunEvent, StartEvent } from '../../src/run/events';
import { processStartTime } from '../../src/run/record/processStart';
import type { RunInfo } from '../../src/run/runInfo';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedEnvironment, markedProcesses } from './harness/processes';
import type { Workbench } from './harness/workbench';
import {
  openDashboard,
  openFailures,
  rowsInList,
  showNlvrView,
  statusBarEntry as statusBar,
  viewRow,
} from './panels';

/** Timeout of one test on a busy machine. */
const LONG = 900_000;
/** Trainers start slowly on a busy machine. */
const SLOW = { timeout: 240_000, interval: 250 };
const TRAIN_EXAMPLES = 1600;
const EVAL_EXAMPLES = 160;
/** Beyond all waits of the tests. */
const MANY_EPOCHS = 400;
const startCommand = 'NLVR: Start NLVR Training';

const readRun = (folder: string): RunInfo | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunInfo;
  } catch {
    return undefined;
  }
};
const stateOf = (folder: string) => (): RunInfo['state'] | undefined => readRun(folder)?.state;

function readEvents(folder: string): RunEvent[] {
  const text = readFileSync(join(folder, 'events.jsonl'), 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n'));
  return whole.split('\n').map((line) => JSON.parse(line) as RunEvent);
}

const stepsOf = (folder: string): number[] =>
  readEvents(folder).flatMap((event) => (event.type === 'step' ? [event.step] : []));
const lastStep = (folder: string): number => Math.max(0, ...stepsOf(folder));
/** 1 to `count`, each once. */
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Reduces the sample data set so that an epoch takes a second. */
function shrink(sample: string): void {
  const annotations = join(sample, 'annotation');
  for (const name of readdirSync(annotations)) {
    const file = join(annotations, name);
    const examples = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
    const keep = name.includes('train') ? TRAIN_EXAMPLES : EVAL_EXAMPLES;
    writeFileSync(file, JSON.stringify(examples.slice(0, keep), null, 1));
  }
  setKeys(sample, { curriculum: '{ epochs: 0 }', log_every: '1', max_epoch: `${MANY_EPOCHS}` });
}

/** Sets keys of the sample's configuration file. */
function setKeys(sample: string, values: Record<string, string>): void {
  const file = join(sample, 'nlvr.yaml');
  let text = readFileSync(file, 'utf8');
  for (const [key, value] of Object.entries(values)) {
    const line = new RegExp(`^${key}:.*$`, 'm');
    if (!line.test(text)) throw new Error(`the sample has no key ${key}`);
    text = text.replace(line, `${key}: ${value}`);
  }
  writeFileSync(file, text);
}

/** Runs the trainer as in a terminal. */
function inTerminal(cwd: string, ...args: string[]): Promise<{ code: unknown; stderr: string }> {
  const options = { cwd, env: markedEnvironment(`${inject('mark')}.terminal`) };
  return new Promise((done) => {
    execFile(process.execPath, [resolve('dist/cli.js'), ...args], options, (error, _, stderr) =>
      done({ code: error?.code ?? 0, stderr }),
    );
  });
}

/** The steps of the loss chart, from its "Copy as CSV". */
async function copiedSteps(vscode: Workbench, frame: Frame): Promise<number[]> {
  const loss = frame.locator('.chart-card').first();
  await vscode.page.evaluate(`navigator.clipboard.writeText('')`);
  await loss.getByRole('button', { name: 'Copy as CSV' }).click();
  await expect.poll(() => vscode.clipboard()).toMatch(/^step,/);
  const [, ...rows] = (await vscode.clipboard()).trimEnd().split('\r\n');
  return rows.map((row) => Number.parseInt(row, 10));
}

/** Checks that the dashboard shows the run with every step from the first. */
async function expectNothingMissing(vscode: Workbench, run: string): Promise<void> {
  const frame = await vscode.webviewFrame('dashboard', 120_000);
  const reached = lastStep(run);
  await expect
    .poll(async () => (await copiedSteps(vscode, frame)).at(-1) ?? 0, SLOW)
    .toBeGreaterThan(reached);
  const steps = await copiedSteps(vscode, frame);
  expect(steps).toEqual(upTo(steps.length));
}

/** Closes all editors, including unsaved ones. */
async function closeEditors(vscode: Workbench): Promise<void> {
  await vscode.runCommand('View: Close All Editors');
  await vscode.page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
}

describe('from the sample data set to its failed examples', () => {
  let vscode: Workbench;
  let sample: string;
  let run: string;
  let second: string;

  beforeAll(async () => {
    const workspace = scratchFolder('training');
    sample = join(workspace, 'sample');
    run = join(sample, 'output', 'sample');
    second = `${run}-2`;
    vscode = await openWorkbench({ workspace });
  });
  afterAll(() => vscode.close());

  it('the sample data set is created on this machine', { timeout: LONG }, async () => {
    await vscode.runAndPick('NLVR: Create Sample Data Set', 'sample');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining('The sample data set is in sample'));
    expect(existsSync(join(sample, 'nlvr.yaml'))).toBe(true);
    await vscode.page.locator('.tabs-container .tab.active', { hasText: 'nlvr.yaml' }).waitFor();
    shrink(sample);
  });

  it('errors in the data prevent the start and are shown at their lines', async () => {
    await closeEditors(vscode);
    const file = join(sample, 'annotation', 'nlvr_dev.json');
    const good = readFileSync(file, 'utf8');
    const examples = JSON.parse(good) as { images: string[] }[];
    examples[1].images[0] = 'no-such-picture.png';
    const bad = JSON.stringify(examples, null, 1);
    writeFileSync(file, bad);
    const line = 1 + bad.split('\n').findIndex((text) => text.includes('no-such-picture.png'));
    // The configuration is not open, but the only one of the workspace.
    await vscode.runCommand(startCommand);
    await vscode.notificationButton('Show Problems').click();
    const problem = vscode.page
      .locator('.markers-panel .monaco-list-row')
      .filter({ hasText: 'no-such-picture.png' });
    await problem.waitFor();
    const shownAt = Number(/\[Ln (\d+), Col 1\]/.exec((await problem.textContent()) ?? '')?.[1]);
    // The line of the example, a few lines above its image.
    expect(shownAt).toBeLessThanOrEqual(line);
    expect(shownAt).toBeGreaterThan(line - 10);
    await vscode.page
      .locator('.markers-panel .monaco-list-row', { hasText: 'nlvr_dev.json' })
      .waitFor();
    await vscode.screenshot('training-data-problems');
    await problem.dblclick();
    await vscode.page.locator('.tab.active', { hasText: 'nlvr_dev.json' }).waitFor();
    await vscode.page
      .locator('.statusbar [id="status.editor.selection"]', { hasText: `Ln ${shownAt},` })
      .waitFor();
    expect(existsSync(run)).toBe(false);
    writeFileSync(file, good);
    await vscode.runCommand('View: Hide Panel');
    await closeEditors(vscode);
  });

  it(
    'training starts from the palette, saves unsaved documents and is shown immediately',
    {
      timeout: LONG,
    },
    async () => {
      const file = join(sample, 'nlvr.yaml');
      await vscode.openFile('nlvr.yaml');
      await vscode.page.locator('.monaco-editor .view-line', { hasText: 'image_root' }).waitFor();
      await vscode.press('Control+End');
      await vscode.page.keyboard.type('# typed and not saved');
      await vscode.page.locator('.tab.active.dirty').waitFor();
      expect(readFileSync(file, 'utf8')).not.toContain('# typed');
      await vscode.runCommand(startCommand);
      await expect.poll(stateOf(run), SLOW).toBe('running');
      expect(readFileSync(file, 'utf8')).toContain('# typed and not saved');
      await vscode.webviewFrame('dashboard', 60_000);
      await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
      await vscode.screenshot('training-running');
    },
  );

  it('curves move', { timeout: LONG }, async () => {
    const frame = await vscode.webviewFrame('dashboard');
    const shown = async () => (await frame.locator('body').innerText()).replaceAll(',', '');
    const stepShown = async () => Number(/step\s+(\d+)/.exec(await shown())?.[1] ?? 0);
    await expect.poll(stepShown, SLOW).toBeGreaterThan(20);
    const before = await stepShown();
    await expect.poll(stepShown, SLOW).toBeGreaterThan(before + 20);
    await frame.locator('.plot canvas').nth(1).waitFor({ timeout: 120_000 });
    expect(vscode.cspViolations).toEqual([]);
  });

  it(
    'after a window reload, training continues and nothing is lost',
    {
      timeout: LONG,
    },
    async () => {
      const before = readRun(run);
      const stepBefore = lastStep(run);
      await vscode.reloadWindow();
      expect(readRun(run)).toMatchObject({ state: 'running', pid: before?.pid, id: before?.id });
      await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
      await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan(stepBefore + 10);
      await expectNothingMissing(vscode, run);
      await vscode.screenshot('training-after-reload');
    },
  );

  it(
    'after the extension host was killed, training continues and is found again',
    {
      timeout: LONG,
    },
    async () => {
      const before = readRun(run);
      const hosts = vscode.server.extensionHosts();
      expect(hosts).not.toEqual([]);
      for (const pid of hosts) process.kill(pid, 'SIGKILL');
      const stepThen = lastStep(run);
      await expect
        .poll(() => vscode.server.extensionHosts().filter((pid) => !hosts.includes(pid)), SLOW)
        .not.toEqual([]);
      expect(readRun(run)).toMatchObject({ state: 'running', pid: before?.pid, id: before?.id });
      await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan(stepThen + 10);
      await vscode.screenshot('training-host-killed');
      // VS Code may close the panels of a killed extension host; the status bar opens them again.
      await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
      await closeEditors(vscode);
      await statusBar(vscode).locator('a').click();
      await expectNothingMissing(vscode, run);
    },
  );

  it(
    'after the window was closed and opened again, training continues',
    { timeout: LONG },
    async () => {
      const before = readRun(run);
      await vscode.reopen(async () => {
        await expect.poll(() => vscode.server.extensionHosts(), SLOW).toEqual([]);
        const stepThen = lastStep(run);
        await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan(stepThen + 10);
      });
      expect(readRun(run)).toMatchObject({ state: 'running', pid: before?.pid, id: before?.id });
      await expect.poll(() => statusBar(vscode).textContent(), SLOW).toMatch(/epoch \d+\/400/);
      // A closed page may not have stored the open editors; the status bar opens them again.
      const tab = vscode.page.locator('.tab', { hasText: 'Training: ' });
      await expect
        .poll(async () => {
          // The entry is rendered again with each step: a click between two renderings is lost.
          if ((await tab.count()) === 0) await statusBar(vscode).locator('a').click();
          return tab.count();
        }, SLOW)
        .toBe(1);
      await expectNothingMissing(vscode, run);
    },
  );

  it(
    'a second run trains at the same time in its own folder',
    {
      timeout: LONG,
    },
    async () => {
      await vscode.runCommand(startCommand);
      await vscode.dialogButton('Start Next to It').click();
      await expect.poll(stateOf(second), SLOW).toBe('running');
      await expect.poll(() => lastStep(second), SLOW).toBeGreaterThan(5);
      const stepThen = lastStep(run);
      await expect.poll(() => lastStep(run), SLOW).toBeGreaterThan(stepThen);
      await showNlvrView(vscode);
      for (const folder of [run, second])
        await expect
          .poll(() => viewRow(vscode, readRun(folder)?.name ?? '?').textContent(), SLOW)
          .toMatch(/\d+% · /);
      await vscode.screenshot('training-two-runs');
    },
  );

  it(
    'a third one stays in the queue, also after a reload, until the queue is emptied',
    { timeout: LONG },
    async () => {
      await vscode.runCommand(startCommand);
      await vscode.dialogButton('Queue').click();
      const queued = viewRow(vscode, 'nlvr.yaml').filter({
        has: vscode.page.locator('.codicon-watch'),
      });
      await expect.poll(() => queued.count(), SLOW).toBe(1);
      await vscode.screenshot('training-queue');
      await vscode.reloadWindow();
      await expect.poll(() => queued.count(), SLOW).toBe(1);
      await vscode.runCommand('NLVR: Empty Queue');
      await vscode.dialogButton('Empty Queue').click();
      await expect.poll(() => queued.count(), SLOW).toBe(0);
      expect(existsSync(`${run}-3`)).toBe(false);
    },
  );

  it(
    'a trainer in a terminal is refused the folder of an active run',
    { timeout: LONG },
    async () => {
      const before = readRun(run);
      for (const flag of ['--overwrite', '--resume']) {
        const to = ['--config', 'nlvr.yaml', '--output_dir', run, flag];
        const { code, stderr } = await inTerminal(sample, 'train', ...to);
        expect(stderr).toContain(`A run is being written to ${run} (process`);
        expect(code).toBe(2);
      }
      expect(readRun(run)).toMatchObject({ state: 'running', pid: before?.pid, id: before?.id });
      expect(stepsOf(run)[0]).toBe(1);
    },
  );

  it('a run is killed when stopped a second time', { timeout: LONG }, async () => {
    const pid = readRun(second)?.pid ?? 0;
    const name = readRun(second)?.name ?? '';
    // A trainer that does not respond: it is suspended, like one in a long native call.
    process.kill(pid, 'SIGSTOP');
    // Its dashboard is active, so no quick pick opens.
    await openDashboard(vscode, name);
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => existsSync(join(second, 'stop.request')), SLOW).toBe(true);
    await expect.poll(() => viewRow(vscode, name).textContent(), SLOW).toContain('stopping');
    await vscode.runCommand('NLVR: Stop');
    await vscode.dialogButton('Stop Immediately').click();
    await expect.poll(() => processStartTime(pid), SLOW).toBeNull();
    await expect.poll(stateOf(second), SLOW).toBe('stopped');
    expect(readRun(run)?.state).toBe('running');
  });

  it('stops after its step, with everything saved', { timeout: LONG }, async () => {
    const pid = readRun(run)?.pid ?? 0;
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(stateOf(run), SLOW).toBe('stopped');
    await expect.poll(() => processStartTime(pid), SLOW).toBeNull();
    expect(existsSync(join(run, 'checkpoint_last', 'trainer.json'))).toBe(true);
    await expect.poll(() => statusBar(vscode).count(), SLOW).toBe(0);
  });

  it(
    'resumes where it stopped, with a changed configuration, and finishes',
    {
      timeout: LONG,
    },
    async () => {
      const stopped = readRun(run);
      const epochs = (stopped?.epoch ?? 0) + 2;
      setKeys(sample, { max_epoch: `${epochs}` });
      await openDashboard(vscode, stopped?.name);
      await vscode.runCommand('NLVR: Resume');
      await vscode.dialogButton('Resume with Changes').click();
      await expect.poll(stateOf(run), SLOW).toBe('finished');
      await expect
        .poll(() => vscode.notifications(), SLOW)
        .toContainEqual(expect.stringContaining(`${stopped?.name} finished: best`));
      const resumed = readEvents(run).findLast(
        (event): event is StartEvent => event.type === 'start',
      );
      expect(resumed).toMatchObject({ resumed: true, step: stopped?.step, maxEpoch: epochs });
      expect(readRun(run)?.id).toBe(stopped?.id);
      const steps = stepsOf(run);
      expect(steps).toEqual(upTo(steps.length));
      await vscode.screenshot('training-finished');
    },
  );

  it('a refused resume shows why, and the run stays finished', { timeout: LONG }, async () => {
    const finished = readRun(run);
    const { code } = await inTerminal(sample, 'train', '--resume', '--output_dir', run);
    expect(code).toBe(2);
    const frame = await vscode.webviewFrame('dashboard');
    await frame.locator('.note', { hasText: 'The last resume was refused' }).waitFor();
    expect(await frame.locator('.status').first().textContent()).toContain('finished');
    expect(readRun(run)).toEqual(finished);
    expect(await frame.getByRole('button', { name: 'Resume' }).count()).toBe(0);
    await vscode.screenshot('training-resume-refused');
  });

  it(
    'a finished run is trained longer, with its own configuration',
    { timeout: LONG },
    async () => {
      const finished = readRun(run);
      const epochs = (finished?.maxEpoch ?? 0) + 1;
      const frame = await vscode.webviewFrame('dashboard');
      await frame.getByRole('button', { name: 'Train Longer…' }).click();
      await vscode.quickInput.fill(`${epochs - 1}`);
      await vscode.page.getByText(`Enter a whole number, at least ${epochs}.`).waitFor();
      await vscode.quickInput.fill(`${epochs}`);
      await vscode.press('Enter');
      await expect.poll(() => readRun(run)?.maxEpoch, SLOW).toBe(epochs);
      await expect.poll(stateOf(run), SLOW).toBe('finished');
      expect(readRun(run)).toMatchObject({ id: finished?.id, configFile: finished?.configFile });
    },
  );

  it(
    'its failed examples are filtered, sorted, reviewed and asked about',
    {
      timeout: LONG,
    },
    async () => {
      const frame = await openFailures(vscode);
      const wrongOnes = async (): Promise<number> => {
        const title = (await frame.locator('h1').textContent()) ?? '';
        return Number(/(\d+) of 160 wrong/.exec(title)?.[1] ?? 0);
      };
      // The title counts what has been loaded.
      await expect.poll(wrongOnes).toBeGreaterThan(2);
      const wrong = await wrongOnes();
      await expect.poll(() => rowsInList(frame)).toBe(wrong);
      await frame.locator('select[name=show]').selectOption('all');
      await expect.poll(() => rowsInList(frame)).toBe(EVAL_EXAMPLES);
      await frame.locator('input[type=search]').fill('circle');
      await expect.poll(() => rowsInList(frame)).toBeLessThan(EVAL_EXAMPLES);
      await frame.getByRole('button', { name: 'Reset' }).first().click();
      await expect.poll(() => rowsInList(frame)).toBe(wrong);
      await frame.locator('select[name=sort]').selectOption('index');
      // Sorting keeps the selected row in view, so the first one need not be drawn.
      await frame.locator('.row[aria-selected=true]').click();
      await vscode.press('Home');
      await vscode.press('ArrowDown');
      await expect
        .poll(() => frame.locator('.row[aria-selected=true]').getAttribute('aria-posinset'))
        .toBe('2');
      const sentence = await frame.locator('.sentence').textContent();
      await vscode.press('a');
      await expect
        .poll(() => frame.locator('.ask-state').textContent(), SLOW)
        .toMatch(/best checkpoint, .* parameters on CPU/);
      await expect.poll(() => frame.locator('.ask textarea').inputValue()).toBe(sentence);
      await vscode.press('Enter');
      const answers = frame.locator('.asked tbody tr');
      await expect
        .poll(() => answers.nth(1).locator('td').first().textContent(), SLOW)
        .toMatch(/True|False/);
      await vscode.screenshot('training-failed-examples');
      await vscode.runCommand('View: Close All Editors');
    },
  );

  it('its checkpoint is evaluated, and Failed Examples opens', { timeout: LONG }, async () => {
    await vscode.runAndPick('NLVR: Evaluate Checkpoint', readRun(run)?.name ?? '');
    const splits = vscode.page.locator('.quick-input-list .monaco-list-row', { hasText: '.json' });
    await splits.nth(2).waitFor();
    await vscode.press('Enter');
    const frame = await vscode.webviewFrame('failures', SLOW.timeout);
    await expect.poll(() => frame.locator('select[name=epoch]').inputValue(), SLOW).toBe('');
    await expect.poll(() => rowsInList(frame), SLOW).toBeGreaterThan(0);
    expect(existsSync(join(run, 'predictions', 'test.jsonl'))).toBe(true);
    expect(readRun(run)?.state).toBe('finished');
    await vscode.runCommand('View: Close All Editors');
  });

  it('a killed trainer is shown as failed, with the reason', { timeout: LONG }, async () => {
    setKeys(sample, { max_epoch: `${MANY_EPOCHS}` });
    await vscode.runCommand(startCommand);
    const third = `${run}-3`;
    await expect.poll(stateOf(third), SLOW).toBe('running');
    process.kill(readRun(third)?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringMatching(/failed\. The trainer was killed\./));
    await vscode.screenshot('training-failed');
  });

  it('is not started when the configuration is invalid, and shows why', async () => {
    setKeys(sample, { seed: '42\nsede: 42' });
    await vscode.runCommand(startCommand);
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining('Training was not started'));
    expect(existsSync(`${run}-4`)).toBe(false);
    await vscode.screenshot('training-refused');
    // Every trainer and prediction process of this file has ended.
    const windowProcesses = markedProcesses().filter(
      ({ mark }) => mark === vscode.server.options.mark,
    );
    expect(windowProcesses.filter(({ command }) => / (train|predict) /.test(command))).toEqual([]);
  });
});
