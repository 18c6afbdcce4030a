import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Translate } from '../../src/extension/translate';
import { FolderRunRegistry } from '../../src/extension/runs/folderRegistry';
import { isActive, type Run, type RunStatus } from '../../src/extension/runs/runRegistry';
import { canTrainLonger, requireResumable } from '../../src/extension/runs/runActions';
import { headerOf } from '../../src/extension/dashboard/header';
import { progressOf } from '../../src/extension/runs/progress';
import { trainedSeconds } from '../../src/run/record/trainedTime';
import { runDescription, runDetails, runFlags } from '../../src/extension/runs/runText';
import {
  closeAttempt,
  newAttempt,
  readAttemptFile,
  writeAttempt,
  type Attempt,
} from '../../src/run/record/attempts';
import { processStartTime } from '../../src/run/record/processStart';
import { currentScope } from '../../src/run/record/owner';
import { RunFolder } from '../../src/run/runFolder';
import { storedMessage, localize } from '../../src/util/localize';
import { migrateRunInfo } from '../../src/run/read/migrate';
import type { RunInfo } from '../../src/run/runInfo';
import { RunWriter } from '../../src/run/record/runWriter';

const t: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 20_000 });

let root: string;
let registry: FolderRunRegistry;
let problems: string[];
const children: ChildProcess[] = [];
const writers: RunWriter[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-registry-'));
  problems = [];
  registry = new FolderRunRegistry((problem) => problems.push(problem));
});
afterEach(() => {
  registry.dispose();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const writer of writers.splice(0))
    if (writer.info.state === 'running') writer.close('stopped');
  rmSync(root, { recursive: true, force: true });
});

/** Starts a process in place of a trainer. */
async function trainer(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

function info(more: Partial<RunInfo> = {}): RunInfo {
  const now = new Date().toISOString();
  return migrateRunInfo(
    {
      schema: 1,
      name: 'calm-fox-1',
      kind: 'train',
      state: 'finished',
      started: now,
      heartbeat: now,
      host: hostname(),
      ...more,
    },
    '/runs/x',
  );
}

function writeRun(name: string, more: Partial<RunInfo> = {}): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(info(more)));
  return folder;
}

const livingTrainer = (child: { pid: number }): Partial<RunInfo> => ({
  state: 'running',
  pid: child.pid,
  processStart: processStartTime(child.pid),
});

const ownerOf = ({ pid }: { pid: number }) => ({
  ...currentScope(),
  pid,
  processStart: processStartTime(pid),
});

/** Records an attempt in a folder. @returns the record */
function attemptIn(folder: string, more: Partial<Attempt>): string {
  const asked = { kind: 'train', arguments: [], configFile: null, askedBy: 'editor' } as const;
  return writeAttempt(new RunFolder(folder), { ...newAttempt(asked), ...more });
}

/** Writes a run with the trainer's code, in this process. */
function openRun(name: string): { folder: string; writer: RunWriter } {
  const folder = join(root, name);
  const writer = RunWriter.open({
    root: folder,
    kind: 'train',
    configFile: join(root, 'nlvr.yaml'),
    configHash: 'x',
    configText: 'seed: 42\n',
    version: '0.1.0',
    mode: 'new',
  });
  writers.push(writer);
  return { folder, writer };
}

