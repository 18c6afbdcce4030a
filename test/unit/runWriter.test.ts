import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunInfo } from '../../src/run/runInfo';
import { requireUsableFolder, RunWriter, type RunStart } from '../../src/run/record/runWriter';
import { trainedSeconds, wallSeconds } from '../../src/run/record/trainedTime';
import { UserError } from '../../src/util/userError';

let scratch: string;
let root: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  root = join(scratch, 'run');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function open(more: Partial<RunStart> = {}): RunWriter {
  return RunWriter.open({
    root,
    kind: 'train',
    configFile: 'nlvr.yaml',
    configHash: '',
    configText: 'seed: 42\n',
    version: '0',
    mode: 'new',
    ...more,
  });
}

const runJson = (): RunInfo => JSON.parse(readFileSync(join(root, 'run.json'), 'utf8')) as RunInfo;

const start = {
  type: 'start',
  v: 1,
  step: 0,
  epoch: 0,
  maxEpoch: 1,
  stepsPerEpoch: 1,
  totalSteps: 1,
  examples: {},
  device: 'CPU',
  precision: 'fp32',
  parameters: 1,
} as const;

describe('the time spent training', () => {
  afterEach(() => vi.useRealTimers());

  test('is the total of all attempts, from the start of training, without the time between them', () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_000_000 });
    const first = open();
    // Checks and loading do not count as training.
    vi.setSystemTime(1_040_000);
    first.event({ ...start, resumed: false });
    vi.setSystemTime(1_101_000);
    first.close('stopped');
    expect(runJson().trainedSeconds).toBe(61);
    mkdirSync(join(root, 'checkpoint_last'));
    vi.setSystemTime(9_000_000);
    const second = open({ mode: 'resume' });
    second.event({ ...start, resumed: true });
    vi.setSystemTime(9_030_000);
    second.close('finished');
    expect(trainedSeconds(runJson())).toBe(91);
    expect(wallSeconds(runJson())).toBe(8030);
  });
});

test('does not decrease if the clock is set back', () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 9_000_000 });
  try {
    const writer = open();
    writer.event({ ...start, resumed: false });
    vi.advanceTimersByTime(60_000);
    vi.setSystemTime(5_400_000);
    vi.advanceTimersByTime(60_000);
    writer.close('finished');
    expect(runJson().trainedSeconds).toBeGreaterThan(100);
    expect(runJson().trainedSeconds).toBeLessThan(125);
  } finally {
    vi.useRealTimers();
  }
});

