/** Tests the panel of the runs table, with a fake of VS Code. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dumpConfig } from '../../src/config/dump';
import { parseConfig } from '../../src/config/parse';
import { RunMarks } from '../../src/extension/runs/runMarks';
import type { Run } from '../../src/extension/runs/runRegistry';
import type * as tablePanel from '../../src/extension/runsTable/panel';
import { TrainingQueue } from '../../src/extension/queue/trainingQueue';
import { migrateRunInfo } from '../../src/run/read/migrate';
import type { HostFrame } from '../../src/webview/shared/messages';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-table-panel-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

class Uri {
  constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}
  get fsPath(): string {
    return this.path;
  }
  with({ scheme }: { scheme: string }): Uri {
    return new Uri(scheme, this.path);
  }
  toString(): string {
    return `${this.scheme}:${this.path}`;
  }
  static file(path: string): Uri {
    return new Uri('file', path);
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, join(base.path, ...parts));
  }
}

/** A workspace state like VS Code's, which stores values as JSON. */
function memory() {
  const stored = new Map<string, string>();
  return {
    stored,
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

/** A panel like VS Code's: records messages to the page, and can send messages of the page. */
function fakePanel() {
  const frames: HostFrame[] = [];
  let listener: (frame: unknown) => void = () => undefined;
  const disposed: (() => void)[] = [];
  const panel = {
    title: '',
    visible: true,
    webview: {
      html: '',
      cspSource: 'csp:',
      asWebviewUri: (uri: Uri) => uri,
      postMessage: (frame: HostFrame) => Promise.resolve(frames.push(frame) > 0),
      onDidReceiveMessage: (each: typeof listener) => {
        listener = each;
        return { dispose: () => undefined };
      },
    },
    reveal: vi.fn(),
    onDidChangeViewState: () => ({ dispose: () => undefined }),
    onDidDispose: (each: () => void) => disposed.push(each),
    dispose: () => disposed.forEach((each) => each()),
  };
  return { panel, frames, postMessage: (frame: unknown) => listener(frame) };
}

async function opened(trusted = true) {
  const folder = join(root, 'output', 'calm-fox-1');
  mkdirSync(folder, { recursive: true });
  const configFile = join(root, 'nlvr.yaml');
  const text = '# mine\nimage_root: images\nann_root: .\nseed: 1\n';
  writeFileSync(configFile, text);
  writeFileSync(join(folder, 'config.yaml'), dumpConfig(parseConfig(text).config, root));
  const info = migrateRunInfo(
    { schema: 1, kind: 'train', state: 'finished', name: 'calm-fox-1', configFile },
    folder,
  );
  const run: Run = { folder, info, status: 'finished', message: null, hint: null };
  const commands: unknown[][] = [];
  const untitled: { uri: string; text: string }[] = [];
  const panels = [fakePanel(), fakePanel()];
  const created = vi.fn(() => panels[0].panel);
  const state = memory();
  const services = {
    context: {
      extensionUri: Uri.file('/extension'),
      subscriptions: [],
      workspaceState: state,
    },
    log: nothing(),
    runs: { runs: [run], get: () => run, onDidChange: () => ({ dispose: () => undefined }) },
    program: () =>
      Promise.resolve({
        executable: process.execPath,
        cli: join(root, 'cli.cjs'),
        environment: {},
      }),
  };
  writeFileSync(
    join(root, 'cli.cjs'),
    `console.log('{"version": "2.21.0", "directory": "/tf", "works": true}');`,
  );
  const table = await loadWithVscode<typeof tablePanel>('src/extension/runsTable/panel.ts', {
    Uri,
    ViewColumn: { Active: -1 },
    Disposable: { from: () => ({ dispose: () => undefined }) },
    Range: class {},
    WorkspaceEdit: class {
      replace(uri: Uri, _range: unknown, value: string): void {
        untitled.push({ uri: String(uri), text: value });
      }
    },
    l10n: {
      bundle: undefined,
      t: (message: string, ...values: unknown[]) =>
        message.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)])),
    },
    env: { language: 'en' },
    commands: {
      executeCommand: (...args: unknown[]) => Promise.resolve(void commands.push(args)),
    },
    workspace: nothing({
      isTrusted: trusted,
      workspaceFolders: [{ uri: Uri.file(root), name: 'w' }],
      asRelativePath: (path: string) => path.slice(root.length + 1),
      onDidGrantWorkspaceTrust: () => ({ dispose: () => undefined }),
      openTextDocument: (uri: Uri) => Promise.resolve({ uri, lineCount: 1 }),
      applyEdit: () => Promise.resolve(true),
    }),
    window: nothing({
      tabGroups: { all: [] },
      createWebviewPanel: created,
      showTextDocument: () => Promise.resolve(undefined),
      showWarningMessage: () => Promise.resolve(undefined),
      showSaveDialog: () => Promise.resolve(Uri.file(join(root, 'runs.csv'))),
    }),
  });
  const marks = new RunMarks(state);
  const queue = new TrainingQueue(state);
  const serializer = table.registerRunsTable({ services, marks, queue } as never);
  await table.openRunsTable();
  const [{ frames, postMessage }] = panels;
  postMessage({ frame: 'ready' });
  await vi.waitFor(() => expect(typesOf(frames)).toContain('configuration'));
  let id = 0;
  const request = async (name: string, params: object): Promise<HostFrame> => {
    const asked = ++id;
    postMessage({ frame: 'request', id: asked, name, params });
    return vi.waitFor(() => {
      const answer = frames.find((frame) => 'id' in frame && frame.id === asked);
      if (!answer) throw new Error('no answer yet');
      return answer;
    });
  };
  const message = (each: object) => postMessage({ frame: 'message', message: each });
  return {
    folder,
    table,
    serializer,
    panels,
    created,
    commands,
    untitled,
    state,
    queue,
    marks,
    request,
    message,
    frames,
  };
}

