/** Tests which process owns a run, and which run a command applies to: runs of another host, two panels, a killed run. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RunEvent } from '../../src/run/events';
import { RunFolder } from '../../src/run/runFolder';
import type { RunInfo } from '../../src/run/runInfo';
import { writeFileAtomic } from '../../src/util/atomicFile';
import { openWorkbench, scratchFolder } from './harness/open';
import { markedEnvironment } from './harness/processes';
import type { Workbench } from './harness/workbench';
import { openDashboard, showNlvrView, statusBarEntry, viewRow, waitForNote } from './panels';
import { syntheticRun } from './syntheticRun';
import { prepareTiny } from './tinyWorkspace';

const SLOW = { timeout: 60_000, interval: 100 };
const OWL = 'merry-owl-7';
const ELK = 'bold-elk-3';

/** A run whose files say that a process on another machine writes it. */
class RemoteRun {
  readonly folder: RunFolder;
  private info: RunInfo | undefined;

  constructor(
    workspace: string,
    readonly name: string,
  ) {
    this.folder = new RunFolder(join(workspace, 'output', name));
  }

  async begin(seed: number): Promise<void> {
    const size = { steps: 40, epochs: 2, maxEpoch: 4, predictions: 20, images: 4 };
    const { info } = await syntheticRun(this.folder.root, { ...size, name: this.name, seed });
    this.info = { ...info, pid: 7, host: 'elsewhere', boot: 'of elsewhere', pidNamespace: null };
  }

  /** Writes `run.json` as that process does. @param ago seconds since its last heartbeat */
  say(state: RunInfo['state'], ago = 0): void {
    const heartbeat = new Date(Date.now() - 1000 * ago).toISOString();
    const ended = state === 'running' ? null : heartbeat;
    writeFileAtomic(
      this.folder.runJson,
      JSON.stringify({ ...this.info, state, heartbeat, ended }, null, 2),
    );
  }

  get isAskedToStop(): boolean {
    return existsSync(this.folder.stopRequest);
  }
}

function eventsOf(folder: string): RunEvent[] {
  const text = existsSync(join(folder, 'events.jsonl'))
    ? readFileSync(join(folder, 'events.jsonl'), 'utf8')
    : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
  return whole === '' ? [] : whole.split('\n').map((line) => JSON.parse(line) as RunEvent);
}

const lossesOf = (folder: string): (number | null)[] =>
  eventsOf(folder).flatMap((event) => (event.type === 'step' ? [event.loss] : []));

/** Trains as in a terminal. @param killedWhen condition at which the process is killed */
async function train(
  workspace: string,
  folder: string,
  killedWhen?: () => boolean,
): Promise<number | null> {
  const args = [resolve('dist/cli.js'), 'train', '--config', 'nlvr.yaml', '--output_dir', folder];
  const env = markedEnvironment(`${inject('mark')}.terminal`);
  const child = execFile(process.execPath, args, { cwd: workspace, env });
  const ended = once(child, 'exit');
  if (killedWhen) {
    while (child.exitCode === null && !killedWhen()) await sleep(10);
    child.kill('SIGKILL');
  }
  return ((await ended) as [number | null])[0];
}

