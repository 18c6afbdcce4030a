/** Curves of other programs: TensorBoard's event files and CSV tables, in and out. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { setSourcesTrusted } from '../../src/run/curves/curvesFile';
import { curveForName } from '../../src/run/curves/curveNames';
import { detectCurves, importCurves } from '../../src/run/curves/importCurves';
import { openEvents } from '../../src/run/read/eventSource';
import type { EvalEvent, RunEvent, StepEvent } from '../../src/run/events';
import { migrateRunInfo } from '../../src/run/read/migrate';
import { readRun } from '../../src/run/read/readRun';
import { encodeRecord } from '../../src/run/tensorboard/records';
import { scalarMessage, versionMessage } from '../../src/run/tensorboard/scalars';
import { crc32c } from '../../src/util/crc32c';
import { inEnglish } from '../../src/util/localize';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'tensorboard');
const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

let root: string;
let run: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-curves-'));
  run = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const imported = (source: string, overrides = {}) =>
  importCurves({ source, overrides, folder: run, name: 'theirs', overwrite: false, version: '1' });

/** All events of the imported run. */
async function eventsOf(folder = run): Promise<RunEvent[]> {
  const { events } = await openEvents(folder, 'imported').read();
  return events.map(({ event }) => event);
}
const stepsIn = (events: RunEvent[]) =>
  events.filter((event): event is StepEvent => event.type === 'step');
const evalsIn = (events: RunEvent[]) =>
  events
    .filter((event): event is EvalEvent => event.type === 'eval')
    .map(({ split, epoch, step, accuracy }) => [split, epoch, step, accuracy]);
const notesIn = (events: RunEvent[]) =>
  events.flatMap((event) => (event.type === 'note' ? [event.message] : []));

