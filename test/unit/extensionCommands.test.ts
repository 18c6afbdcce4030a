import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as exporting from '../../src/extension/commands/exportPredictions';
import type * as dataset from '../../src/extension/commands/dataset';
import type * as progress from '../../src/extension/progress';
import type * as runFiles from '../../src/extension/commands/runFiles';
import type * as settings from '../../src/extension/settings';
import type * as finder from '../../src/extension/trainer/programFinder';
import type * as setUp from '../../src/extension/runtimeSetup/setUpRuntime';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-commands-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (fsPath: string) => ({ fsPath, scheme: 'file', path: fsPath });
class Uri {
  static readonly file = uri;
}
const l10n = {
  t: (text: string, ...values: unknown[]) =>
    text.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)])),
};

/** A window on `root`, its messages, and the executed commands. */
function window(answers: (labels: readonly string[]) => string | undefined) {
  const messages: string[] = [];
  const picked: string[][] = [];
  const commands: unknown[][] = [];
  const showMessage = (text: string, ...rest: (string | object)[]) => {
    messages.push(text);
    return Promise.resolve(answers(rest.filter((each) => typeof each === 'string')));
  };
  const fakes = {
    activeTextEditor: undefined,
    tabGroups: { all: [], activeTabGroup: {} },
    showInformationMessage: showMessage,
    showWarningMessage: showMessage,
    showQuickPick: (items: { label: string }[]) => {
      picked.push(items.map(({ label }) => label));
      return Promise.resolve(items[0]);
    },
    withProgress: (_: unknown, task: (...args: unknown[]) => unknown) => task(nothing(), nothing()),
  };
  const vscode = {
    fakes,
    Uri,
    l10n,
    commands: { executeCommand: (...args: unknown[]) => Promise.resolve(void commands.push(args)) },
    workspace: nothing({
      isTrusted: true,
      workspaceFolders: [{ uri: uri(root), name: 'w' }],
      textDocuments: [],
      findFiles: () => Promise.resolve([]),
      getWorkspaceFolder: () => ({}),
      asRelativePath: (path: string) => path.replace(`${root}/`, ''),
    }),
    window: nothing(fakes),
  };
  return { messages, picked, commands, vscode };
}

/** Services whose program is this script. */
function services(script: string, runs: object[] = []) {
  const cli = join(root, 'cli.cjs');
  writeFileSync(cli, script);
  const program = { executable: process.execPath, cli, environment: {} };
  return { program: () => Promise.resolve(program), runs: { runs }, log: nothing() } as never;
}

describe('Create Sample Data Set', () => {
  it('asks for a folder, proposes one, and creates only one sample at a time', async () => {
    const drawn = join(root, 'drawn');
    const script = `require('node:fs').appendFileSync(${JSON.stringify(drawn)}, process.argv[3] + '\\n');
      setTimeout(() => {}, 300);`;
    const { messages, picked, vscode } = window(() => undefined);
    const { createSample } = await loadWithVscode<typeof dataset>(
      'src/extension/commands/dataset.ts',
      vscode,
    );
    const asked = services(script);
    await Promise.all([createSample(asked), createSample(asked)]);
    expect(picked).toEqual([['sample', 'Choose a Folder…']]);
    expect(readFileSync(drawn, 'utf8')).toBe(`${join(root, 'sample')}\n`);
    expect(messages).toEqual([
      expect.stringContaining('is already being created'),
      'The sample data set is in sample.',
    ]);
  });
});

describe('Check Data Set', () => {
  it('offers the sample data set if there is no configuration', async () => {
    const { commands, vscode } = window(([first]) => first);
    const { checkDataset } = await loadWithVscode<typeof dataset>(
      'src/extension/commands/dataset.ts',
      vscode,
    );
    await checkDataset(nothing() as never, undefined);
    expect(commands).toEqual([['nlvr.createSample']]);
  });
});

describe('Copy Path', () => {
  it('confirms in the status bar', async () => {
    const shown: unknown[] = [];
    const { copyRunPath } = await loadWithVscode<typeof runFiles>(
      'src/extension/commands/runFiles.ts',
      { l10n, window: nothing({ setStatusBarMessage: (...args: unknown[]) => shown.push(args) }) },
    );
    const registry = { get: (folder: string) => ({ folder }) } as never;
    await copyRunPath(registry, '/a', undefined);
    await copyRunPath(registry, '/a', ['/a', '/b']);
    expect(shown).toEqual([
      ['Copied the path', 3000],
      ['Copied 2 paths', 3000],
    ]);
  });
});

