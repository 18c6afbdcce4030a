import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blipEvents, blipRunInfo, parseBlipLog } from '../../src/run/blipLog';
import { findRunFolders, watchFolder } from '../../src/run/discovery';
import { openEvents } from '../../src/run/eventSource';
import { lastWords } from '../../src/run/lastWords';
import { migrateRunInfo, readRunInfo } from '../../src/run/migrate';
import { RUN_SCHEMA_VERSION } from '../../src/run/runInfo';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-runs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function folder(path: string, files: Record<string, string> = {}): string {
  const made = join(root, path);
  mkdirSync(made, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

describe('findRunFolders', () => {
  it('finds runs at and below the roots, each once, and none inside a run', async () => {
    const a = folder('output/NLVR', { 'run.json': '{}' });
    const b = folder('output/deep/er/NLVR-2', { 'run.json': '{}' });
    folder('output/NLVR/nested', { 'run.json': '{}' });
    const found = await findRunFolders([root, join(root, 'output'), join(root, 'missing')]);
    expect(found.sort()).toEqual([a, b].sort());
  });

  it('passes over hidden folders, dependencies, links and anything deeper than asked', async () => {
    folder('.hidden/run', { 'run.json': '{}' });
    folder('node_modules/run', { 'run.json': '{}' });
    const deep = folder('a/b/c', { 'run.json': '{}' });
    symlinkSync(deep, join(root, 'link'));
    expect(await findRunFolders([root], { maxDepth: 2 })).toEqual([]);
    expect(await findRunFolders([root], { maxDepth: 3 })).toEqual([deep]);
  });

  it('does not walk a folder with thousands of entries', async () => {
    const many = folder('pictures');
    for (let i = 0; i < 2100; i++) writeFileSync(join(many, `${i}.png`), '');
    folder('pictures/run', { 'run.json': '{}' });
    expect(await findRunFolders([root])).toEqual([]);
  });

  it('can be cancelled', async () => {
    folder('run', { 'run.json': '{}' });
    expect(await findRunFolders([root], { signal: AbortSignal.abort() })).toEqual([]);
  });
});

describe('watchFolder', () => {
  it('tells of a replaced file, also in a folder that appears later', async () => {
    const late = join(root, 'late');
    let told = 0;
    const watch = watchFolder(late, () => told++, 300);
    try {
      await expect.poll(() => told, { timeout: 20_000 }).toBeGreaterThan(0);
      folder('late', { 'run.json.tmp': '{}' });
      const before = told;
      renameSync(join(late, 'run.json.tmp'), join(late, 'run.json'));
      await expect.poll(() => told, { timeout: 20_000 }).toBeGreaterThan(before + 1);
    } finally {
      watch.dispose();
    }
    const after = told;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(told).toBe(after);
  });
});

const log = [
  '{"train_lr": "0.000", "train_loss": "0.6931", "val_acc": "0.5102", "test_acc": "0.5031", "epoch": 0}',
  '{"train_lr": "0.000", "train_loss": "0.5120", "val_acc": "0.8215", "test_acc": "0.8224", "epoch": 1}',
  '{"train_lr": "0.000", "train_loss": "0.4410", "val_acc": "0.8215", "test_acc": "0.8301", "epoch": 2}',
  'best epoch: 1{"val_acc": "0.8215", "test_acc": "0.8224"}',
  'best epoch: 0',
].join('\n');

describe("BLIP's log.txt", () => {
  it('is read with its numbers as strings and its glued lines', () => {
    const lines = parseBlipLog(log);
    expect(lines.map(({ epoch, valAcc }) => [epoch, valAcc])).toEqual([
      [0, 0.5102],
      [1, 0.8215],
      [2, 0.8215],
      [null, 0.8215],
    ]);
  });

  it('becomes a finished imported run with the first of equal best epochs', async () => {
    const blip = folder('NLVR2', { 'log.txt': log, 'config.yaml': 'image_size: 384\n' });
    const info = await readRunInfo(blip);
    expect(info).toMatchObject({
      kind: 'imported',
      state: 'finished',
      name: 'NLVR2',
      maxEpoch: 3,
      best: { epoch: 1, accuracy: 0.8215, testAccuracy: 0.8224 },
    });
    expect((await blipRunInfo(blip)).id).toBe(info?.id);
    const events = await blipEvents(blip);
    expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'eval')).toHaveLength(8);
    const source = openEvents(blip, 'imported');
    expect((await source.read()).events).toHaveLength(11);
    expect((await source.read()).events).toHaveLength(0);
  });

  it('of something else is refused with a remedy', async () => {
    const other = folder('other', { 'log.txt': 'hello\n' });
    await expect(blipRunInfo(other)).rejects.toThrow(/no epoch was found/);
    await expect(blipRunInfo(join(root, 'missing'))).rejects.toThrow(/no log.txt/);
  });
});

