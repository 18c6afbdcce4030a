/** examples/python/nlvr_run.py with plain Python and the PyTorch example: its files are read as any run, also after failures. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Ajv, { type ValidateFunction } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pytorch } from '../../scripts/pytorch.mjs';
import { consistencyGroupOf } from '../../src/data/annotations/format';
import { crossEntropyOf, measurePredictions } from '../../src/analysis/metrics';
import { generateSample } from '../../src/data/sample/generateSample';
import { EventReader } from '../../src/run/read/eventReader';
import type { Prediction } from '../../src/run/predictions';
import { readPredictions } from '../../src/run/read/readPredictions';
import { readRun } from '../../src/run/read/readRun';
import { RunFolder } from '../../src/run/runFolder';
import { runPaths } from '../../src/run/runPaths';
import { requireUsableFolder } from '../../src/run/record/runWriter';
import { inEnglish } from '../../src/util/localize';
import { killProcess, removeFolder } from './tinyProject';

const run = promisify(execFile);
/** The documented schema of a file. */
const schema = (name: string): ValidateFunction =>
  new Ajv().compile(
    JSON.parse(
      readFileSync(join(__dirname, `../../configs/${name}.schema.json`), 'utf8'),
    ) as object,
  );
const linesOf = (file: string): unknown[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

const env = {
  ...process.env,
  PYTHONPATH: join(__dirname, '../../examples/python'),
  PYTHONDONTWRITEBYTECODE: '1',
};

let root: string;
let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-python-'));
  folder = join(root, 'run');
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(killProcess));
  await removeFolder(root);
});

/** Runs a script with `Run` and the folder. @returns its output, or the text of an exception */
async function python(body: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const script = join(root, 'train.py');
  writeFileSync(script, `from nlvr_run import Run\nfolder = ${JSON.stringify(folder)}\n${body}\n`);
  const ended = run('python3', [script], { cwd: root, env: { ...env, ...more } });
  return ended.then(
    ({ stdout }) => stdout,
    ({ stderr }: { stderr: string }) => stderr,
  );
}

