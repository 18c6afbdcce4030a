import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as checkedState from '../../src/extension/dataset/checkedState';
import type * as datasetChecks from '../../src/extension/dataset/datasetChecks';
import type * as datasetView from '../../src/extension/dataset/datasetView';
import type * as activePanel from '../../src/extension/activePanel';
import type * as workspaceConfigurations from '../../src/extension/workspaceConfigurations';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-data-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (file: string) => ({ fsPath: file, scheme: 'file', path: file });
class Uri {
  static readonly file = uri;
}

/** Creates a configuration with this number of training examples. */
function configuration(name: string, examples: number): string {
  mkdirSync(join(root, name));
  const file = join(root, name, 'nlvr.yaml');
  writeFileSync(
    file,
    'image_root: .\nann_root: .\nann_files: { train: a.json, val: "", test: "" }\n',
  );
  writeFileSync(join(root, name, 'a.json'), JSON.stringify(Array(examples).fill({})));
  return file;
}

type Modules = typeof datasetView &
  typeof datasetChecks &
  typeof checkedState &
  typeof activePanel &
  typeof workspaceConfigurations;

/** Loads the modules in one bundle, so that they share their state, in a window with these configurations. */
function load(files: readonly string[], searches: unknown[] = []): Promise<Modules> {
  const entry = join(root, 'entry.ts');
  const modules = [
    'dataset/datasetView',
    'dataset/datasetChecks',
    'dataset/checkedState',
    'activePanel',
    'workspaceConfigurations',
  ];
  const lines = modules.map(
    (each) => `export * from '${join(process.cwd(), 'src/extension', each)}';`,
  );
  writeFileSync(entry, lines.join('\n'));
  return loadWithVscode<Modules>(entry, {
    Uri,
    TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    workspace: nothing({
      textDocuments: [],
      getConfiguration: () => ({ get: () => ({ '**/venv': true, '**/*.js': { when: '*.ts' } }) }),
      findFiles: (...args: unknown[]) => {
        searches.push(args);
        return Promise.resolve(files.filter((file) => existsSync(file)).map(uri));
      },
      asRelativePath: ({ fsPath }: { fsPath: string }) => fsPath,
    }),
    window: nothing({
      activeTextEditor: undefined,
      tabGroups: { activeTabGroup: {}, onDidChangeTabs: () => undefined },
    }),
    l10n: {
      t: (text: string, ...values: unknown[]) =>
        text.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)])),
    },
    env: { language: 'en' },
  });
}

const configurations = { onDidChange: () => ({ dispose: () => undefined }) } as never;

describe('the data set view', () => {
  it('lists every configuration with counts of examples and marks the one in use', async () => {
    const files = [configuration('a', 3), configuration('b', 1)];
    const { DatasetView, followPanel } = await load(files);
    const checks = { lastOf: () => undefined, onDidChange: () => undefined };
    const view = new DatasetView(checks as never, configurations);
    const shown = async () =>
      (await view.getChildren()).map(({ label, description }) => [label, description]);
    expect(await shown()).toEqual(files.map((file) => [file, '']));
    // The dashboard of a run of the second one becomes active.
    const panel = nothing({ active: true, viewType: 'nlvr.dashboard' });
    followPanel(panel as never, () => ({ run: 'r', configFile: files[1] }));
    const [, inUse] = await view.getChildren();
    expect(inUse).toMatchObject({ label: files[1], description: 'in use', isCollapsed: false });
    const rows = await Promise.all((await view.getChildren()).map((row) => view.getChildren(row)));
    expect(rows.map(([train]) => [train.label, train.description])).toEqual([
      ['train', '3 examples'],
      ['train', '1 example'],
    ]);
    // A deleted configuration is not listed, and a single one is not marked.
    rmSync(files[0]);
    expect(await shown()).toEqual([[files[1], '']]);
  });

  it('shows the last check of each after a reload of the window, and whether the data changed since', async () => {
    const file = configuration('a', 2);
    const { DatasetView, DatasetChecks, fingerprintOf } = await load([file]);
    const report = { problems: [{ severity: 'warning', message: 'x', file: '' }], splits: {} };
    const storedChecks = { [file]: { fingerprint: await fingerprintOf(file), report, time: 1 } };
    const checks = new DatasetChecks({
      context: { workspaceState: { get: () => storedChecks } },
      log: nothing(),
    } as never);
    const view = new DatasetView(checks, configurations);
    const lastRow = async () => {
      const [row] = await view.getChildren();
      return (await view.getChildren(row)).at(-1);
    };
    expect(await lastRow()).toMatchObject({
      label: '1 warning',
      description: expect.stringMatching(/^checked [^,]+$/) as string,
    });
    writeFileSync(join(dirname(file), 'a.json'), '[{}]');
    expect(await lastRow()).toMatchObject({
      description: expect.stringMatching(/, changed since$/) as string,
    });
  });
});

describe('the index of configurations', () => {
  it('searches once, and again after a folder was renamed, whose files the watcher does not report', async () => {
    const files = [configuration('a', 1), configuration('.b.tmp', 1)];
    const searches: unknown[] = [];
    const { ConfigurationIndex, useIndex, findConfigurations } = await load(files, searches);
    useIndex(new ConfigurationIndex());
    const found = async () => (await findConfigurations()).map(({ fsPath }) => fsPath);
    expect(await found()).toEqual([...files].sort());
    expect(searches).toHaveLength(1);
    const moved = join(root, 'b', 'nlvr.yaml');
    renameSync(join(root, '.b.tmp'), join(root, 'b'));
    files[1] = moved;
    expect(await found()).toEqual([files[0], moved]);
    expect(await found()).toEqual([files[0], moved]);
    expect(searches).toHaveLength(2);
  });

  it('adds the configurations of a folder that is moved into the workspace', async () => {
    const files = [configuration('a', 1)];
    const searches: unknown[] = [];
    const { ConfigurationIndex, useIndex, findConfigurations } = await load(files, searches);
    const index = new ConfigurationIndex();
    useIndex(index);
    await findConfigurations();
    const brought = configuration('b', 1);
    await index.addFromFolders([join(root, 'b'), join(root, 'not there')]);
    const found = (await findConfigurations()).map(({ fsPath }) => fsPath);
    expect(found).toEqual([...files, brought]);
    expect(searches).toHaveLength(1);
  });
});

describe('the configuration for a command', () => {
  it('is that of the active panel, while the file exists', async () => {
    const files = [configuration('a', 1), configuration('b', 1)];
    const { chooseConfiguration, followPanel } = await load(files);
    const about = { run: 'r', configFile: files[1] };
    followPanel(nothing({ active: true }) as never, () => about);
    expect(await chooseConfiguration()).toEqual(uri(files[1]));
    rmSync(files[1]);
    // The only remaining one.
    expect(await chooseConfiguration()).toEqual(uri(files[0]));
  });
});
