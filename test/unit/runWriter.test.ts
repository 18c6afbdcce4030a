import {
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunInfo } from '../../src/run/runInfo';
import { requireUsableFolder, RunWriter, type RunStart } from '../../src/run/runWriter';
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

describe('what a killed trainer left half written', () => {
  const leftovers = [
    '.checkpoint_best.safetensors.4711.0a1b2c3d.tmp',
    '.checkpoint_003.safetensors.4711.0a1b2c3d.tmp',
    'checkpoint_last.new/.model.safetensors.4711.0a1b2c3d.tmp',
    'checkpoint_last.old/trainer.json',
    '.features/features.bin',
  ];
  const kept = ['checkpoint_last/trainer.json', 'mine.tmp', '.notes.json.4711.0a1b2c3d.tmp'];

  function leave(): void {
    for (const file of [...leftovers, ...kept]) {
      mkdirSync(join(root, file, '..'), { recursive: true });
      writeFileSync(join(root, file), '{}');
    }
  }

  test('goes when the run is resumed', () => {
    leave();
    open({ mode: 'resume' }).close('stopped');
    expect(leftovers.filter((file) => existsSync(join(root, file)))).toEqual([]);
    expect(kept.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('goes when the run is overwritten', () => {
    leave();
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

  test('the only whole checkpoint stays, whatever its name', () => {
    leave();
    rmSync(join(root, 'checkpoint_last'), { recursive: true });
    open({ mode: 'resume' }).close('stopped');
    expect(existsSync(join(root, 'checkpoint_last.old', 'trainer.json'))).toBe(true);
  });
});

describe('a folder that cannot be used', () => {
  test('a file in its place, or above it', () => {
    writeFileSync(root, 'mine');
    expect(() => open()).toThrow(UserError);
    expect(() => requireUsableFolder(root, 'new')).toThrow(/it is a file/);
    root = join(root, 'deeper');
    expect(() => requireUsableFolder(root, 'new')).toThrow(UserError);
    expect(() => open()).toThrow(/a folder above it is a file/);
  });

  test('folders where files belong', () => {
    mkdirSync(join(root, 'events.jsonl'), { recursive: true });
    // As --resume is, which does not mind traces of a run.
    mkdirSync(join(root, 'checkpoint_last'));
    expect(() => open({ mode: 'resume' })).toThrow(UserError);
    expect(existsSync(join(root, 'run.lock'))).toBe(false);
  });
});

describe('the end of a run', () => {
  test('that fails is told by a second call, which does not hide why', () => {
    const writer = open({
      observe: ({ type }) => {
        if (type === 'end') throw new Error('nobody listens');
      },
    });
    expect(() => writer.close('finished')).toThrow('nobody listens');
    writer.close('failed', 'nobody listens');
    expect(runJson()).toMatchObject({ state: 'failed', message: 'nobody listens' });
    expect(existsSync(join(root, 'run.lock'))).toBe(false);
    const ends = readFileSync(join(root, 'events.jsonl'), 'utf8').match(/"type":"end"/g);
    expect(ends).toHaveLength(1);
  });
});