describe('Set Up TensorFlow Runtime', () => {
  const status = (source: string) =>
    JSON.stringify({ version: '2.21.0', directory: '/tf', source, works: true });
  const script = (source: string) => `
    if (process.argv[3] === 'status') console.log(${JSON.stringify(status(source))});
    else require('node:fs').writeFileSync(${JSON.stringify(join(root, 'did'))}, process.argv[3]);`;
  const did = () => existsSync(join(root, 'did')) && readFileSync(join(root, 'did'), 'utf8');

  async function call(source: string, runs: object[], pressed: string) {
    const offered: string[][] = [];
    const { messages, commands, vscode } = window((buttons) => {
      offered.push([...buttons]);
      return buttons.find((each) => each === pressed);
    });
    const { setUpRuntime } = await loadWithVscode<typeof setUp>(
      'src/extension/runtimeSetup/setUpRuntime.ts',
      vscode,
    );
    await setUpRuntime(services(script(source), runs));
    return { messages, offered, commands };
  }

  it('reports a working library, and removes it after a confirmation', async () => {
    const { messages, offered, commands } = await call('managed', [], 'Remove');
    expect(messages).toEqual([
      'TensorFlow 2.21.0 is ready.',
      'Remove TensorFlow 2.21.0?',
      'TensorFlow 2.21.0 was removed.',
    ]);
    expect(offered[0]).toEqual(['Change…', 'Remove']);
    expect(did()).toBe('remove');
    // The step of the walkthrough is completed by the result, not by the click.
    expect(commands).toContainEqual(['setContext', 'nlvr.hasRuntime', true]);
  });

  it('does not offer to remove a library of another program, and does not remove one that is in use', async () => {
    expect((await call('python', [], '')).offered).toEqual([['Change…']]);
    const running = { status: 'running', info: { name: 'calm-fox-1' } };
    await expect(call('managed', [running], 'Remove')).rejects.toThrow(/calm-fox-1 uses/);
    expect(did()).toBe(false);
  });
});

describe('the progress of a program in a notification', () => {
  it('is in the display language', async () => {
    const shown: { message: string; increment: number }[] = [];
    const { withCancellableProgress } = await loadWithVscode<typeof progress>(
      'src/extension/progress.ts',
      {
        l10n: { t: (_: string, value: string) => `剩余 ${value}` },
        window: nothing({
          withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
            task({ report: (step: (typeof shown)[0]) => shown.push(step) }, nothing()),
        }),
      },
    );
    await withCancellableProgress('', (_signal, onLine) => {
      for (const line of ['Drawing 60%  13s left', 'Reading 80% 12 MB  1m 05s left', '90%', 'x'])
        onLine(line);
      return Promise.resolve();
    });
    expect(shown).toEqual([
      { message: '60% · 剩余 13s', increment: 60 },
      { message: '80% · 12 MB · 剩余 1m 05s', increment: 20 },
      { message: '90%', increment: 10 },
    ]);
  });
});

describe('Export Predictions', () => {
  it('offers and writes the same as the panel: marks, the epoch from 1, formats that fit', async () => {
    const folder = join(root, 'run');
    mkdirSync(join(folder, 'predictions'), { recursive: true });
    const prediction = {
      identifier: 'my pair, 1',
      index: 0,
      split: 'val',
      sentence: 'x',
      images: ['a.png', 'b.png'],
      label: true,
      prediction: false,
      prob_true: 0.25,
      logits: [1, 0],
    };
    writeFileSync(
      join(folder, 'predictions', 'val-epoch-002.jsonl'),
      `${JSON.stringify(prediction)}\n`,
    );
    const entry = { marked: true, note: 'odd', updated: '2026-01-01T00:00:00.000Z' };
    const notes = { version: 1, notes: { val: { [prediction.identifier]: entry } } };
    writeFileSync(join(folder, 'notes.json'), JSON.stringify(notes));
    const { picked, vscode } = window(() => undefined);
    let proposed = '';
    const target = join(root, 'out.csv');
    const { exportPredictions } = await loadWithVscode<typeof exporting>(
      'src/extension/commands/exportPredictions.ts',
      {
        ...vscode,
        window: nothing({
          ...vscode.fakes,
          showSaveDialog: ({ defaultUri }: { defaultUri: { fsPath: string } }) => {
            proposed = defaultUri.fsPath;
            return Promise.resolve(uri(target));
          },
        }),
      },
    );
    const run = { folder, info: { name: 'bright otter/3' } };
    await exportPredictions({ runs: [run], get: () => run } as never, folder);
    // An official file cannot have these identifiers.
    expect(picked).toEqual([['CSV', 'JSON Lines']]);
    expect(proposed).toBe(join(folder, 'bright_otter_3-val-epoch-3.csv'));
    expect(readFileSync(target, 'utf8')).toContain('"my pair, 1",0,val');
    expect(readFileSync(target, 'utf8')).toContain(',true,odd');
  });
});

describe('a workspace with several folders', () => {
  it('trains with the settings of the folder that contains the configuration', async () => {
    const of = { '/a/nlvr.yaml': 1, '/b/nlvr.yaml': 3 } as Record<string, unknown>;
    const workspace = nothing({
      isTrusted: true,
      getWorkspaceFolder: ({ fsPath }: { fsPath: string }) => ({
        uri: { ...uri(fsPath.slice(0, 2)), toString: () => fsPath.slice(0, 2) },
      }),
      getConfiguration: (_: string, file?: { fsPath: string }) => ({
        get: (key: string) =>
          key === 'environment'
            ? { FROM: file?.fsPath ?? 'window' }
            : key === 'processesPerNode'
              ? of[file?.fsPath ?? '']
              : '',
      }),
    });
    const { processArguments } = await loadWithVscode<typeof settings>(
      'src/extension/settings.ts',
      { Uri, workspace },
    );
    expect(processArguments('/a/nlvr.yaml')).toEqual([]);
    expect(processArguments('/b/nlvr.yaml')).toEqual(['--nproc_per_node', '3']);
    const { ProgramFinder } = await loadWithVscode<typeof finder>(
      'src/extension/trainer/programFinder.ts',
      { Uri, workspace },
    );
    const programs = new ProgramFinder('/extension', nothing() as never);
    const [a, b] = [await programs.program('/a/nlvr.yaml'), await programs.program('/b/nlvr.yaml')];
    expect([a.environment.FROM, b.environment.FROM]).toEqual(['/a', '/b']);
  });
});