describe('incomplete files of a killed trainer', () => {
  const leftovers = [
    '.checkpoint_best.safetensors.4711.0a1b2c3d.tmp',
    '.checkpoint_003.safetensors.4711.0a1b2c3d.tmp',
    'checkpoint_last.new/.model.safetensors.4711.0a1b2c3d.tmp',
    'checkpoint_last.old/trainer.json',
    '.features/features.bin',
  ];
  const unrelatedFiles = [
    'checkpoint_last/trainer.json',
    'mine.tmp',
    '.notes.json.4711.0a1b2c3d.tmp',
  ];

  function writeFiles(): void {
    for (const file of [...leftovers, ...unrelatedFiles]) {
      mkdirSync(join(root, file, '..'), { recursive: true });
      writeFileSync(join(root, file), '{}');
    }
  }

  test('are removed when the run is resumed', () => {
    writeFiles();
    open({ mode: 'resume' }).close('stopped');
    expect(leftovers.filter((file) => existsSync(join(root, file)))).toEqual([]);
    expect(unrelatedFiles.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('are removed when the run is overwritten', () => {
    writeFiles();
    open({ mode: 'overwrite' }).close('stopped');
    expect(readdirSync(root).sort()).toEqual([
      '.notes.json.4711.0a1b2c3d.tmp',
      'config.yaml',
      'events.jsonl',
      'mine.tmp',
      'predictions',
      'run.json',
    ]);
  });

  test('do not include the only complete checkpoint', () => {
    writeFiles();
    rmSync(join(root, 'checkpoint_last'), { recursive: true });
    open({ mode: 'resume' }).close('stopped');
    expect(existsSync(join(root, 'checkpoint_last.old', 'trainer.json'))).toBe(true);
  });
});

describe('a folder that cannot be used', () => {
  test('is a file, or below a file', () => {
    writeFileSync(root, 'mine');
    expect(() => open()).toThrow(UserError);
    expect(() => requireUsableFolder(root, 'new')).toThrow(/it is a file/);
    root = join(root, 'deeper');
    expect(() => requireUsableFolder(root, 'new')).toThrow(UserError);
    expect(() => open()).toThrow(/a folder above it is a file/);
  });

  test('has folders in place of files', () => {
    mkdirSync(join(root, 'events.jsonl'), { recursive: true });
    // As with --resume, which accepts files of a run.
    mkdirSync(join(root, 'checkpoint_last'));
    expect(() => open({ mode: 'resume' })).toThrow(UserError);
    expect(existsSync(join(root, 'run.lock'))).toBe(false);
  });
});

describe('a run that ended before its first step', () => {
  /** The files of a training that found no GPU, with the output of its library. */
  function failBeforeFirstStep(): void {
    const writer = open();
    writeFileSync(writer.folder.trainerLog, 'no GPU\n');
    writer.note('warning', 'gpu', 'There is none.');
    writer.close('failed', 'There is no GPU.', 'Set device: cpu.');
  }

  test('is replaced by the next run, except for trainer.log', () => {
    failBeforeFirstStep();
    const failed = runJson();
    requireUsableFolder(root, 'new');
    open({ configText: 'seed: 7\n' }).close('stopped');
    expect(runJson()).toMatchObject({ state: 'stopped', message: null });
    expect(runJson().id).not.toBe(failed.id);
    expect(readFileSync(join(root, 'config.yaml'), 'utf8')).toBe('seed: 7\n');
    expect(readFileSync(join(root, 'trainer.log'), 'utf8')).toBe('no GPU\n');
    expect(readFileSync(join(root, 'events.jsonl'), 'utf8')).not.toContain('There is no GPU');
  });

  test('is replaced if a power failure left no run.json and empty events', () => {
    mkdirSync(root);
    writeFileSync(join(root, 'events.jsonl'), '');
    writeFileSync(join(root, '.run.json.12.0123abcd.tmp'), '');
    requireUsableFolder(root, 'resume');
    open().close('stopped');
    expect(runJson()).toMatchObject({ state: 'stopped' });
  });

  const otherContents: Record<string, () => void> = {
    'a best checkpoint': () => writeFileSync(join(root, 'checkpoint_best.safetensors'), ''),
    'a last checkpoint': () => mkdirSync(join(root, 'checkpoint_last')),
    'an incomplete last checkpoint': () => mkdirSync(join(root, 'checkpoint_last.new')),
    'a previous last checkpoint': () => mkdirSync(join(root, 'checkpoint_last.old')),
    'the checkpoint of an epoch': () => writeFileSync(join(root, 'checkpoint_003.safetensors'), ''),
    predictions: () => writeFileSync(join(root, 'predictions', 'val.jsonl'), '{}'),
    metrics: () => writeFileSync(join(root, 'metrics.json'), '{}'),
    'marks and notes': () => writeFileSync(join(root, 'notes.json'), '{}'),
    "BLIP's log": () => writeFileSync(join(root, 'log.txt'), '{}'),
    'a file of the user': () => writeFileSync(join(root, 'mine.txt'), ''),
    'an event of a step': () =>
      appendFileSync(join(root, 'events.jsonl'), '{"type":"step","step":1}\n'),
    'an event of an evaluation': () =>
      appendFileSync(join(root, 'events.jsonl'), '{"type":"eval","step":0}\n'),
    'an incomplete event': () => appendFileSync(join(root, 'events.jsonl'), '{"type":"st'),
    'a step in run.json': () => changeRun({ step: 1 }),
    'a best result': () => changeRun({ best: { epoch: 0 } }),
    'a run whose process may be running': () => changeRun({ state: 'running' }),
    'a finished run': () => changeRun({ state: 'finished' }),
    'a state of a newer version': () => changeRun({ state: 'paused' }),
    'a newer version': () => changeRun({ schema: 2 }),
    'an evaluation': () => changeRun({ kind: 'evaluate' }),
    'a run.json that cannot be read': () => writeFileSync(join(root, 'run.json'), '{'),
    'no run.json': () => rmSync(join(root, 'run.json')),
  };
  const changeRun = (change: Record<string, unknown>): void =>
    writeFileSync(join(root, 'run.json'), JSON.stringify({ ...runJson(), ...change }));

  test.each(Object.entries(otherContents))(
    'is kept if the folder also contains %s',
    (_what, add) => {
      failBeforeFirstStep();
      add();
      const before = readdirSync(root, { recursive: true }).sort();
      const events = readFileSync(join(root, 'events.jsonl'), 'utf8');
      expect(() => requireUsableFolder(root, 'new')).toThrow(/already contains a run/);
      expect(() => open()).toThrow(/already contains a run/);
      expect(readdirSync(root, { recursive: true }).sort()).toEqual(before);
      expect(readFileSync(join(root, 'events.jsonl'), 'utf8')).toBe(events);
    },
  );

  test('is kept while a trainer holds its lock', () => {
    failBeforeFirstStep();
    writeFileSync(join(root, 'run.lock'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    const before = readFileSync(join(root, 'run.json'), 'utf8');
    expect(() => open()).toThrow(/belongs to process 1 on elsewhere/);
    expect(readFileSync(join(root, 'run.json'), 'utf8')).toBe(before);
  });
});

describe('the end of a run', () => {
  test('that fails is reported by a second call with the original error', () => {
    const writer = open({
      observe: ({ type }) => {
        if (type === 'end') throw new Error('the listener failed');
      },
    });
    expect(() => writer.close('finished')).toThrow('the listener failed');
    writer.close('failed', 'the listener failed');
    expect(runJson()).toMatchObject({ state: 'failed', message: 'the listener failed' });
    expect(existsSync(join(root, 'run.lock'))).toBe(false);
    const ends = readFileSync(join(root, 'events.jsonl'), 'utf8').match(/"type":"end"/g);
    expect(ends).toHaveLength(1);
  });
});
