/** Tests the host of the runs table: marks, names, and what is read and sent again. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunRows } from '../../src/extension/runsTable/runRows';
import { RunsSession } from '../../src/extension/runsTable/session';
import { FolderRunRegistry } from '../../src/extension/runs/folderRegistry';
import { RunColors } from '../../src/extension/runs/runColors';
import { RunMarks } from '../../src/extension/runs/runMarks';
import { migrateRunInfo } from '../../src/run/read/migrate';
import type { ToWebview } from '../../src/webview/runs/messages';

/** A workspace state like VS Code's, which stores values as JSON. */
function memory(stored = new Map<string, string>()) {
  return {
    get: <T>(key: string, otherwise: T): T => {
      const text = stored.get(key);
      return text === undefined ? otherwise : (JSON.parse(text) as T);
    },
    update: (key: string, value: unknown) => {
      stored.set(key, JSON.stringify(value));
      return Promise.resolve();
    },
  };
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-runs-table-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(name: string, started: string, config: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const best = { epoch: 1, step: 4, accuracy: 0.75, consistency: null, testAccuracy: 0.5 };
  const whole = { schema: 1, kind: 'train', state: 'finished', step: 4, name, started, best };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(migrateRunInfo(whole, folder)));
  writeFileSync(join(folder, 'config.yaml'), config);
  return folder;
}

/** A registry of two runs, and a table of them. */
async function table() {
  const folders = [
    run('a', '2026-01-02T00:00:00.000Z', 'seed: 1\ninit_lr: 0.0001\n'),
    run('b', '2026-01-01T00:00:00.000Z', 'seed: 2\ninit_lr: 0.0001\n'),
  ];
  const stored = memory();
  const marks = new RunMarks(stored);
  const registry = new FolderRunRegistry(
    () => undefined,
    (folder) => marks.nameOf(folder),
  );
  marks.onDidChange((changed) => {
    for (const folder of changed) registry.rename(folder);
  });
  for (const folder of folders) await registry.add(folder);
  const sent: ToWebview[] = [];
  const saved: string[] = [];
  const rows = new RunRows((folder) => folder.slice(root.length + 1));
  const session = new RunsSession(rows, {
    send: (message) => void sent.push(message),
    runs: () => registry.runs,
    markOf: (folder) => marks.of(folder),
    setMarks: (keys, change) => marks.set(keys, change),
    configurationOf: () => '',
    trusted: () => true,
    trust: () => undefined,
    view: () => ({}),
    keepView: () => undefined,
    action: () => undefined,
    startTraining: () => undefined,
    configurationKeys: () => Promise.resolve([]),
    plan: () => Promise.resolve([]),
    queue: () => Promise.resolve(0),
    openNew: () => Promise.resolve(),
    colors: (keys) => new RunColors(stored).of(keys),
    save: (text) => Promise.resolve(String(saved.push(text))),
    problem: (doing, error) => {
      throw new Error(doing, { cause: error });
    },
    translate: (text) => text,
  });
  registry.onDidChange(() => session.refresh());
  marks.onDidChange(() => session.refresh());
  await session.ready();
  return { folders, marks, registry, rows, session, sent, saved, stored };
}

const rowsOf = (sent: readonly ToWebview[]) =>
  sent.flatMap((message) => (message.type === 'rows' ? message.rows : []));

describe('marks of runs', () => {
  it('survive a reload, are removed with the run, and are valid whatever was stored', async () => {
    const stored = new Map<string, string>();
    const marks = new RunMarks(memory(stored));
    await marks.set(['/r/a', '/r/b'], () => ({ starred: true, name: '  My \n run ' }));
    await marks.set(['/r/a'], ({ tags }) => ({ tags: [...tags, 'good', 'good', ' '] }));
    const again = new RunMarks(memory(stored));
    expect(again.of('/r/a')).toMatchObject({ starred: true, name: 'My run', tags: ['good'] });
    expect(again.nameOf('/r/c')).toBeUndefined();
    await again.forget(['/r/a']);
    await again.set(['/r/b'], () => ({ starred: false, name: '' }));
    expect(stored.get('nlvr.runMarks')).toBe('{}');
    stored.set(
      'nlvr.runMarks',
      '{"/r/a": {"starred": "yes", "tags": [1, "x"], "name": null}, "/r/b": 3}',
    );
    expect(new RunMarks(memory(stored)).of('/r/a')).toEqual({
      starred: false,
      archived: false,
      name: '',
      description: '',
      tags: ['x'],
    });
  });

  it('rename a run everywhere, and restore its own name', async () => {
    const { folders, marks, registry } = await table();
    const [a] = folders;
    await marks.set([a], () => ({ name: 'Baseline' }));
    expect(registry.get(a)).toMatchObject({ info: { name: 'Baseline' }, ownName: 'a' });
    await registry.refresh(a);
    expect(registry.get(a)).toMatchObject({ info: { name: 'Baseline' }, ownName: 'a' });
    await marks.set([a], () => ({ name: '' }));
    expect(registry.get(a)?.info.name).toBe('a');
    expect(registry.get(a)).not.toHaveProperty('ownName');
    registry.dispose();
  });
});

