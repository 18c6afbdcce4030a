/** The output folders of BLIP's train_nlvr.py and of LAVIS, as runs. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderRunRegistry } from '../../src/extension/runs/folderRegistry';
import { runDescription } from '../../src/extension/runs/runText';
import { isOtherRunOfLog, isTrainedByBlip } from '../../src/run/import/blipFolder';
import { blipEvents, blipRunInfo, otherRunsOfLog } from '../../src/run/import/blipLog';
import type { RunEvent } from '../../src/run/events';
import { openEvents } from '../../src/run/read/eventSource';
import { readRunInfo } from '../../src/run/read/migrate';
import { readRun } from '../../src/run/read/readRun';
import { runPaths } from '../../src/run/runPaths';
import { parseTrainingLog } from '../../src/run/import/trainingLog';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-log-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function folder(name: string, files: Record<string, string>): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** A line in BLIP's format: strings with four decimals. */
const line = (epoch: number, val: string, loss = '0.5000', test = '0.5000'): string =>
  `{"train_lr": "0.0000", "train_loss": "${loss}", "val_acc": "${val}", "test_acc": "${test}", "epoch": ${epoch}}\n`;
const whole = `${line(0, '0.5102')}${line(1, '0.8215')}${line(2, '0.8215')}best epoch: 1`;
const evaluation = '{"val_acc": "0.8215", "test_acc": "0.8224"}\nbest epoch: 0';

/** The output of LAVIS: its configuration, indented, then a line per split and epoch. */
const lavis = [
  JSON.stringify(
    {
      run: { task: 'multimodal_classification', max_epoch: 2, train_splits: ['train'] },
      model: { arch: 'blip_nlvr', vit_type: 'base', epoch: 7 },
      datasets: { nlvr: { build_info: { annotations: { val: { val_acc: 'x' } } } } },
    },
    null,
    4,
  ),
  '{"train_lr": "0.000", "train_loss": "0.683"}',
  '{"val_agg_metrics": 0.61, "val_acc": 0.61, "val_best_epoch": 0}',
  '{"test_agg_metrics": 0.6, "test_acc": 0.6, "test_best_epoch": 0}',
  '{"train_lr": "0.000", "train_loss": "0.540"}',
  '',
].join('\n');

const evals = (events: readonly RunEvent[], split: string): unknown[] =>
  events.flatMap((event) =>
    event.type === 'eval' && event.split === split ? [[event.step, event.accuracy]] : [],
  );