describe('migrateRunInfo', () => {
  const today = {
    schema: 1,
    id: 'x',
    name: 'calm-fox-1',
    kind: 'train',
    state: 'finished',
    created: '2026-01-01T00:00:00.000Z',
    started: '2026-01-01T00:00:00.000Z',
    ended: null,
    pid: 4,
    processStart: '77',
    host: 'h',
    heartbeat: '2026-01-01T00:00:05.000Z',
    configFile: '/c/nlvr.yaml',
    configHash: 'abc',
    versions: { nlvr: '0.1.0', node: 'v20.0.0', tensorflow: '2.21.0' },
    device: 'cpu',
    precision: 'fp32',
    threads: 2,
    lanes: 2,
    epoch: 2,
    maxEpoch: 3,
    step: 30,
    totalSteps: 30,
    best: { epoch: 1, step: 20, accuracy: 0.8, consistency: null, testAccuracy: 0.79 },
    message: null,
    hint: null,
  };

  it("keeps today's as it is", () => {
    expect(migrateRunInfo(today, '/runs/a')).toEqual(today);
  });

  it('opens one without a version, with a bare best accuracy and times in seconds', () => {
    const old = {
      name: 'old',
      state: 'finished',
      started: 1_700_000_000,
      best: 0.75,
      bestEpoch: 4,
    };
    const info = migrateRunInfo(old, '/runs/old');
    expect(info).toMatchObject({
      schema: RUN_SCHEMA_VERSION,
      id: 'old',
      kind: 'train',
      started: '2023-11-14T22:13:20.000Z',
      best: { epoch: 4, accuracy: 0.75, consistency: null },
    });
  });

  it('reads a newer one as far as it is understood', () => {
    const newer = { ...today, schema: 9, state: 'hibernating', novel: true, precision: 'fp4' };
    expect(migrateRunInfo(newer, '/runs/new')).toMatchObject({
      schema: 9,
      state: 'stopped',
      precision: null,
      best: { accuracy: 0.8 },
    });
  });

  it('gives harmless values for wrong types, and refuses what is no object', () => {
    const info = migrateRunInfo({ schema: 1, step: 'many', best: [], versions: 3 }, '/runs/odd');
    expect(info).toMatchObject({ name: 'odd', step: 0, best: null, versions: { nlvr: '' } });
    expect(() => migrateRunInfo([], '/runs/odd')).toThrow(/does not describe a run/);
  });

  it('says that a damaged file is damaged, and knows a folder without a run', async () => {
    const damaged = folder('damaged', { 'run.json': '{"name":' });
    await expect(readRunInfo(damaged)).rejects.toThrow(/not valid JSON/);
    expect(await readRunInfo(folder('empty'))).toBeUndefined();
    expect(await readRunInfo(join(root, 'missing'))).toBeUndefined();
  });
});

describe('lastWords', () => {
  const now = new Date().toISOString();
  const cause = async (text: string, ending?: { code: number | null; signal: string | null }) =>
    (await lastWords(folder('run', { 'trainer.log': text }), ending, now)).cause;

  it.each([
    ['OOM when allocating tensor with shape[64,577,768]', 1, 'memory'],
    ['terminate called after throwing std::bad_alloc', null, 'memory'],
    ['', 137, 'killed'],
    ['the TensorFlow library was not found. Install it with: nlvr runtime install', 3, 'runtime'],
    ['nlvr.yaml:3: unknown key', 2, 'input'],
    ['Training diverged: the loss became NaN at step 7 of epoch 0.', 1, 'nan'],
    ['Segmentation fault (core dumped)', null, 'crash'],
    ['TypeError: x is not a function', 1, 'unknown'],
  ])('%s, exit %s: %s', async (text, code, expected) => {
    expect(await cause(text, code === null ? undefined : { code, signal: null })).toBe(expected);
  });

  it('takes silence for an end from outside, and quotes nothing then', async () => {
    expect(await cause('epoch 1', { code: null, signal: 'SIGKILL' })).toBe('killed');
    expect(await cause('epoch 1', { code: null, signal: 'SIGSEGV' })).toBe('crash');
    expect(await cause('epoch 1')).toBe('killed');
    const run = folder('run', { 'trainer.log': 'OOM when allocating\nat step 3\n' });
    expect((await lastWords(run, undefined, now)).telling).toBe('OOM when allocating');
    const silent = folder('run', { 'trainer.log': 'epoch 1\n' });
    expect((await lastWords(silent, undefined, now)).telling).toBeNull();
  });

  it('notices that the machine was restarted since', async () => {
    const run = folder('run', { 'trainer.log': 'epoch 1' });
    const before = new Date(Date.now() - 20 * 365 * 86_400_000).toISOString();
    expect((await lastWords(run, undefined, before)).cause).toBe('restart');
  });

  it('gives the last lines as a terminal would leave them', async () => {
    const text = 'first\n\u001b[31mred\u001b[0m\n 1%\r 50%\r 99%\n\n';
    const { lines } = await lastWords(folder('run', { 'trainer.log': text }), undefined, now);
    expect(lines).toEqual(['first', 'red', '99%']);
  });

  it('has no words for a run without trainer.log', async () => {
    expect((await lastWords(root, undefined, now)).lines).toEqual([]);
  });
});