describe('the rows of the table', () => {
  it('are sent with the keys that differ, and again only for a run that has changed', async () => {
    const { folders, registry, rows, sent } = await table();
    const [a, b] = folders;
    expect(rowsOf(sent).map(({ key, ownName, values }) => [key, ownName, values[7]])).toEqual([
      [a, 'a', 0.75],
      [b, 'b', 0.75],
    ]);
    const configuration = sent.find((message) => message.type === 'configuration');
    expect(configuration?.configuration).toEqual({
      runs: [a, b],
      columns: [{ key: 'seed', values: ['1', '2'] }],
    });
    const before = rows.get(b);
    sent.length = 0;
    writeFileSync(join(a, 'metrics.json'), '{"test": {"epoch": 1, "accuracy": 0.6, "loss": 0.5}}');
    run('a', '2026-01-02T00:00:01.000Z', 'seed: 1\ninit_lr: 0.0001\n');
    utimesSync(join(a, 'config.yaml'), new Date(0), new Date(0));
    await registry.refresh(a);
    await vi.waitFor(() => expect(rowsOf(sent).map(({ key }) => key)).toEqual([a]));
    expect(rowsOf(sent)[0].values[9]).toBe(0.6);
    expect(rows.get(b)).toBe(before);
    sent.length = 0;
    rmSync(b, { recursive: true });
    await registry.refresh(b);
    await vi.waitFor(() => expect(sent).toContainEqual({ type: 'removed', keys: [b] }));
    registry.dispose();
  });

  it('change with the marks, and are exported as nlvr runs --csv, with them', async () => {
    const { folders, registry, session, sent, saved } = await table();
    const [a, b] = folders;
    sent.length = 0;
    await session.message({
      type: 'mark',
      keys: [a, '/not/a/run'],
      change: { starred: true, name: 'Best, so far' },
    });
    await session.message({ type: 'tags', keys: [a], add: ['x', 'y'], remove: [] });
    await session.message({ type: 'tags', keys: [a, b], add: ['z'], remove: ['x'] });
    await vi.waitFor(() => {
      const last = rowsOf(sent).findLast(({ key }) => key === a);
      expect(last).toMatchObject({
        starred: true,
        name: 'Best, so far',
        ownName: 'a',
        tags: ['y', 'z'],
      });
    });
    await session.requests.export({ keys: [b, a], configuration: ['seed'] });
    expect(saved[0].split('\n')).toEqual([
      'run,name,kind,state,started,step,best_epoch,val_accuracy,val_consistency,test_accuracy,test_consistency,val_loss,test_loss,trained_seconds,display_name,starred,archived,tags,description,seed',
      expect.stringMatching(/^b,b,train,finished,.*,0\.75,,0\.5,.*,,false,false,z,,2$/),
      expect.stringMatching(/^a,a,train,finished,.*,"Best, so far",true,false,y z,,1$/),
      '',
    ]);
    registry.dispose();
  });
});

it('gives selected runs the colors that the dashboard has for them', async () => {
  const { folders, stored, session } = await table();
  const dashboard = new RunColors(stored).of(['/elsewhere', ...folders]);
  const keys = [folders[1], folders[0], '/not/in/the/table'];
  expect(await session.requests.colors({ keys })).toEqual({
    [folders[0]]: dashboard[1],
    [folders[1]]: dashboard[2],
  });
});