describe('runs and who owns them', () => {
  let vscode: Workbench;
  let owl: RemoteRun;
  let elk: RemoteRun;
  let killed: RunFolder;
  let whole: string;
  let heartbeats: NodeJS.Timeout;
  const runningRuns = new Set<RemoteRun>();

  beforeAll(async () => {
    const workspace = scratchFolder('ownership');
    await prepareTiny(workspace);
    owl = new RemoteRun(workspace, OWL);
    elk = new RemoteRun(workspace, ELK);
    await owl.begin(1);
    await elk.begin(2);
    elk.say('stopped');
    owl.say('running');
    runningRuns.add(owl);
    heartbeats = setInterval(() => {
      for (const run of runningRuns) run.say('running');
    }, 5000);
    vscode = await openWorkbench({ workspace });
    killed = new RunFolder(join(workspace, 'output', 'quick-owl-1'));
    whole = join(workspace, 'output', 'whole');
    // The graph is traced after the start event: nothing is saved yet.
    const started = (): boolean => eventsOf(killed.root).some(({ type }) => type === 'start');
    expect(await train(workspace, killed.root, started)).toBeNull();
    expect(existsSync(killed.last)).toBe(false);
  });
  afterAll(() => clearInterval(heartbeats));

  const isAsked = (): Promise<boolean> => vscode.quickInput.isVisible();
  const tab = (title: string) => vscode.page.locator('.tab', { hasText: title });
  const bringDashboardToFront = async (run: string): Promise<void> => {
    await tab(`Training: ${run}`).click();
    await vscode.page.locator('.tab.active', { hasText: `Training: ${run}` }).waitFor();
    // It takes the focus when it has loaded.
    await vscode.webviewFrame('dashboard', 60_000, run);
  };

  it('a run of another host without heartbeat is shown as lost, and not announced as finished', async () => {
    await showNlvrView(vscode);
    const row = viewRow(vscode, OWL);
    await expect.poll(() => row.textContent(), SLOW).toMatch(/\d+% · /);
    await expect.poll(() => statusBarEntry(vscode).textContent(), SLOW).toMatch(/epoch \d\/4/);
    const frame = await openDashboard(vscode, OWL);
    await expect.poll(() => frame.locator('.run-title').textContent()).toContain('running');

    runningRuns.delete(owl);
    owl.say('running', 120);
    await expect.poll(() => row.textContent(), SLOW).toContain('out of reach');
    await expect
      .poll(() => frame.locator('.run-title').textContent(), SLOW)
      .toContain('out of reach');
    await frame
      .locator('.note', { hasText: 'Process 7 on elsewhere has sent no heartbeat since' })
      .waitFor();
    await expect.poll(() => statusBarEntry(vscode).count(), SLOW).toBe(0);
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining(`${OWL} stopped responding.`));
    expect((await vscode.notifications()).join()).not.toContain('finished');
    await vscode.screenshot('ownership-lost');

    // Only the network was down: the run continues, and nothing has to be done.
    runningRuns.add(owl);
    owl.say('running');
    await expect.poll(() => row.textContent(), SLOW).toMatch(/\d+% · /);
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  it('commands of the palette apply to the run of the active panel, and ask when there is none', async () => {
    elk.say('running');
    runningRuns.add(elk);
    await openDashboard(vscode, ELK);
    await bringDashboardToFront(OWL);
    await vscode.runCommand('NLVR: Inspect Failed Examples');
    await vscode.page.locator('.tab.active', { hasText: `Failed Examples: ${OWL}` }).waitFor();
    await bringDashboardToFront(ELK);
    await vscode.runCommand('NLVR: Inspect Failed Examples');
    await vscode.page.locator('.tab.active', { hasText: `Failed Examples: ${ELK}` }).waitFor();

    // Failed Examples is a panel of a run, too.
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => elk.isAskedToStop, SLOW).toBe(true);
    expect(owl.isAskedToStop).toBe(false);
    await bringDashboardToFront(OWL);
    await vscode.runCommand('NLVR: Stop');
    await expect.poll(() => owl.isAskedToStop, SLOW).toBe(true);

    await vscode.openFile('examples.json');
    await vscode.runCommand('NLVR: Stop');
    const rows = vscode.page.locator('.quick-input-list .monaco-list-row');
    await rows.filter({ hasText: OWL }).waitFor();
    await rows.filter({ hasText: ELK }).waitFor();
    await vscode.screenshot('ownership-asked');
    await vscode.press('Escape');
  });

  it('a run that was killed before its first save is resumed from the beginning, with a message', async () => {
    const info = (): RunInfo => JSON.parse(readFileSync(killed.runJson, 'utf8')) as RunInfo;
    const { id, name } = info();
    runningRuns.clear();
    for (const run of [owl, elk]) run.say('stopped');
    await vscode.runCommand('View: Close All Editors');
    await expect.poll(() => viewRow(vscode, name).textContent(), SLOW).toContain('failed');
    for (const run of [OWL, ELK])
      await expect.poll(() => viewRow(vscode, run).textContent(), SLOW).toContain('stopped');
    // All three can be resumed; the active dashboard selects one.
    await openDashboard(vscode, OWL);
    const frame = await openDashboard(vscode, name);
    await vscode.runCommand('NLVR: Resume');
    await expect.poll(() => info().state, SLOW).toBe('finished');
    expect(await isAsked()).toBe(false);
    expect(info().id).toBe(id);
    await waitForNote(frame, 'No checkpoint was saved yet');
    await expect.poll(() => frame.locator('.run-title').textContent(), SLOW).toContain('finished');
    await vscode.screenshot('ownership-resumed');
    expect(await train(vscode.workspace, whole)).toBe(0);
    expect(lossesOf(killed.root)).toHaveLength(4);
    expect(lossesOf(killed.root)).toEqual(lossesOf(whole));
  });

  it('a start that is refused is shown until its message and its dashboard are closed', async () => {
    const folder = new RunFolder(`${killed.root}-2`);
    await vscode.runCommand('View: Close All Editors');
    await vscode.runCommand('Notifications: Clear All Notifications');
    // The check before a start checks the data; only the trainer finds that a step needs more examples than there are.
    const file = join(vscode.workspace, 'nlvr.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('batch_size_train: 8', 'batch_size_train: 64'));
    await vscode.runCommand('NLVR: Start NLVR Training');
    const message = vscode.page.locator('.notification-list-item', {
      hasText: 'Training did not start.',
    });
    await message.waitFor({ timeout: SLOW.timeout });
    const row = viewRow(vscode, 'quick-owl-1-2');
    await expect.poll(() => row.textContent(), SLOW).toContain('failed');
    await vscode.screenshot('ownership-refused');
    await message.hover();
    await message.locator('.codicon-notifications-clear').click();
    await message.waitFor({ state: 'detached' });
    // The dashboard still shows the message.
    expect(await row.count()).toBe(1);
    await vscode.runCommand('View: Close All Editors');
    await row.waitFor({ state: 'detached' });
    expect(existsSync(folder.root)).toBe(false);
  });
});