function table(name: string, ...lines: string[]): string {
  const file = join(root, name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const scalars = (step: number, values: Record<string, number>, time = 1000 + step) =>
  encodeRecord(
    scalarMessage(
      step,
      time,
      Object.entries(values).map(([tag, value]) => ({ tag, value })),
    ),
  );

describe("TensorBoard's event files", () => {
  it('have the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('from PyTorch: assigns common names, lists the others; NaN is a gap, percent becomes a fraction', async () => {
    const { report, problems } = await imported(join(fixtures, 'pytorch'));
    expect(problems).toEqual([]);
    expect(report).toMatchObject({
      format: 'tensorboard',
      curves: {
        'loss/train': 'train/loss',
        lr: 'train/learning_rate',
        'accuracy/val': 'eval/accuracy',
      },
      others: ['gpu/temperature'],
      inPercent: ['accuracy/val'],
      steps: 20,
      epochs: 2,
      best: 0.6900000000000001,
    });
    const events = await eventsOf();
    const steps = stepsIn(events);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(steps[7].loss).toBeNull();
    expect(steps[8]).toMatchObject({ time: 1_700_000_016, epoch: 0 });
    expect(steps[8].loss).toBeCloseTo(0.62);
    expect(steps[8].lr).toBeCloseTo(1.8e-5);
    expect(evalsIn(events)).toEqual([
      ['val', 0, 9, 0.59],
      ['val', 1, 19, 0.6900000000000001],
    ]);
    const read = await readRun(run);
    expect(read?.status).toBe('finished');
    expect(read?.info).toMatchObject({
      kind: 'imported',
      started: '2023-11-14T22:13:20.000Z',
      best: { epoch: 1, step: 19 },
      step: 19,
      maxEpoch: 2,
    });
  });

  it('from Keras: tensors, with a folder per split', async () => {
    const { report } = await imported(join(fixtures, 'keras'));
    expect(report).toMatchObject({ others: [], best: 0.75, epochs: 2 });
    const events = await eventsOf();
    expect(stepsIn(events).map(({ loss }) => loss)).toEqual([0.5, 0.375]);
    expect(evalsIn(events)).toEqual([
      ['train', 0, 0, 0.5],
      ['val', 0, 0, 0.5],
      ['train', 1, 1, 0.625],
      ['val', 1, 1, 0.75],
    ]);
    // For one split only, and with the user's selection.
    await importCurves({
      source: join(fixtures, 'keras', 'validation'),
      overrides: { 'accuracy/test': 'epoch_accuracy', 'loss/train': '' },
      folder: join(root, 'other'),
      name: 'other',
      overwrite: false,
      version: '1',
    });
    expect(evalsIn(await eventsOf(join(root, 'other')))).toEqual([
      ['test', 0, 0, 0.5],
      ['test', 1, 1, 0.75],
    ]);
  });

  it('are read while they grow, including incomplete records', async () => {
    const file = join(root, 'logs', 'events.out.tfevents.1.host');
    mkdirSync(dirname(file));
    writeFileSync(file, encodeRecord(versionMessage(1000)));
    appendFileSync(file, scalars(1, { loss: 0.75, lr: 0.25 }));
    await imported(dirname(file));
    const source = openEvents(run, 'imported');
    expect(await source.sourceFolder?.()).toBe(dirname(file));
    expect((await source.read()).events).toHaveLength(1);
    expect(await source.read()).toMatchObject({ reset: false, events: [] });

    const next = scalars(2, { loss: 0.5 });
    appendFileSync(file, next.subarray(0, 20));
    expect(await source.read()).toMatchObject({ reset: false, events: [] });
    appendFileSync(file, next.subarray(20));
    appendFileSync(file, scalars(2, { 'val/acc': 0.625 }));
    appendFileSync(file, scalars(3, { loss: 0.25 }));
    const grown = await source.read();
    expect(grown.reset).toBe(false);
    expect(grown.events.map(({ event }) => event)).toMatchObject([
      { type: 'step', step: 2, loss: 0.5, lr: 0.25, time: 1002 },
      { type: 'step', step: 3, loss: 0.25 },
    ]);
    // A scalar that did not exist at the import is not one of the curves.
    expect((await readRun(run))?.info).toMatchObject({ step: 3, best: null });

    // A training that restarts at an earlier step: the later records count.
    appendFileSync(file, scalars(2, { loss: 1 }));
    const again = await source.read();
    expect(again.reset).toBe(true);
    expect(stepsIn(again.events.map(({ event }) => event)).map(({ loss }) => loss)).toEqual([
      0.75, 1,
    ]);
    // Another file of the same training, as after a restart.
    writeFileSync(join(dirname(file), 'events.out.tfevents.2.host'), scalars(3, { loss: 2 }));
    expect((await source.read()).events).toHaveLength(1);
    truncateSync(file, 0);
    expect((await source.read()).reset).toBe(true);
  });

  it('are checked: damaged records are skipped and reported', async () => {
    const file = join(root, 'events.out.tfevents.1.host');
    const records = [1, 2, 3].map((step) => scalars(step, { loss: step }));
    records[1][20] ^= 1;
    writeFileSync(file, Buffer.concat(records));
    const { problems } = await imported(file);
    expect(problems.map(inEnglish)).toEqual([
      `${file} has damaged records, which are skipped: 1 (the first at byte ${records[0].length}). Their checksums are wrong.`,
    ]);
    const whole = await eventsOf();
    expect(stepsIn(whole).map(({ step }) => step)).toEqual([1, 3]);
    expect(notesIn(whole).join()).toContain('damaged records');

    const lengths = Buffer.concat([...records, Buffer.alloc(64), scalars(4, { loss: 4 })]);
    writeFileSync(file, lengths);
    const after = await eventsOf();
    expect(stepsIn(after).map(({ step }) => step)).toEqual([1, 3]);
    expect(notesIn(after)[1]).toContain('a length has a wrong checksum');

    const beyond = join(root, 'tfevents.beyond');
    writeFileSync(beyond, Buffer.concat([scalars(-1, { loss: 1 }), scalars(2 ** 32, { loss: 1 })]));
    await expect(detectCurves(beyond)).resolves.toMatchObject({ scalars: [] });
    run = join(root, 'other');
    await expect(imported(beyond)).rejects.toThrow('exceeds 32 bits, which are skipped: 2.');
    writeFileSync(beyond, 'This is no event file at all.');
    await expect(imported(beyond)).rejects.toThrow(`${beyond} is damaged at byte 0`);
  });

  it('of several trainings are refused with their names, like a folder without event files', async () => {
    for (const name of ['a', 'b'])
      cpSync(join(fixtures, 'pytorch'), join(root, 'logs', name), { recursive: true });
    await expect(imported(join(root, 'logs'))).rejects.toThrow(
      `${join(root, 'logs')} contains the event files of several trainings: a, b.`,
    );
    mkdirSync(join(root, 'none'));
    await expect(imported(join(root, 'none'))).rejects.toThrow('has no TensorBoard event files');
    await expect(imported(join(fixtures, 'pytorch'), { lr: 'rate' })).rejects.toThrow(
      /has no scalar rate. Its scalars are train\/loss, /,
    );
    expect(existsSync(run)).toBe(false);
  });
});

describe('names of scalars', () => {
  it.each([
    ['loss', 'loss/train'],
    ['train_loss_step', 'loss/train'],
    ['Loss/train', 'loss/train'],
    ['trainLoss', 'loss/train'],
    ['lr-AdamW/pg1', 'lr'],
    ['train/learning_rate', 'lr'],
    ['LearningRate', 'lr'],
    ['val_acc', 'accuracy/val'],
    ['eval/accuracy', 'accuracy/val'],
    ['validation/epoch_accuracy', 'accuracy/val'],
    ['acc/test', 'accuracy/test'],
    ['eval_loss', 'loss/val'],
    ['dev/consistency', 'consistency/val'],
    ['train/grad_norm', 'gradient_norm'],
    ['samples_per_second', 'examples_per_second'],
    ['train/epoch', 'epoch'],
    ['total_flos', undefined],
    ['eval/runtime', undefined],
    ['itc_loss', undefined],
  ])('%s is %s', (name, curve) => {
    expect(curveForName(name)).toBe(curve);
  });
});

describe('tables of curves', () => {
  it("as Keras' CSVLogger writes them: an epoch counts as a step", async () => {
    const file = table(
      'log.csv',
      'epoch,accuracy,loss,val_accuracy,val_loss',
      '0,0.5,0.7,0.55,0.69',
      '1,0.6,nan,0.65,0.6',
      '',
    );
    const { report } = await imported(file);
    expect(report).toMatchObject({ steps: 2, epochs: 2, best: 0.65, others: [] });
    const events = await eventsOf();
    expect(stepsIn(events).map(({ step, loss }) => [step, loss])).toEqual([
      [1, 0.7],
      [2, null],
    ]);
    expect(evalsIn(events)).toEqual([
      ['train', 0, 1, 0.5],
      ['val', 0, 1, 0.55],
      ['train', 1, 2, 0.6],
      ['val', 1, 2, 0.65],
    ]);
  });

  it('from Lightning and Weights & Biases: empty fields, rows in any order, run names in the header', async () => {
    const file = table(
      'metrics.csv',
      'Step,"fox, 3 - train_loss_step","fox, 3 - train_loss_step__MIN",fox - val/acc,fox - note,epoch',
      '20,0.5,0.4,,late,1',
      '10,0.7,0.6,,,0',
      '10,,,0.5,x,0',
      '20,,,0.75,,1',
      'end,,,,,',
    );
    const { report, problems } = await imported(file);
    expect(report.curves).toEqual({
      'loss/train': 'train_loss_step',
      'accuracy/val': 'val/acc',
      epoch: 'epoch',
    });
    expect(report.others).toEqual([]);
    expect(problems.map(inEnglish)).toEqual([
      `${file} has rows without a step, which are skipped: 1 (the first on line 6).`,
    ]);
    const events = await eventsOf();
    expect(stepsIn(events).map(({ step, epoch, loss }) => [step, epoch, loss])).toEqual([
      [10, 0, 0.7],
      [20, 1, 0.5],
    ]);
    expect(evalsIn(events)).toEqual([
      ['val', 0, 10, 0.5],
      ['val', 1, 20, 0.75],
    ]);
  });

  it('as exported by TensorBoard, named by the file', async () => {
    const file = table('run-x-tag-val_acc.csv', 'Wall time,Step,Value', '1700000000.5,3,0.5');
    await imported(file);
    expect(evalsIn(await eventsOf())).toEqual([['val', 0, 3, 0.5]]);
  });

  it('are read while they grow, even within a line', async () => {
    const file = table('log.csv', 'step,loss', '1,0.5', '2,0.4');
    await imported(file);
    const source = openEvents(run, 'imported');
    await source.read();
    appendFileSync(file, '5\n3,0.25\n');
    const corrected = await source.read();
    expect(corrected.reset).toBe(true);
    expect(corrected.events.map(({ event }) => 'loss' in event && event.loss)).toEqual([
      0.5, 0.45, 0.25,
    ]);
    appendFileSync(file, '4,0.125\n');
    expect(await source.read()).toMatchObject({
      reset: false,
      events: [{ step: 4, event: { loss: 0.125 } }],
    });
  });

  it('report errors of another file, and find a file that was moved together with the run', async () => {
    const other = table('predictions.csv', 'identifier,prediction', 'dev-1-0-0,True');
    await expect(imported(other)).rejects.toThrow('it has no step column');
    const plain = table('plain.csv', 'step,foo', '1,2');
    await expect(imported(plain)).rejects.toThrow(
      `${plain} has no scalar with a common curve name. Its scalars are foo.`,
    );
    mkdirSync(join(root, 'here'));
    const file = table('here/log.csv', 'step,loss', '1,0.5');
    run = join(root, 'here', 'run');
    await imported(file);
    renameSync(join(root, 'here'), join(root, 'there'));
    run = join(root, 'there', 'run');
    expect(await eventsOf()).toHaveLength(1);
    rmSync(join(root, 'there', 'log.csv'));
    await expect(eventsOf()).rejects.toThrow(`are read from ${file}, which no longer exists`);
    expect((await readRun(run))?.info.step).toBe(1);
  });
});

it('are not read from outside of an untrusted workspace, or from something other than a file', async () => {
  const file = table('log.csv', 'step,loss', '1,0.5');
  await imported(file);
  setSourcesTrusted(false);
  onTestFinished(() => setSourcesTrusted(true));
  await expect(eventsOf()).rejects.toThrow('are read from files outside the run folder');
  expect((await readRun(run))?.info).toMatchObject({ name: 'theirs', step: 1 });
  setSourcesTrusted(true);
  expect(await eventsOf()).toHaveLength(1);
  const curves = join(run, 'curves.json');
  writeFileSync(curves, readFileSync(curves, 'utf8').replaceAll(file, '/dev/zero'));
  await expect(eventsOf()).rejects.toThrow('/dev/zero is not a file');
});

describe('nlvr export and nlvr import of curves', () => {
  const nlvr = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      cwd: root,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it.each(['tensorboard', 'csv'])('a round trip as %s returns the same curves', async (format) => {
    const ours = join(root, 'ours');
    mkdirSync(ours);
    const info = { schema: 1, kind: 'train', name: 'ours', state: 'finished', step: 4 };
    const started = '2026-01-02T00:00:00.000Z';
    writeFileSync(
      join(ours, 'run.json'),
      JSON.stringify(migrateRunInfo({ ...info, started }, ours)),
    );
    const evaluated = { consistency: 0.25, loss: 0.5, examples: 9, seconds: 1, groups: [] };
    const events: object[] = [
      { type: 'step', time: 1001, step: 1, epoch: 0, loss: 0.75, lr: 0.5, gradNorm: 2, speed: 8 },
      { type: 'step', time: 1002, step: 2, epoch: 0, loss: null, lr: 0.25 },
      { type: 'epoch', time: 1003, epoch: 0, step: 2, loss: 0.5, accuracy: 0.5, lr: 0, seconds: 1 },
      { type: 'eval', time: 1004, split: 'val', epoch: 0, step: 2, accuracy: 0.5, ...evaluated },
      { type: 'step', time: 1005, step: 3, epoch: 1, loss: 0.5, lr: 0.125 },
      { type: 'step', time: 1006, step: 4, epoch: 1, loss: 0.25, lr: 0.0625 },
      {
        type: 'epoch',
        time: 1007,
        epoch: 1,
        step: 4,
        loss: 0.5,
        accuracy: 0.75,
        lr: 0,
        seconds: 1,
      },
      { type: 'eval', time: 1008, split: 'val', epoch: 1, step: 4, accuracy: 0.75, ...evaluated },
      // The best checkpoint, evaluated after the training.
      {
        type: 'eval',
        time: 9000,
        split: 'test',
        epoch: null,
        step: 2,
        accuracy: 0.5,
        ...evaluated,
      },
    ];
    writeFileSync(
      join(ours, 'events.jsonl'),
      events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    );
    const target = format === 'csv' ? 'curves.csv' : 'log';
    const written = nlvr('export', '--format', format, 'ours', target);
    expect(written.stderr).toBe('');
    if (format === 'tensorboard') {
      const file = join(root, target, 'events.out.tfevents.1767312000.nlvr');
      expect(written.stdout).toContain(file);
      // A second export replaces the file.
      expect(nlvr('export', '--format', format, 'ours', target).stderr).toContain('already exists');
      expect(nlvr('export', '--format', format, '--overwrite', 'ours', target).status).toBe(0);
    } else
      expect(readFileSync(join(root, target), 'utf8').split('\n').slice(0, 3)).toEqual([
        'step,wall_time,loss/train,lr,accuracy/train,accuracy/val,accuracy/test,consistency/val,consistency/test,loss/val,loss/test,gradient_norm,examples_per_second,epoch',
        '1,1001,0.75,0.5,,,,,,,,2,8,0',
        '2,9000,NaN,0.25,0.5,0.5,0.5,0.25,0.25,0.5,0.5,,,0',
      ]);

    const read = nlvr('import', target, '--json');
    expect(read.stderr).toBe('');
    const report = JSON.parse(read.stdout) as { run: string; others: string[] };
    expect(report).toMatchObject({
      run: join(root, 'output', format === 'csv' ? 'curves' : 'log'),
      others: [],
      steps: 4,
      epochs: 2,
      best: 0.75,
    });
    const back = await eventsOf(report.run);
    expect(
      stepsIn(back).map(({ step, epoch, loss, lr, gradNorm }) => [step, epoch, loss, lr, gradNorm]),
    ).toEqual([
      [1, 0, 0.75, 0.5, 2],
      [2, 0, null, 0.25, undefined],
      [3, 1, 0.5, 0.125, undefined],
      [4, 1, 0.25, 0.0625, undefined],
    ]);
    expect(evalsIn(back)).toEqual([
      ['train', 0, 2, 0.5],
      ['val', 0, 2, 0.5],
      ['test', 0, 2, 0.5],
      ['train', 1, 4, 0.75],
      ['val', 1, 4, 0.75],
    ]);
  });

  it('refuse other files, and explain how to import predictions', () => {
    const refused = nlvr(
      'import',
      table('p.csv', 'identifier,prediction', 'a,True'),
      '--split',
      'val',
    );
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('Predictions need --config and --split; --config is missing.');
    expect(nlvr('import', 'p.csv').stderr).toMatch(
      /it has no step column\. .* Predictions need --config and --split\.$/m,
    );
    expect(nlvr('export', 'nowhere').stderr).toContain('The format to export is not specified.');
    expect(nlvr('export', '--format', 'csv', 'nowhere').stderr).toContain('does not contain a run');
    expect(nlvr('import', 'x', '--curve', 'y=z').stderr).toContain('curves are loss/train, lr');
  });
});