/** Starts a script that runs until it is ended; resolves when it is ready. */
async function background(body: string): Promise<ChildProcess & { pid: number }> {
  const script = join(root, 'background.py');
  const waits = 'import time\nprint("up", flush=True)\ntime.sleep(600)';
  writeFileSync(
    script,
    `from nlvr_run import Run\nfolder = ${JSON.stringify(folder)}\n${body}\n${waits}\n`,
  );
  const child = spawn('python3', [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

const events = async () =>
  (await new EventReader(join(folder, 'events.jsonl')).read()).events.map(({ event }) => event);
const steps = async () =>
  (await events()).flatMap((event) => (event.type === 'step' ? [[event.step, event.loss]] : []));

async function readStatus(): Promise<{
  status: string;
  message: string | null;
  hint: string | null;
}> {
  const read = await readRun(folder);
  if (!read) throw new Error('no run');
  const english = (words: typeof read.message) => (words === null ? null : inEnglish(words));
  return { status: read.status, message: english(read.message), hint: english(read.hint) };
}

const ROWS = `rows = [
  dict(identifier=f"dev-{i // 4}-{i % 2}-{i // 2 % 2}", sentence=f"s {i}", images=[f"images/l{i}.png", "r.png"],
       label=["True", False, None][i % 3], logits=[0.3 * i - 1, 0.5], group=["count", ""][i % 2])
  for i in range(16)]`;

describe('a run that is written from Python', () => {
  it('is a run like any other: state, curves, predictions, and the numbers of the official scripts', async () => {
    await python(`
import math
with Run(folder, {"image_root": "images", "lr": 1e-5, "clip": math.inf}, max_epoch=2, steps_per_epoch=2,
         examples={"val": 16}, trainer="PyTorch", device="cpu") as run:
    run.log(1, loss=0.7, lr=1e-3, accuracy=0.5, speed=10)
    run.log(2, loss=float("nan"), lr=1e-3, accuracy=0.7)
    ${ROWS.replaceAll('\n', '\n    ')}
    print(run.evaluation("val", 0, rows))
    run.log(3, loss=0.5, lr=1e-4)
    run.note("warning", "the loss was no number", code="nan-loss")`);
    const read = await readRun(folder);
    expect(read).toMatchObject({
      status: 'finished',
      info: {
        name: 'run',
        trainer: 'PyTorch',
        step: 3,
        epoch: 1,
        totalSteps: 4,
        best: { epoch: 0, step: 2 },
      },
    });
    expect((await events()).map(({ type }) => type)).toEqual([
      'start',
      'step',
      'step',
      'epoch',
      'eval',
      'watch',
      'step',
      'note',
      'epoch',
      'end',
    ]);
    // NaN is a gap in the steps and in the mean of the epoch.
    expect(await steps()).toEqual([
      [1, 0.7],
      [2, null],
      [3, 0.5],
    ]);
    expect((await events())[3]).toMatchObject({ loss: null, accuracy: 0.6 });
    expect((await runPaths(folder, ''))?.imageRoot).toBe(join(root, 'images'));

    const predictions: Prediction[] = [];
    for await (const batch of readPredictions(new RunFolder(folder).predictionsOf('val', 0))) {
      expect(batch.skipped).toBe(0);
      predictions.push(...batch.predictions);
    }
    expect(predictions[1]).toMatchObject({
      identifier: 'dev-0-1-0',
      index: 1,
      label: false,
      images: ['images/l1.png', 'r.png'],
    });
    const measured = measurePredictions(
      predictions.map(({ identifier, label, group = null }) => ({
        label,
        group,
        consistencyGroup: consistencyGroupOf(identifier),
      })),
      (i) => ({
        prediction: predictions[i].prediction,
        loss: crossEntropyOf(predictions[i].logits, predictions[i].label),
      }),
    );
    const found = (await events()).find((event) => event.type === 'eval');
    expect(found).toMatchObject({
      ...measured,
      loss: expect.closeTo(measured.loss ?? 0, 12) as number,
    });
  });

  it.each([
    [
      'with "with"',
      'with Run(folder) as run:\n    run.log(1, 0.5, 0.1)\n    raise RuntimeError("CUDA out of memory")',
    ],
    [
      'without',
      'run = Run(folder)\nrun.log(1, 0.5, 0.1)\nraise RuntimeError("CUDA out of memory")',
    ],
  ])(
    'has failed with the message of the exception that ended the script, %s',
    async (_how, body) => {
      await python(body);
      expect(await readStatus()).toEqual({
        status: 'failed',
        message: 'RuntimeError: CUDA out of memory',
        hint: null,
      });
      expect((await events()).at(-1)).toMatchObject({ type: 'end', state: 'failed' });
    },
  );

  it('is stopped if the script ends without finishing it, and by Ctrl-C', async () => {
    await python('run = Run(folder)\nrun.log(1, 0.5, 0.1)');
    expect(await readStatus()).toMatchObject({
      status: 'stopped',
      message: 'The script ended without calling finish().',
    });
    await python('with Run(folder, overwrite=True) as run:\n    raise KeyboardInterrupt');
    expect(await readStatus()).toMatchObject({
      status: 'stopped',
      message: 'Interrupted by the keyboard.',
    });
  });

  it('is running while its process runs, refused to other processes meanwhile, and failed as soon as it is killed', async () => {
    const child = await background(
      'run = Run(folder, max_epoch=1, steps_per_epoch=9)\nfor i in range(4): run.log(i + 1, 0.5, 0.1)',
    );
    expect(await readStatus()).toMatchObject({ status: 'running' });
    expect(await python('Run(folder, overwrite=True)')).toContain(`by process ${child.pid}`);
    await kill(child);
    const endedRun = await readStatus();
    expect(endedRun).toMatchObject({
      status: 'failed',
      message: 'The training process ended without an error message.',
    });
    expect(endedRun.hint).not.toContain('esume');
    // nlvr does not restart it as its own run.
    expect(() => requireUsableFolder(folder, 'resume')).toThrow(/a run of background.py/);
    expect(existsSync(join(folder, 'events.jsonl'))).toBe(true);
  });

  it('resumes after a kill in the middle of a line, and discards what was logged after the checkpoint', async () => {
    const child = await background(
      'run = Run(folder)\nfor i in range(4): run.log(i + 1, 0.5, 0.1)',
    );
    await kill(child);
    writeFileSync(join(folder, 'events.jsonl'), '{"type": "step", "step": 5, "lo', { flag: 'a' });
    expect(await python('Run(folder)')).toMatch(
      /already contains a run \(run, running\)\. It was not changed/,
    );
    await python(
      'with Run(folder, resume_step=2, resume_epoch=0) as run:\n    run.log(3, 0.25, 0.1)',
    );
    expect(await steps()).toEqual([
      [1, 0.5],
      [2, 0.5],
      [3, 0.25],
    ]);
    expect(await readStatus()).toMatchObject({ status: 'finished' });
    expect(readdirSync(folder).sort()).toEqual([
      'config.yaml',
      'events.jsonl',
      'predictions',
      'run.json',
    ]);
  });

  it('has no accuracy if answers are not numbers, with a note', async () => {
    const printed = await python(`
run = Run(folder)
${ROWS}
rows[3]["logits"] = [float("nan"), 0]
print(run.evaluation("val", 0, rows))
run.finish()`);
    expect(printed).toContain("'accuracy': None");
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'eval', accuracy: null }),
    );
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'note', code: 'not-finite-answers' }),
    );
    expect((await readRun(folder))?.info.best).toBeNull();
  });

  it('is written by the first of several processes only', async () => {
    await python('run = Run(folder)\nrun.log(1, 0.5, 0.1)\nrun.finish()', { RANK: '1' });
    expect(existsSync(folder)).toBe(false);
  });

  it('stops on request, but ignores a request for an earlier run', async () => {
    const printed = await python(`
import os
os.makedirs(folder)
request = os.path.join(folder, "stop.request")
open(request, "w").close()
run = Run(folder)
print(run.stop_requested)
open(request, "w").close()
print(run.stop_requested)
run.finish("stopped")
print(os.path.exists(request))`);
    expect(printed.trim().split('\n')).toEqual(['False', 'True', 'False']);
    expect(await readStatus()).toMatchObject({ status: 'stopped' });
  });

  it('continues training when the disk is full, or its folder was removed', async () => {
    const printed = await python(`
import shutil
run = Run(folder)
run.log(1, 0.5, 0.1)
shutil.rmtree(folder)
run.evaluation("val", 0, [])
run.finish()
print("trained")`);
    expect(printed.trim()).toBe('trained');
  });

  it.each([
    [
      'sentence',
      "dict(identifier='x', images=['a', 'b'], prediction=True)",
      "prediction 0 of val has no 'sentence'",
    ],
    [
      'answer',
      "dict(identifier='x', sentence='s', images=['a', 'b'])",
      "has none of 'logits', 'prob_true' and 'prediction'",
    ],
    [
      'label',
      "dict(identifier='x', sentence='s', images=['a', 'b'], label='maybe', prediction=1)",
      "label is 'maybe'; expected True or False",
    ],
  ])('refuses predictions without a usable %s, which it reports', async (_what, row, message) => {
    expect(await python(`run = Run(folder)\nrun.evaluation("val", 0, [${row}])`)).toContain(
      message,
    );
  });
});