describe('FolderRunRegistry', () => {
  it('lists runs newest first and removes deleted folders', async () => {
    const old = writeRun('a', { started: '2026-01-01T00:00:00.000Z' });
    const young = writeRun('b', { started: '2026-02-01T00:00:00.000Z' });
    await registry.add(old);
    await registry.add(young);
    expect(registry.runs.map(({ folder }) => folder)).toEqual([young, old]);
    rmSync(young, { recursive: true });
    await registry.refresh();
    expect(registry.runs.map(({ folder }) => folder)).toEqual([old]);
  });

  it('follows a run that is being written, from its own file alone', async () => {
    const { folder, writer } = openRun('live');
    await registry.add(folder);
    expect(registry.get(folder)?.status).toBe('starting');
    writer.update({ state: 'running', maxEpoch: 3, totalSteps: 30, step: 10 });
    await eventually(() => registry.get(folder)?.status).toBe('running');
    writer.update({
      best: { epoch: 0, step: 10, accuracy: 0.75, consistency: null, testAccuracy: null },
    });
    await eventually(() => registry.get(folder)?.info.best?.accuracy).toBe(0.75);
    writer.close('finished');
    await eventually(() => registry.get(folder)?.status).toBe('finished');
  });

  it('is found by a second registry, as after a window reload', async () => {
    const { folder, writer } = openRun('live');
    writer.update({ state: 'running', step: 7 });
    await registry.add(folder);
    registry.dispose();
    registry = new FolderRunRegistry((problem) => problems.push(problem));
    await registry.add(folder);
    const run = registry.get(folder);
    expect(run && isActive(run)).toBe(true);
    expect(run?.info.name).toBe(writer.info.name);
  });

  it('has the step of the events of the current attempt, also before run.json has it', async () => {
    const { folder, writer } = openRun('live');
    writer.update({ state: 'running', attempt: 'one', step: 7, totalSteps: 100 });
    await registry.add(folder);
    const step = () => registry.get(folder)?.info.step;
    registry.reached(folder, 12);
    expect(step()).toBe(12);
    registry.reached(folder, 9);
    await registry.refresh(folder);
    expect(step()).toBe(12);
    // A resume starts at its checkpoint.
    writer.update({ state: 'running', attempt: 'two', step: 10 });
    await registry.refresh(folder);
    expect(step()).toBe(10);
  });

  it('shows a killed trainer as failed, with its last output and a hint', async () => {
    const child = await trainer();
    const folder = writeRun('dies', livingTrainer(child));
    writeFileSync(join(folder, 'trainer.log'), 'epoch 1\nOOM when allocating tensor [64,577]\n');
    await registry.add(folder);
    expect(registry.get(folder)?.status).toBe('running');
    child.kill('SIGKILL');
    await eventually(() => registry.get(folder)?.status).toBe('failed');
    const run = registry.get(folder);
    expect(run?.message).toMatch(/OOM when allocating tensor \[64,577\]\.$/);
    expect(run?.hint).toContain('batch_size_train');
  });

  it('never shows a reused process ID as a running trainer', async () => {
    const child = await trainer();
    const folder = writeRun('reused', { ...livingTrainer(child), processStart: '1' });
    expect((await registry.add(folder))?.status).toBe('failed');
  });

  it('judges a run of another machine by its heartbeat', async () => {
    const there = { state: 'running', host: 'elsewhere' } as const;
    expect((await registry.add(writeRun('far', there)))?.status).toBe('running');
    const silent = { ...there, heartbeat: new Date(Date.now() - 120_000).toISOString() };
    expect((await registry.add(writeRun('silent', silent)))?.status).toBe('lost');
  });

  it('shows a requested stop', async () => {
    const child = await trainer();
    const folder = writeRun('stopping', livingTrainer(child));
    await registry.add(folder);
    writeFileSync(join(folder, 'stop.request'), '');
    await eventually(() => registry.get(folder)?.status).toBe('stopping');
  });

  it('shows a training from the moment it is requested, and its outcome', async () => {
    const folder = join(root, 'new');
    const asked = attemptIn(folder, {});
    await registry.add(folder);
    expect(registry.get(folder)).toMatchObject({ status: 'starting', begun: false });
    closeAttempt(asked, { state: 'refused', exitCode: 2, message: 'An image is missing.' });
    await registry.refresh();
    expect(registry.get(folder)).toMatchObject({
      status: 'failed',
      message: 'An image is missing.',
    });
    rmSync(asked);
    closeAttempt(attemptIn(folder, {}), { state: 'stopped', exitCode: 130 });
    await registry.refresh();
    expect(registry.get(folder)).toBeUndefined();
  });

  it('does not show a resumed run in the state that its earlier trainer wrote', async () => {
    const started = '2026-01-01T00:00:00.000Z';
    const folder = writeRun('again', { state: 'failed', pid: 1, started });
    await registry.add(folder);
    const child = await trainer();
    const file = attemptIn(folder, { kind: 'resume', owner: ownerOf(child) });
    await registry.refresh(folder);
    const run = registry.get(folder);
    expect(run).toMatchObject({ status: 'starting', begun: false, info: { name: 'calm-fox-1' } });
    expect(run?.info.started).not.toBe(started);
    writeFileSync(join(folder, 'stop.request'), '');
    await registry.refresh(folder);
    expect(registry.get(folder)?.status).toBe('stopping');
    rmSync(join(folder, 'stop.request'));
    const attempt = readAttemptFile(file);
    writeRun('again', { ...livingTrainer(child), attempt: attempt?.id });
    writeFileSync(file, JSON.stringify({ ...attempt, phase: 'training' }));
    await eventually(() => registry.get(folder)?.status).toBe('running');
    expect(registry.get(folder)?.begun).toBe(true);
  });

  it('shows the recorded reason why a trainer was killed', async () => {
    const folder = join(root, 'dies');
    const file = attemptIn(folder, {});
    writeRun('dies', { state: 'running', attempt: readAttemptFile(file)?.id });
    closeAttempt(file, { state: 'failed', exitCode: null, message: 'It was killed.' });
    expect(await registry.add(folder)).toMatchObject({
      status: 'failed',
      message: 'It was killed.',
    });
  });

  it('shows a refused resume in addition to the state of the run', async () => {
    const folder = writeRun('done', { state: 'finished' });
    const file = attemptIn(folder, { kind: 'resume' });
    const reason = localize('all {0} epochs are done', 3);
    closeAttempt(file, { state: 'refused', exitCode: 2, ...storedMessage(reason) });
    expect(await registry.add(folder)).toMatchObject({
      status: 'finished',
      message: 'The last resume was refused: all 3 epochs are done',
      notice: { kind: 'resume' },
    });
  });

  it('shows an evaluation in the folder of a training, after a reload as well', async () => {
    const folder = writeRun('done', { state: 'finished' });
    const child = await trainer();
    const file = attemptIn(folder, { kind: 'evaluate', owner: ownerOf(child), phase: 'loading' });
    const run = await registry.add(folder);
    expect(run?.status).toBe('evaluating');
    expect(run && isActive(run)).toBe(true);
    expect(() => run && requireResumable(run)).toThrow('calm-fox-1 is already running.');
    closeAttempt(file, { state: 'failed', exitCode: 3, message: 'No GPU.' });
    await eventually(() => registry.get(folder)?.status).toBe('finished');
    expect(registry.get(folder)?.message).toBe('The last evaluation failed: No GPU.');
  });

  it('reports a damaged run.json and keeps the last known state', async () => {
    const folder = writeRun('damaged');
    await registry.add(folder);
    writeFileSync(join(folder, 'run.json'), '{"format": "nlvr-run", ');
    await registry.refresh(folder);
    expect(problems).toEqual([expect.stringContaining('not valid JSON')]);
    expect(registry.get(folder)?.status).toBe('finished');
  });

  it('lists a run whose run.json was never readable, with a hint, until it is fixed', async () => {
    const folder = join(root, 'torn');
    mkdirSync(folder);
    writeFileSync(join(folder, 'run.json'), '{"format": "nlvr-run", "name": "calm-f');
    await registry.add(folder);
    const run = registry.get(folder);
    expect(run).toMatchObject({
      status: 'unreadable',
      message: expect.stringContaining('not valid JSON') as string,
      hint: expect.stringContaining('checkpoints of the run are not affected') as string,
    });
    expect(run && isActive(run)).toBe(false);
    expect(run && runDescription(run, t)).toBe('unreadable');
    expect(run && runDetails(run, t, 'en')).toEqual([
      `unreadable · ${folder}`,
      run?.message,
      run?.hint,
    ]);
    await registry.refresh(folder);
    expect(problems).toHaveLength(1);
    writeRun('torn');
    await registry.refresh(folder);
    expect(registry.get(folder)?.status).toBe('finished');
  });

  it('continues after a failed read, and reports it', async () => {
    const folder = writeRun('odd');
    let fail = true;
    registry.onDidChange(() => {
      if (fail) throw new Error('a listener is broken');
    });
    await Promise.all([registry.refresh(folder), registry.refresh(folder)]);
    expect(problems).toEqual([`${folder}: a listener is broken`]);
    fail = false;
    writeRun('odd', { name: 'calm-fox-2' });
    await registry.refresh(folder);
    expect(registry.get(folder)?.info.name).toBe('calm-fox-2');
  });

  it('refuses to resume an active run, whatever started it', async () => {
    const child = await trainer();
    const folder = writeRun('live', livingTrainer(child));
    mkdirSync(join(folder, 'checkpoint_last'));
    const run = await registry.add(folder);
    expect(() => run && requireResumable(run)).toThrow('calm-fox-1 is already running.');
    child.kill('SIGKILL');
    await eventually(() => registry.get(folder)?.status).toBe('failed');
    const endedPid = registry.get(folder);
    expect(() => endedPid && requireResumable(endedPid)).not.toThrow();
    writeRun('live', { state: 'finished' });
    const done = await registry.add(folder);
    expect(() => done && requireResumable(done)).toThrow('nothing to resume');
    expect(done && canTrainLonger(done)).toBe(true);
  });

  it('reports changes, but not heartbeats', async () => {
    const child = await trainer();
    const folder = writeRun('heartbeats', livingTrainer(child));
    await registry.add(folder);
    let changes = 0;
    registry.onDidChange(() => changes++);
    const started = registry.get(folder)?.info.started;
    writeRun('heartbeats', { ...livingTrainer(child), started });
    await registry.refresh(folder);
    expect(changes).toBe(0);
    writeRun('heartbeats', { ...livingTrainer(child), started, step: 5 });
    await registry.refresh(folder);
    expect(changes).toBe(1);
  });
});