const typesOf = (frames: readonly HostFrame[]): string[] =>
  frames.flatMap((frame) =>
    frame.frame === 'message' ? [(frame.message as { type: string }).type] : [],
  );

it('is opened once, shows the runs, and executes the commands of its buttons', async () => {
  const { folder, table, serializer, panels, created, commands, state, message, frames } =
    await opened();
  expect(typesOf(frames)).toEqual(['init', 'rows', 'configuration']);
  expect(panels[0].panel.webview.html).toMatch(/script-src &#39;nonce-.*runs\.js/s);
  await table.openRunsTable();
  expect(created).toHaveBeenCalledTimes(1);
  expect(panels[0].panel.reveal).toHaveBeenCalled();
  for (const action of ['open', 'failedExamples', 'comparePredictions', 'evaluate', 'delete'])
    message({ type: 'action', action, keys: [folder, '/not/a/run'] });
  expect(commands).toEqual([
    ['nlvr.openDashboard', folder, [folder]],
    ['nlvr.inspectFailedExamples', folder, [folder]],
    ['nlvr.comparePredictions', folder, [folder]],
    ['nlvr.evaluateCheckpoint', folder, [folder]],
    ['nlvr.deleteRun', folder, [folder]],
  ]);
  message({ type: 'view', view: { text: 'x' } });
  expect(state.stored.get('nlvr.runsTable')).toBe('{"text":"x"}');
  // A restored panel is closed if one is open already.
  const second = vi.spyOn(panels[1].panel, 'dispose');
  await serializer.deserializeWebviewPanel(panels[1].panel as never, undefined);
  expect(second).toHaveBeenCalled();
});

it('queues runs, opens a new configuration, and writes the table', async () => {
  const { folder, queue, untitled, request } = await opened();
  const lists = [{ key: 'seed', values: '2, 3' }];
  expect(await request('plan', { key: folder, lists })).toMatchObject({
    result: { changes: [['seed: 1 → 2'], ['seed: 1 → 3']] },
  });
  expect(await request('queue', { key: folder, lists })).toMatchObject({ result: { queued: 2 } });
  expect(queue.items.map(({ configFile, changes }) => [configFile, changes])).toEqual([
    [join(root, 'nlvr.yaml'), ['seed: 1 → 2']],
    [join(root, 'nlvr.yaml'), ['seed: 1 → 3']],
  ]);
  expect(await request('openNew', { key: folder, lists })).toMatchObject({ frame: 'failure' });
  await request('openNew', { key: folder, lists: [{ key: 'seed', values: '5' }] });
  expect(untitled).toEqual([
    {
      uri: `untitled:${join(root, 'calm-fox-1-2.nlvr.yaml')}`,
      text: expect.stringContaining('# mine\n') as string,
    },
  ]);
  expect(untitled[0].text).toContain('seed: 5');
  expect(await request('export', { keys: [folder], configuration: ['seed'] })).toMatchObject({
    result: 'runs.csv',
  });
  expect(readFileSync(join(root, 'runs.csv'), 'utf8')).toMatch(
    /\noutput\/calm-fox-1,calm-fox-1,train,finished,/,
  );
});

it('queues nothing in Restricted Mode', async () => {
  const { folder, queue, request } = await opened(false);
  const lists = [{ key: 'seed', values: '2' }];
  expect(await request('queue', { key: folder, lists })).toMatchObject({ frame: 'failure' });
  expect(queue.items).toEqual([]);
});