describe("BLIP's log.txt", () => {
  it('is read with its numbers as strings; the first of equal epochs is the best', async () => {
    const blip = folder('NLVR2', { 'log.txt': whole, 'config.yaml': 'max_epoch: 3\n' });
    expect(await readRunInfo(blip)).toMatchObject({
      kind: 'imported',
      state: 'finished',
      name: 'NLVR2',
      maxEpoch: 3,
      best: { epoch: 1, accuracy: 0.8215, testAccuracy: 0.5 },
    });
    const events = await blipEvents(blip);
    expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(3);
    expect(evals(events, 'val')).toEqual([
      [1, 0.5102],
      [2, 0.8215],
      [3, 0.8215],
    ]);
  });

  it('contains two runs if BLIP was started twice, each with its own curve and best epoch', async () => {
    // The second is worse: if both were one run, the best epoch would not match its checkpoint.
    const text = `${whole}${line(0, '0.6000')}${line(1, '0.7000')}`;
    const blip = folder('twice', { 'log.txt': text });
    expect(await blipRunInfo(blip)).toMatchObject({
      name: 'twice',
      state: 'running',
      step: 2,
      best: { epoch: 1, accuracy: 0.7 },
    });
    const [first] = await otherRunsOfLog(blip);
    expect(await blipRunInfo(first)).toMatchObject({
      name: 'twice #1',
      state: 'finished',
      best: { accuracy: 0.8215 },
    });
    expect(evals(await blipEvents(blip), 'val')).toEqual([
      [1, 0.6],
      [2, 0.7],
    ]);
    expect(evals(await blipEvents(first), 'val')).toHaveLength(3);
  });

  it('contains two runs if the first was killed after its first epoch', () => {
    // With a single process, BLIP ends after its first epoch because of dist.barrier().
    const { runs } = parseTrainingLog(line(0, '0.5000') + line(0, '0.5500') + line(1, '0.6000'));
    expect(runs.map(({ epochs }) => epochs.length)).toEqual([1, 2]);
  });

  it('of a training that was resumed is one run: the later epoch counts', () => {
    const { runs } = parseTrainingLog(
      line(0, '0.5') + line(1, '0.6') + line(1, '0.7') + line(2, '0.8'),
    );
    expect(runs.map(({ epochs }) => epochs.map(({ val }) => val))).toEqual([[0.5, 0.7, 0.8]]);
  });

  it('with an evaluation after the training shows both as separate runs', async () => {
    const blip = folder('evaluated', { 'log.txt': `${whole}${evaluation}` });
    expect(await blipRunInfo(blip)).toMatchObject({ step: 3, state: 'finished' });
    const [other] = await otherRunsOfLog(blip);
    expect(await blipRunInfo(other)).toMatchObject({ maxEpoch: 0, best: { accuracy: 0.8215 } });
  });

  it('has a gap for nan, and ignores an incomplete line', async () => {
    const text = `${line(0, 'nan', 'nan')}${line(1, '0.6')}{"train_lr": "0.0000", "train_lo`;
    const blip = folder('nan', { 'log.txt': text });
    const events = await blipEvents(blip);
    expect(evals(events, 'val')).toEqual([
      [1, null],
      [2, 0.6],
    ]);
    expect(events[0]).toMatchObject({ type: 'epoch', loss: null });
    // Killed and started again: the line of the new run follows the incomplete one.
    appendFileSync(join(blip, 'log.txt'), line(0, '0.7'));
    expect(evals(await blipEvents(blip), 'val')).toEqual([[1, 0.7]]);
  });

  it('with percentages, as written by some forks, is converted to fractions with a note', async () => {
    const blip = folder('percent', { 'log.txt': line(0, '51.02') + line(1, '82.15') });
    const events = await blipEvents(blip);
    expect(evals(events, 'val')).toEqual([
      [1, 0.5102],
      [2, 0.8215],
    ]);
    expect(events[0]).toMatchObject({ type: 'note', code: 'percentages' });
  });

  it.each([
    ['a configuration alone', '{\n    "model": {\n        "epoch": 3\n    }\n}\n', /have model/],
    [
      'a log of another task',
      '{"train_loss": "1.2", "val_txt_r1": 70.1, "epoch": 0}\n',
      /train_loss, val_txt_r1/,
    ],
    ['no objects', 'hello\n', /no epoch was found/],
  ])('that is %s is refused with what was expected', async (_what, text, reason) => {
    const other = folder('other', { 'log.txt': text });
    const error = await blipRunInfo(other).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(reason) as string });
    expect(error).toMatchObject({
      hint: expect.stringMatching(/train_loss, val_acc, test_acc and epoch/) as string,
    });
  });

  it('that is missing is refused, but not before the first epoch of BLIP', async () => {
    await expect(blipRunInfo(folder('none', {}))).rejects.toThrow(/no readable log.txt/);
    expect(
      await readRunInfo(folder('mine', { 'config.yaml': 'image_root: x\nann_root: y\n' })),
    ).toBeUndefined();
    // The output of Python's yaml.dump.
    const dumped =
      'ann_root: annotation\nimage_root: /data\nmax_epoch: 15\npretrained: model.pth\n';
    const early = folder('early', { 'config.yaml': dumped });
    expect(await readRun(early)).toMatchObject({
      status: 'running',
      info: { step: 0, maxEpoch: 15 },
    });
  });
});

describe('a log of LAVIS', () => {
  it('is read after its configuration: epochs, with val and test separate', async () => {
    const folderOfIt = folder('20230315104', { 'log.txt': lavis });
    expect(await blipRunInfo(folderOfIt)).toMatchObject({
      state: 'running',
      step: 2,
      maxEpoch: 2,
      versions: { nlvr: 'LAVIS' },
      best: { epoch: 0, accuracy: 0.61, testAccuracy: 0.6 },
    });
    const events = await blipEvents(folderOfIt);
    expect(evals(events, 'val')).toEqual([[1, 0.61]]);
    expect(evals(events, 'test')).toEqual([[1, 0.6]]);
    expect(events.flatMap((event) => (event.type === 'epoch' ? [event.loss] : []))).toEqual([
      0.683, 0.54,
    ]);
    // LAVIS does not log the end: the last epoch of its configuration is the end.
    appendFileSync(
      join(folderOfIt, 'log.txt'),
      '{"val_agg_metrics": 0.7, "val_acc": 0.7, "val_best_epoch": 1}\n',
    );
    expect(await blipRunInfo(folderOfIt)).toMatchObject({ state: 'finished', best: { epoch: 1 } });
  });
});