describe('the texts about a run', () => {
  const run = (more: Partial<RunInfo>, status: RunStatus) => ({
    folder: '/runs/x',
    info: info(more),
    status,
    message: null,
    hint: null,
  });
  const best = { epoch: 2, step: 30, accuracy: 0.7841, consistency: null, testAccuracy: 0.77 };
  const times = { started: '2026-01-01T00:00:00.000Z', ended: '2026-01-01T01:04:10.000Z' };

  it('progress is the fraction of all steps, unknown while the total is unknown', () => {
    expect(progressOf({ step: 30, totalSteps: 120 })).toBe(0.25);
    expect(progressOf({ step: 0, totalSteps: 0 })).toBeNull();
  });

  it('the trained time is the sum over all attempts in run.json, less than the wall time', () => {
    const created = '2026-01-01T00:00:00.000Z';
    const again = { created, started: '2026-01-01T01:03:00.000Z', ended: times.ended };
    const resumed = run({ ...again, trainedSeconds: 91 }, 'finished');
    expect(trainedSeconds(resumed.info)).toBe(91);
    expect(runDescription(resumed, t)).toBe('finished · 1m 31s');
    expect(runDetails(resumed, t, 'en')).toContain(
      'trained 1m 31s, 1h 04m from the first start to the end',
    );
  });

  it('the trained time of an older run is its last attempt, to its end or last heartbeat', () => {
    const heartbeat = '2026-01-01T00:00:30.000Z';
    const older = { ...times, kind: 'train', heartbeat } as const;
    expect(trainedSeconds(older)).toBe(3850);
    expect(trainedSeconds({ ...older, ended: null })).toBe(30);
    expect(trainedSeconds({ ...older, kind: 'imported' })).toBeNull();
  });

  it('the description has the progress while it runs and the state after', () => {
    const done = { step: 61, totalSteps: 100, best, trainedSeconds: 123 };
    expect(runDescription(run(done, 'running'), t)).toBe('61% · 78.4% · 2m 03s');
    expect(runDescription(run({ ...times, best, trainedSeconds: 3850 }, 'finished'), t)).toBe(
      'finished · 78.4% · 1h 04m',
    );
    expect(runDescription(run({ kind: 'imported', best }, 'finished'), t)).toBe('imported · 78.4%');
    const evaluation = { kind: 'evaluate', step: 30, totalSteps: 120 } as const;
    expect(runDescription(run(evaluation, 'running'), t)).toBe('evaluation · 25%');
    expect(runDescription(run({ ...evaluation, best }, 'finished'), t)).toBe('evaluation · 78.4%');
  });

  it('counts epochs from 1', () => {
    const lines = runDetails(run({ epoch: 2, maxEpoch: 3, step: 1234, best }, 'finished'), t, 'en');
    expect(lines).toContain('epoch 3 of 3, step 1,234');
    expect(lines).toContain('best 78.4% after epoch 3');
  });

  it('offers the possible actions, the same in the view and in the dashboard', () => {
    const found = { forgettable: false };
    const checkpoints = { weights: true, last: true };
    const having = (each: Run): Run => ({ ...each, checkpoints });
    const evaluable = (each: Run) => headerOf(each, undefined).evaluable;
    expect(runFlags(having(run({}, 'running')), found)).toBe('run active');
    expect(evaluable(having(run({}, 'running')))).toBeUndefined();
    expect(runFlags(run({}, 'failed'), found)).toBe('run resumable deletable');
    // A lost run offers the actions of a stopped one, an imported one those that its weights allow.
    for (const status of ['stopped', 'lost'] as const) {
      const each = having(run({}, status));
      expect(runFlags(each, found)).toBe('run resumable evaluable deletable');
      expect(headerOf(each, undefined)).toMatchObject({ offer: 'resume', evaluable: true });
    }
    const imported = having(run({ kind: 'imported' }, 'finished'));
    expect(runFlags(imported, { forgettable: true })).toBe('run evaluable forgettable');
    expect(evaluable(imported)).toBe(true);
    // The folder of imported curves was written by nlvr.
    const curves = run({ kind: 'imported', pid: 7 }, 'finished');
    expect(runFlags(curves, found)).toBe('run deletable');
    // A run outside the workspace can be removed from the view or deleted.
    expect(runFlags(run({}, 'stopped'), { forgettable: true })).toBe(
      'run resumable deletable forgettable',
    );
    // BLIP ignores a stop request and allows an evaluation; nlvr does not resume trainings of other programs.
    const flags = (each: Run): string => runFlags(having(each), found);
    expect(flags(run({ kind: 'imported' }, 'running'))).toBe('run evaluable');
    expect(headerOf(run({ kind: 'imported' }, 'running'), undefined).stoppable).toBeUndefined();
    expect(flags(run({ trainer: 'PyTorch' }, 'running'))).toBe('run active');
    expect(flags(run({ trainer: 'PyTorch' }, 'failed'))).toBe('run evaluable deletable');
    expect(() => requireResumable(run({ trainer: 'PyTorch' }, 'failed'))).toThrow(
      /nothing to resume/,
    );
  });
});