describe('train_pytorch.py', () => {
  it('trains on the sample, and its predictions match the annotations and have existing images', async () => {
    const sample = join(root, 'shapes');
    await generateSample(sample, { sets: { train: 1, dev: 1, test1: 1, easy: 1 } });
    const script = join(__dirname, '../../examples/python/train_pytorch.py');
    await run(pytorch(), [script, 'shapes', 'run', '--epochs', '2', '--batch', '8'], {
      cwd: root,
      env,
    });
    const read = await readRun(folder);
    expect(read).toMatchObject({
      status: 'finished',
      info: { maxEpoch: 2, step: 8, totalSteps: 8 },
    });
    expect(read?.info.trainer).toMatch(/^PyTorch \d/);
    const annotations = JSON.parse(
      readFileSync(join(sample, 'annotation', 'nlvr_dev.json'), 'utf8'),
    ) as { identifier: string; label: string; images: string[] }[];
    const paths = await runPaths(folder, '');
    const answered = linesOf('predictions/val-epoch-001.jsonl') as Prediction[];
    expect(answered.map(({ identifier, label }) => [identifier, label])).toEqual(
      annotations.map(({ identifier, label }) => [identifier, label === 'True']),
    );
    for (const { images } of answered)
      for (const image of images)
        expect(existsSync(join(paths?.imageRoot ?? '', image)), image).toBe(true);
  });
});

