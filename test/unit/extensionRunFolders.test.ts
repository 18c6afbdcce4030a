import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRunFolders, watchFolder } from '../../src/run/read/discovery';
import { diagnoseExit } from '../../src/run/record/exitDiagnosis';
import { migrateRunInfo, readRunInfo } from '../../src/run/read/migrate';
import { listContent } from '../../src/run/record/ownedFiles';
import { RunFolder } from '../../src/run/runFolder';
import { RUN_SCHEMA_VERSION, type RunInfo } from '../../src/run/runInfo';
import { RUN_FORMAT, runJsonText } from '../../src/run/read/runFormat';
import { requireUsableFolder } from '../../src/run/record/runWriter';

const mark = `{"format": "${RUN_FORMAT}"}`;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-runs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function folder(place: string, files: Record<string, string> = {}): string {
  const path = join(root, place);
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

describe('findRunFolders', () => {
  it('finds runs at and below the roots, each once, and none inside a run', async () => {
    const a = folder('output/NLVR', { 'run.json': mark });
    const b = folder('output/deep/er/NLVR-2', { 'run.json': mark });
    folder('output/NLVR/nested', { 'run.json': mark });
    const found = await findRunFolders([root, join(root, 'output'), join(root, 'missing')]);
    expect(found.sort()).toEqual([a, b].sort());
  });

  it('skips hidden folders, dependencies, links and folders below the maximum depth', async () => {
    folder('.hidden/run', { 'run.json': mark });
    folder('node_modules/run', { 'run.json': mark });
    const deep = folder('a/b/c', { 'run.json': mark });
    symlinkSync(deep, join(root, 'link'));
    expect(await findRunFolders([root], { maxDepth: 2 })).toEqual([]);
    expect(await findRunFolders([root], { maxDepth: 3 })).toEqual([deep]);
  });

  it('does not walk a folder with thousands of entries', async () => {
    const many = folder('pictures');
    for (let i = 0; i < 2100; i++) writeFileSync(join(many, `${i}.png`), '');
    folder('pictures/run', { 'run.json': mark });
    expect(await findRunFolders([root])).toEqual([]);
  });

  it('can be canceled', async () => {
    folder('run', { 'run.json': mark });
    expect(await findRunFolders([root], { signal: AbortSignal.abort() })).toEqual([]);
  });
});

describe('watchFolder', () => {
  it('reports a replaced file, also in a folder that appears later', async () => {
    const late = join(root, 'late');
    let reports = 0;
    const watch = watchFolder(late, () => reports++, 300);
    try {
      await expect.poll(() => reports, { timeout: 20_000 }).toBeGreaterThan(0);
      folder('late', { 'run.json.tmp': mark });
      const before = reports;
      renameSync(join(late, 'run.json.tmp'), join(late, 'run.json'));
      await expect.poll(() => reports, { timeout: 20_000 }).toBeGreaterThan(before + 1);
    } finally {
      watch.dispose();
    }
    const after = reports;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(reports).toBe(after);
  });
});

describe('a run.json of another program', () => {
  const foreign = {
    'a list': '[1, 2]',
    'an object of something else': '{"name": "x", "state": "running", "version": 3}',
    'a format of its own': '{"format": "other", "schema": 1, "state": "x", "heartbeat": "x"}',
    'something damaged': '{"name": ',
  };

  it.each(Object.entries(foreign))('%s is not a run', async (_what, text) => {
    const other = folder('other', { 'run.json': text });
    expect(await readRunInfo(other)).toBeUndefined();
    expect(await findRunFolders([root])).toEqual([]);
    expect(() => requireUsableFolder(other, 'overwrite')).toThrow(/another program/);
  });

  it('is distinguished from those of nlvr, including damaged ones', async () => {
    const text = runJsonText(migrateRunInfo({}, '/x'));
    const ours = folder('ours', { 'run.json': text });
    const torn = folder('torn', { 'run.json': text.slice(0, 60) });
    const older = folder('older', {
      'run.json': '{"schema": 1, "state": "stopped", "heartbeat": "2026-01-01T00:00:00.000Z"}',
    });
    expect((await findRunFolders([root])).sort()).toEqual([older, ours, torn].sort());
    await expect(readRunInfo(torn)).rejects.toThrow(/not valid JSON/);
  });

  it('does not hide the record of a refused start', async () => {
    const refused = folder('refused', {});
    mkdirSync(join(refused, 'attempts'));
    writeFileSync(join(refused, 'attempts', '20260101000000000-abcdef.json'), '{}');
    expect(await findRunFolders([root])).toEqual([refused]);
  });
});

describe("a run's own files", () => {
  it('are distinguished from other files in its folder', () => {
    const run = folder('run', {
      'run.json': '{}',
      'events.jsonl': '',
      'notes.json': '{}',
      'run.lock': '{}',
      'checkpoint_003.safetensors': '',
      '.run.json.12.abcdef01.tmp': '',
      'nlvr.yaml': '',
      'mine.txt': '',
    });
    for (const name of ['attempts', 'predictions', 'images']) mkdirSync(join(run, name));
    const { owned, others } = listContent(new RunFolder(run));
    expect(others).toEqual(['images', 'mine.txt', 'nlvr.yaml']);
    expect(owned.map((file) => basename(file))).toEqual([
      '.run.json.12.abcdef01.tmp',
      'attempts',
      'checkpoint_003.safetensors',
      'events.jsonl',
      'notes.json',
      'predictions',
      'run.json',
      'run.lock',
    ]);
  });
});

describe('migrateRunInfo', () => {
  // `Required`: a new field of run.json must be added here, and cannot be dropped by the reader.
  const today: Required<RunInfo> = {
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
    boot: 'b',
    pidNamespace: 'pid:[4026531836]',
    attempt: 'a1',
    heartbeat: '2026-01-01T00:00:05.000Z',
    heartbeatEvery: 5,
    trainer: 'PyTorch',
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
    trainedSeconds: 91,
    best: { epoch: 1, step: 20, accuracy: 0.8, consistency: null, testAccuracy: 0.79 },
    ranks: [
      { rank: 0, host: 'h', pid: 4, localRank: 0 },
      { rank: 1, host: 'other', pid: 9, localRank: 0 },
    ],
    incomplete: [{ part: 'head', parameters: 12 }],
    message: 'It failed.',
    hint: 'Resume it.',
    phrase: { text: 'It failed.', values: [] },
    hintPhrase: { text: 'Resume it.', values: [] },
  };

  it('keeps a run.json of the current version unchanged', () => {
    expect(migrateRunInfo(today, '/runs/a')).toEqual(today);
  });

  it('reads one without a version, with a bare best accuracy and times in seconds', () => {
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

  it('reads the known fields of a newer one', () => {
    const newer = { ...today, schema: 9, state: 'hibernating', novel: true, precision: 'fp4' };
    expect(migrateRunInfo(newer, '/runs/new')).toMatchObject({
      schema: 9,
      state: 'stopped',
      precision: null,
      best: { accuracy: 0.8 },
    });
  });

  it('replaces values of wrong types, and rejects what is not an object', () => {
    const info = migrateRunInfo({ schema: 1, step: 'many', best: [], versions: 3 }, '/runs/odd');
    expect(info).toMatchObject({ name: 'odd', step: 0, best: null, versions: { nlvr: '' } });
    expect(() => migrateRunInfo([], '/runs/odd')).toThrow(/does not describe a run/);
  });

  it('reports a damaged file, and distinguishes a folder without a run', async () => {
    const damaged = folder('damaged', { 'run.json': '{"name":', 'events.jsonl': '' });
    await expect(readRunInfo(damaged)).rejects.toThrow(/not valid JSON/);
    expect(await readRunInfo(folder('empty'))).toBeUndefined();
    expect(await readRunInfo(join(root, 'missing'))).toBeUndefined();
  });
});

describe('diagnoseExit', () => {
  const now = new Date().toISOString();
  const cause = async (text: string, ending?: { code: number | null; signal: string | null }) =>
    (await diagnoseExit(folder('run', { 'trainer.log': text }), now, { ...(ending && { ending }) }))
      .cause;

  it.each([
    ['OOM when allocating tensor with shape[64,577,768]', 1, 'memory'],
    ['terminate called after throwing std::bad_alloc', null, 'memory'],
    ['Segmentation fault (core dumped)', null, 'crash'],
    ['TypeError: x is not a function', 1, 'exit'],
  ])('%s, exit %s: %s', async (text, code, expected) => {
    expect(await cause(text, code === null ? undefined : { code, signal: null })).toBe(expected);
  });

  it('interprets a missing message as an end from outside, and quotes nothing', async () => {
    expect(await cause('epoch 1', { code: null, signal: 'SIGKILL' })).toBe('killed');
    expect(await cause('epoch 1', { code: null, signal: 'SIGSEGV' })).toBe('crash');
    expect(await cause('epoch 1')).toBe('killed');
    const run = folder('run', { 'trainer.log': 'OOM when allocating\nat step 3\n' });
    expect((await diagnoseExit(run, now)).evidence).toBe('OOM when allocating');
    const silent = folder('run', { 'trainer.log': 'epoch 1\n' });
    expect((await diagnoseExit(silent, now)).evidence).toBeNull();
  });

  it('notices that the machine was restarted since', async () => {
    const run = folder('run', { 'trainer.log': 'epoch 1' });
    const before = new Date(Date.now() - 20 * 365 * 86_400_000).toISOString();
    expect((await diagnoseExit(run, before)).cause).toBe('restart');
  });

  it('reads lines as a terminal would leave them', async () => {
    const run = folder('run', { 'trainer.log': 'ok\n 1%\r\u001b[31mOOM\u001b[0m at 2%\n\n' });
    expect((await diagnoseExit(run, now)).evidence).toBe('OOM at 2%');
  });

  it('has no output for a run without trainer.log', async () => {
    expect((await diagnoseExit(root, now)).evidence).toBeNull();
  });
});
