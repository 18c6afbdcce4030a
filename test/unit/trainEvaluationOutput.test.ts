import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../src/config/load';
import { processStartTime } from '../../src/run/record/processStart';
import { parseEvent } from '../../src/run/read/eventReader';
import type { RunEvent } from '../../src/run/events';
import { openEvents } from '../../src/run/read/eventSource';
import { readRunInfo } from '../../src/run/read/migrate';
import { currentScope } from '../../src/run/record/owner';
import { RunFolder } from '../../src/run/runFolder';
import { tryAcquireLock } from '../../src/run/record/runLock';
import { RunWriter } from '../../src/run/record/runWriter';
import { openEvaluationOutput, type OutputRequest } from '../../src/train/evaluate/output';
import type { Metrics } from '../../src/analysis/metrics';

let root: string;
let loaded: LoadedConfig;
let folder: RunFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-evaluation-'));
  const file = join(root, 'nlvr.yaml');
  writeFileSync(file, 'image_root: images\nann_root: .\n');
  loaded = loadConfig(file);
  folder = new RunFolder(join(root, 'run'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const metrics = (accuracy: number): Metrics => ({
  accuracy,
  consistency: 0.5,
  loss: 0.4,
  examples: 20,
  groups: [],
});
const begin = {
  examples: { val: 20, test: 30 },
  device: 'CPU',
  tensorflow: '2.21.0',
  precision: 'fp32',
  parameters: 7,
} as const;
const open = async (more: Partial<OutputRequest> = {}) => {
  const request = { outputDir: folder.root, loaded, checkpoint: folder.root, asRun: true, ...more };
  return openEvaluationOutput(request, tryAcquireLock(new RunFolder(request.outputDir)));
};
const events = (): RunEvent[] =>
  readFileSync(folder.events, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);

/** A training that ended, with its best weights after 20 steps and its last after 30. */
function trainedRun(): void {
  const writer = RunWriter.open({
    root: folder.root,
    kind: 'train',
    configFile: loaded.file,
    configHash: loaded.hash,
    configText: '',
    version: '0.1.0',
    mode: 'new',
  });
  const saved = (kind: 'best' | 'last', step: number, path: string): void =>
    writer.event({ type: 'checkpoint', kind, epoch: 1, step, path, bytes: 1 });
  saved('best', 20, 'checkpoint_best.safetensors');
  saved('last', 30, 'checkpoint_last');
  writer.update({ step: 30 });
  writer.close('finished');
  mkdirSync(folder.last);
  for (const file of [folder.best, join(folder.last, 'model.safetensors')]) writeFileSync(file, '');
}

describe('an evaluation in the folder of a training', () => {
  it("adds its result to the run's events, at the step of the weights, and nothing to run.json", async () => {
    trainedRun();
    const before = readFileSync(folder.runJson, 'utf8');
    const known = events().length;
    const output = await open();
    output.begin(begin);
    output.progress('val', 10, 20, 0);
    output.result('val', metrics(0.75), 3, folder.predictionsOf('val', null));
    output.close('finished');
    const [added, ...more] = events().slice(known);
    expect(more).toEqual([]);
    expect(added).toMatchObject({
      type: 'eval',
      split: 'val',
      epoch: null,
      step: 20,
      accuracy: 0.75,
      seconds: 3,
      predictions: join('predictions', 'val.jsonl'),
    });
    expect(readFileSync(folder.runJson, 'utf8')).toBe(before);
    expect(existsSync(folder.lock)).toBe(false);
  });

  it('distinguishes the last weights from the best', async () => {
    trainedRun();
    const output = await open({
      checkpoint: join(folder.root, 'checkpoint_last', 'model.safetensors'),
    });
    output.result('test', metrics(0.5), 3, folder.predictionsOf('test', null));
    output.close('finished');
    expect(events().at(-1)).toMatchObject({ type: 'eval', split: 'test', step: 30 });
  });

  it('reports nothing for weights that are not of the run', async () => {
    trainedRun();
    const known = events().length;
    const output = await open({ checkpoint: join(root, 'other.pth') });
    output.result('val', metrics(0.9), 3, folder.predictionsOf('val', null));
    output.close('finished');
    expect(events()).toHaveLength(known);
  });

  it('is refused while the run is being written, and holds it while it evaluates', async () => {
    trainedRun();
    const known = events().length;
    // The parent of the test is another running process.
    const pid = process.ppid;
    const owner = { ...currentScope(), pid, processStart: processStartTime(pid) };
    writeFileSync(folder.lock, JSON.stringify(owner));
    await expect(open()).rejects.toThrow(/A run is being written to/);
    expect(events()).toHaveLength(known);
    expect(existsSync(folder.lock)).toBe(true);
    rmSync(folder.lock);
    const output = await open();
    expect(JSON.parse(readFileSync(folder.lock, 'utf8'))).toMatchObject({ pid: process.pid });
    output.close('finished');
  });
});

describe('an evaluation into a folder of its own', () => {
  const evaluate = async (accuracy: number): Promise<void> => {
    const output = await open({ checkpoint: join(root, 'model.pth') });
    output.begin(begin);
    output.result('val', metrics(accuracy), 3, folder.predictionsOf('val', null));
    output.result('test', metrics(0.7), 3, folder.predictionsOf('test', null));
    output.close('finished');
  };

  it('is a run from its beginning, so that it is found even if the process that started it ends', async () => {
    const output = await open({ checkpoint: join(root, 'model.pth') });
    expect(await readRunInfo(folder.root)).toMatchObject({
      kind: 'evaluate',
      state: 'starting',
      name: 'run',
      configFile: loaded.file,
    });
    output.begin(begin);
    expect(await readRunInfo(folder.root)).toMatchObject({ state: 'running', totalSteps: 50 });
    expect(existsSync(folder.config)).toBe(true);
    output.close('failed', 'It does not fit.', 'Take another.');
    expect(await readRunInfo(folder.root)).toMatchObject({
      state: 'failed',
      message: 'It does not fit.',
      hint: 'Take another.',
    });
  });

  it('ends with its result in run.json and in its events', async () => {
    await evaluate(0.75);
    expect(await readRunInfo(folder.root)).toMatchObject({
      state: 'finished',
      step: 50,
      best: { accuracy: 0.75, testAccuracy: 0.7 },
    });
    expect(events().map(({ type }) => type)).toEqual(['start', 'eval', 'eval', 'end']);
    // The log that BLIP would have written is there, too; the events say more.
    writeFileSync(folder.log, '{"val_acc": "0.7500", "test_acc": "0.7000"}\nbest epoch: 0');
    const read = await openEvents(folder.root, 'evaluate').read();
    expect(read.events.map(({ event }) => event.type)).toEqual(['start', 'eval', 'eval', 'end']);
  });

  it('can be repeated as the same run with the new result', async () => {
    await evaluate(0.75);
    const first = await readRunInfo(folder.root);
    await evaluate(0.8);
    expect(await readRunInfo(folder.root)).toMatchObject({
      id: first?.id,
      state: 'finished',
      best: { accuracy: 0.8 },
    });
  });

  it('does not make a run unless requested, or of a folder of BLIP', async () => {
    (await open({ asRun: false })).close('finished');
    expect(existsSync(folder.runJson)).toBe(false);
    writeFileSync(folder.log, '{"val_acc": "0.7500", "epoch": 0}\n');
    (await open({ checkpoint: join(root, 'model.pth') })).close('finished');
    expect(existsSync(folder.runJson)).toBe(false);
    expect(existsSync(folder.events)).toBe(false);
  });
});