describe('a log that grows', () => {
  it('returns each epoch once, and everything again when another run starts', async () => {
    const blip = folder('live', { 'log.txt': line(0, '0.5') });
    const log = join(blip, 'log.txt');
    const source = openEvents(blip, 'imported');
    const read = async () => {
      const { reset, events } = await source.read();
      return [
        reset,
        ...evals(
          events.map(({ event }) => event),
          'val',
        ),
      ];
    };
    expect(await read()).toEqual([false, [1, 0.5]]);
    expect(await read()).toEqual([false]);
    appendFileSync(log, line(1, '0.6').slice(0, 30));
    expect(await read()).toEqual([false]);
    appendFileSync(log, line(1, '0.6').slice(30));
    expect(await read()).toEqual([false, [2, 0.6]]);
    appendFileSync(log, `best epoch: 1${line(0, '0.7')}`);
    expect(await read()).toEqual([true, [1, 0.7]]);
  });

  it('is running while it may grow, lost after three epochs without output, and finished when it says so', async () => {
    const blip = folder('silent', {
      'log.txt': line(0, '0.5') + line(1, '0.6'),
      'config.yaml': 'max_epoch: 9\n',
    });
    const log = join(blip, 'log.txt');
    const now = Date.now();
    // Two epochs in two hours.
    const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000);
    utimesSync(join(blip, 'config.yaml'), at(240), at(240));
    utimesSync(log, at(120), at(120));
    const running = await readRun(blip, now);
    expect(running).toMatchObject({ status: 'running', info: { step: 2, totalSteps: 9 } });
    const t = (text: string) => text;
    expect(
      runDescription(
        { folder: blip, status: 'running', message: null, hint: null, info: running!.info },
        t,
      ),
    ).toBe('imported · 22% · 60.0%');
    utimesSync(join(blip, 'config.yaml'), at(420), at(420));
    utimesSync(log, at(300), at(300));
    const lost = await readRun(blip, now);
    expect(lost?.status).toBe('lost');
    expect(lost?.message).toMatchObject({
      text: expect.stringContaining('has not grown since') as string,
    });
    appendFileSync(log, 'best epoch: 1');
    expect((await readRun(blip, now))?.status).toBe('finished');
  });

  it('lists its earlier run as soon as another starts, and removes both together', async () => {
    const blip = folder('list', { 'log.txt': whole });
    const registry = new FolderRunRegistry(() => undefined);
    try {
      await registry.add(blip);
      expect(registry.runs.map(({ info }) => info.name)).toEqual(['list']);
      appendFileSync(join(blip, 'log.txt'), line(0, '0.4'));
      await registry.refresh(blip);
      await expect
        .poll(() => registry.runs.map(({ info }) => info.name).sort())
        .toEqual(['list', 'list #1']);
      expect(registry.runs.filter(({ folder: path }) => isOtherRunOfLog(path))).toHaveLength(1);
      registry.forget(blip);
      expect(registry.runs).toEqual([]);
    } finally {
      registry.dispose();
    }
  });
});

describe("an evaluation of the folder's own checkpoint", () => {
  it('is a point of the curve, with consistency, at the epoch of the best checkpoint', async () => {
    const measured = { accuracy: 0.822, consistency: 0.4, loss: 0.41, examples: 6982, groups: [] };
    const metrics = {
      val: { ...measured, checkpoint: 'checkpoint_best.pth' },
      test: { ...measured, checkpoint: '/other.pth' },
    };
    const blip = folder('own', { 'log.txt': whole, 'metrics.json': JSON.stringify(metrics) });
    expect(await isTrainedByBlip(blip)).toBe(true);
    expect(await readRunInfo(blip)).toMatchObject({ kind: 'imported' });
    const own = (await blipEvents(blip)).filter(
      (event) => event.type === 'eval' && event.epoch === null,
    );
    expect(own).toEqual([
      expect.objectContaining({
        split: 'val',
        step: 2,
        accuracy: 0.822,
        consistency: 0.4,
        predictions: 'predictions/val.jsonl',
      }),
    ]);
  });

  it('finds its images with the configuration of the evaluation', async () => {
    const images = join(root, 'images');
    mkdirSync(images);
    const blip = folder('elsewhere', {
      'log.txt': whole,
      'config.yaml': 'image_root: /export/share/nlvr2\n',
    });
    expect((await runPaths(blip, ''))?.imageRoot).toBe('/export/share/nlvr2');
    writeFileSync(join(blip, 'evaluation.yaml'), `image_root: ${images}\n`);
    expect((await runPaths(blip, ''))?.imageRoot).toBe(images);
  });
});