describe('the JSON schemas', () => {
  it('accept every file that nlvr_run.py writes', async () => {
    await python(`
run = Run(folder, device="cpu", parameters=7)
run.log(1, float("inf"), 0.1, accuracy=0.5, grad_norm=2, speed=3, memory=4)
${ROWS}
rows[3] = dict(rows[3], logits=[float("nan"), 0])
rows[4] = dict(identifier="x", sentence="s", images=["a", "b"], prediction=True)
run.evaluation("val", 0, rows)
run.evaluation("test", None, rows[:2])
run.note("info", "so", hint="do")
run.finish("failed", "why")`);
    const event = schema('event');
    for (const line of linesOf('events.jsonl'))
      expect(event(line), JSON.stringify([line, event.errors])).toBe(true);
    const prediction = schema('prediction');
    for (const line of linesOf('predictions/val-epoch-000.jsonl'))
      expect(prediction(line), JSON.stringify([line, prediction.errors])).toBe(true);
    const info = schema('run');
    expect(
      info(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))),
      JSON.stringify(info.errors),
    ).toBe(true);
  });

  it('refuse what would not be shown', () => {
    const event = schema('event');
    expect(event({ type: 'eval', time: 1, split: 'dev', epoch: 0, step: 1, accuracy: 0.5 })).toBe(
      false,
    );
    expect(event({ type: 'step', time: 1, loss: 0.5, lr: 0.1 })).toBe(false);
    expect(
      schema('prediction')({ identifier: 'x', sentence: 's', images: ['a'], prediction: true }),
    ).toBe(false);
    expect(schema('run')({ format: 'nlvr-run', schema: 1, kind: 'train', state: 'running' })).toBe(
      false,
    );
  });
});

describe('a run.json that another program writes', () => {
  const write = (more: object): void =>
    writeFileSync(
      join(folder, 'run.json'),
      JSON.stringify({
        format: 'nlvr-run',
        schema: 1,
        trainer: 'mine',
        kind: 'train',
        state: 'running',
        ...more,
      }),
    );
  const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
  const backdate = (seconds: number): void => {
    const time = new Date(Date.now() - seconds * 1000);
    utimesSync(join(folder, 'run.json'), time, time);
  };
  beforeEach(() => mkdirSync(folder));

  it('is running according to its heartbeat, within the interval that it specifies, and lost afterward', async () => {
    write({ started: ago(600), heartbeat: ago(100), heartbeatEvery: 60 });
    backdate(100);
    expect(await readStatus()).toMatchObject({ status: 'running' });
    write({ started: ago(600), heartbeat: ago(100) });
    backdate(100);
    const stale = await readStatus();
    expect(stale.status).toBe('lost');
    expect(stale.hint).toBe(
      'It may still be training there. If it has ended, start it again there.',
    );
  });

  it.each([
    ['an hour ahead', () => ago(-3600)],
    ['in another zone, with its offset', () => `${ago(0).slice(0, -5)}+09:00`],
    [
      'in another zone, without one',
      () => new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, -1),
    ],
    ['as seconds since 1970', () => Date.now() / 1000],
  ])('is running with a clock that is %s', async (_how, time) => {
    const now = time();
    write({ started: now, heartbeat: now });
    const read = await readRun(folder);
    expect(read?.status).toBe('running');
    // It sorts among the others.
    expect(read?.info.started).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('with times without a time zone has the correct start time', async () => {
    // Ten minutes ago by a clock nine hours ahead.
    const local = (seconds: number) =>
      new Date(Date.now() - seconds * 1000 + 9 * 3_600_000)
        .toISOString()
        .slice(0, -1)
        .replace('T', ' ');
    write({ started: local(600), heartbeat: local(0) });
    const started = Date.parse((await readRun(folder))?.info.started ?? '');
    expect(Math.abs(Date.now() - 600_000 - started)).toBeLessThan(60_000);
  });

  it("with Python's NaN is read, and its events as well", async () => {
    writeFileSync(
      join(folder, 'run.json'),
      '{"format": "nlvr-run", "schema": 1, "state": "finished", "best": {"accuracy": NaN}, "name": "NaN"}',
    );
    writeFileSync(
      join(folder, 'events.jsonl'),
      '{"type": "step", "step": 1, "loss": -Infinity, "lr": 1e-05}\n',
    );
    expect((await readRun(folder))?.info).toMatchObject({ name: 'NaN', best: null });
    expect(await steps()).toEqual([[1, null]]);
  });

  it('with events that lack required fields omits only those events', async () => {
    const lines = [
      { type: 'watch', epoch: 0 },
      { type: 'watch', epoch: 0, pairs: [null] },
      { type: 'note' },
      { type: 'eval', step: 1, split: 'dev', accuracy: 0.5 },
      { type: 'step', step: 1, epoch: 0, loss: 0.5, lr: 0.1 },
    ];
    writeFileSync(
      join(folder, 'events.jsonl'),
      lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
    const reader = new EventReader(join(folder, 'events.jsonl'));
    expect((await reader.read()).events).toHaveLength(1);
    expect(reader.skipped).toBe(4);
  });
});
