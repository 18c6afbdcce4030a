/** Tests panels without VS Code: each kind is opened once per input, and restored after a reload. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type * as analysis from '../../src/extension/analysis/panel';
import type * as comparison from '../../src/extension/comparison/panel';
import type * as dashboard from '../../src/extension/dashboard/panel';
import type * as failures from '../../src/extension/failures/panel';
import { loadWithVscode, nothing } from './fakeVscode';

const root = mkdtempSync(join(tmpdir(), 'nlvr-panels-'));
afterAll(() => rmSync(root, { recursive: true }));
const run = (name: string): string => join(root, name);

/** A panel as VS Code makes it. */
class FakePanel {
  title = '';
  iconPath: unknown;
  revealed = 0;
  disposed = false;
  readonly active = true;
  readonly visible = true;
  readonly webview = nothing({ cspSource: 'csp', asWebviewUri: (uri: string) => uri });
  private readonly listeners: (() => void)[] = [];

  reveal(): void {
    this.revealed++;
  }
  onDidDispose(listener: () => void): void {
    this.listeners.push(listener);
  }
  onDidChangeViewState(): { dispose(): void } {
    return { dispose: () => undefined };
  }
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const listener of this.listeners) listener();
  }
}

/** A window that counts its panels and what listens to the runs. */
function editor() {
  const panels: FakePanel[] = [];
  const added: string[] = [];
  let listening = 0;
  const file = (path: string) => ({ fsPath: path, path, scheme: 'file', toString: () => path });
  const joinPath = (base: { fsPath: string }, ...parts: string[]) =>
    file(join(base.fsPath, ...parts));
  /** Called while a run is read. */
  let whileAdding = (_folder: string): void => undefined;
  const vscode = {
    Uri: { file, joinPath },
    ViewColumn: { Active: 1 },
    l10n: {
      bundle: {},
      t: (text: string, ...values: string[]) =>
        text.replace(/\{(\d)\}/g, (_, i: string) => values[Number(i)] ?? ''),
    },
    workspace: nothing({ isTrusted: true }),
    window: nothing({
      tabGroups: { all: [] },
      createWebviewPanel: (_type: string, title: string) => {
        const panel = new FakePanel();
        panel.title = title;
        panels.push(panel);
        return panel;
      },
    }),
    Disposable: {
      from: (...all: { dispose(): void }[]) => ({
        dispose: () => {
          for (const each of all) each.dispose();
        },
      }),
    },
  };
  const services = {
    context: nothing({ subscriptions: [], extensionUri: file(root), globalStorageUri: file(root) }),
    log: nothing(),
    program: () => Promise.reject(new Error('none')),
    runs: nothing({
      get: (folder: string) =>
        added.includes(folder)
          ? { folder, info: nothing({ name: basename(folder), configFile: '' }) }
          : undefined,
      add: (folder: string) => {
        added.push(folder);
        whileAdding(folder);
        return Promise.resolve();
      },
      onDidChange: () => {
        listening++;
        return { dispose: () => listening-- };
      },
    }),
  } as never;
  return {
    panels,
    vscode,
    services,
    listening: () => listening,
    onAdding: (then: (folder: string) => void) => (whileAdding = then),
  };
}

type Panels = ReturnType<typeof analysis.registerAnalysis>;

/** A kind of panel: how it is opened, its title, and the state from which it is restored. */
interface Kind {
  name: string;
  load: (vscode: Record<string, unknown>) => Promise<{
    register: (services: never) => Panels;
    open: (name: string) => Promise<void>;
  }>;
  title: (name: string) => string;
  state: (name: string) => unknown;
}

const kinds: Kind[] = [
  {
    name: 'Analysis',
    load: async (vscode) => {
      const module = await loadWithVscode<typeof analysis>(
        'src/extension/analysis/panel.ts',
        vscode,
      );
      return {
        register: module.registerAnalysis,
        open: (name) => module.openAnalysis(run(name)),
      };
    },
    title: (name) => `Analysis: ${name}`,
    state: (name) => ({ runFolder: run(name) }),
  },
  {
    name: 'Failed Examples',
    load: async (vscode) => {
      const module = await loadWithVscode<typeof failures>(
        'src/extension/failures/panel.ts',
        vscode,
      );
      return {
        register: module.registerFailures,
        open: (name) => module.openFailures(run(name)),
      };
    },
    title: (name) => `Failed Examples: ${name}`,
    state: (name) => ({ runFolder: run(name) }),
  },
  {
    name: 'Compare Predictions',
    load: async (vscode) => {
      const module = await loadWithVscode<typeof comparison>(
        'src/extension/comparison/panel.ts',
        vscode,
      );
      return {
        register: module.registerComparisons as never,
        open: (name) => module.openComparison({ a: run('base'), b: run(name) }),
      };
    },
    title: (name) => `Compare: base vs ${name}`,
    state: (name) => ({ a: run('base'), b: run(name) }),
  },
  {
    name: 'Training Dashboard',
    load: async (vscode) => {
      const module = await loadWithVscode<typeof dashboard>(
        'src/extension/dashboard/panel.ts',
        vscode,
      );
      return {
        register: module.registerDashboard as never,
        open: (name) => module.openDashboard([run(name)]),
      };
    },
    title: (name) => `Training: ${name}`,
    state: (name) => ({ runs: [run(name)] }),
  },
];

describe.each(kinds)('$name', ({ load, title, state }) => {
  it('is opened once per input, restored once, and leaves no resources when it is closed', async () => {
    const { panels, vscode, services, listening, onAdding } = editor();
    const module = await load(vscode);
    const { open } = module;
    const serializer = module.register(services);
    expect(module.register(services)).toBe(serializer);
    await Promise.all([open('calm-fox'), open('calm-fox')]);
    await open('merry-owl');
    expect(panels.map((panel) => panel.title)).toEqual([title('calm-fox'), title('merry-owl')]);
    expect(panels.map(({ revealed }) => revealed)).toEqual([1, 0]);

    const [again, other, unknown] = [new FakePanel(), new FakePanel(), new FakePanel()];
    await serializer.deserializeWebviewPanel(again as never, state('calm-fox') as never);
    await serializer.deserializeWebviewPanel(other as never, state('swift-hare') as never);
    await serializer.deserializeWebviewPanel(unknown as never, undefined as never);
    expect([again.disposed, other.disposed, unknown.disposed]).toEqual([true, false, true]);
    expect(other.title).toBe(title('swift-hare'));
    expect(listening()).toBe(3);

    // Closed while its session is created: no resources are left.
    const closed = new FakePanel();
    onAdding((folder) => {
      if (folder === run('shy-lynx')) closed.dispose();
    });
    await serializer.deserializeWebviewPanel(closed as never, state('shy-lynx') as never);
    expect(listening()).toBe(3);

    for (const panel of [...panels, other]) panel.dispose();
    expect(listening()).toBe(0);
    await open('calm-fox');
    expect(panels).toHaveLength(3);
  });
});
