import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as checkedState from '../../src/extension/dataset/checkedState';
import type * as datasetChecks from '../../src/extension/dataset/datasetChecks';
import type * as runProblems from '../../src/extension/dataset/runProblems';
import type * as datasetView from '../../src/extension/dataset/datasetView';
import type * as evaluate from '../../src/extension/commands/evaluate';
import type * as runControl from '../../src/extension/commands/runControl';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-handlers-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (file: string) => ({ fsPath: file, scheme: 'file', path: file });
const Uri = { file: uri };

/** A configuration with its data set. */
function configuration(name: string): string {
  mkdirSync(join(root, name));
  const file = join(root, name, 'nlvr.yaml');
  writeFileSync(file, 'image_root: .\nann_root: .\n');
  return file;
}

describe('Stop', () => {
  const run = () => ({
    folder: root,
    info: { name: 'calm-fox-1' },
    status: 'running',
    message: null,
    hint: null,
  });

  async function stop(isTrusted: boolean): Promise<void> {
    const { stopTraining } = await loadWithVscode<typeof runControl>(
      'src/extension/commands/runControl.ts',
      {
        workspace: nothing({ isTrusted }),
        window: nothing({ showWarningMessage: () => Promise.resolve(undefined) }),
        CancellationError: class CancellationError extends Error {},
      },
    );
    const registry = {
      runs: [run()],
      get: run,
      refresh: () => Promise.resolve(),
      starting: () => undefined,
    };
    await stopTraining(registry as unknown as Parameters<typeof stopTraining>[0], root);
  }

  it('does nothing in a workspace that is not trusted: its files name the process', async () => {
    await expect(stop(false)).rejects.toThrow();
    expect(existsSync(join(root, 'stop.request'))).toBe(false);
  });

  it('asks the trainer in one that is', async () => {
    await stop(true);
    expect(existsSync(join(root, 'stop.request'))).toBe(true);
  });
});

describe('Evaluate Checkpoint', () => {
  it('remembers the folder of a weights file before it starts, and forgets it when nothing came of it', async () => {
    const file = configuration('a');
    writeFileSync(join(root, 'a', 'val.json'), '[]');
    writeFileSync(file, 'image_root: .\nann_root: .\nann_files: {val: val.json}\n');
    const started = join(root, 'started');
    const cli = join(root, 'cli.cjs');
    writeFileSync(
      cli,
      `if (process.argv[2] === 'runtime') console.log('{"version": "2.21.0", "directory": "/tf"}');
       else {
         require('node:fs').writeFileSync(${JSON.stringify(started)}, process.argv.slice(2).join(' '));
         process.exitCode = 130;
       }`,
    );
    const last = (items: unknown[]) => Promise.resolve(items.at(-1));
    const { evaluateCheckpoint } = await loadWithVscode<typeof evaluate>(
      'src/extension/commands/evaluate.ts',
      {
        workspace: nothing({ isTrusted: true, findFiles: () => Promise.resolve([uri(file)]) }),
        window: nothing({
          activeTextEditor: undefined,
          tabGroups: { activeTabGroup: {} },
          showOpenDialog: () => Promise.resolve([uri(join(root, 'model.pth'))]),
          showQuickPick: (items: unknown[], options: { canPickMany?: boolean }) =>
            options.canPickMany ? Promise.resolve(items) : last(items),
          withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
            task(nothing(), nothing()),
        }),
      },
    );
    const told: [string, string, boolean][] = [];
    const tell = (what: string) => (folder: string) => {
      told.push([what, folder, existsSync(started)]);
      return Promise.resolve();
    };
    const services = {
      log: nothing(),
      program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
    };
    const registry = {
      runs: [],
      get: () => undefined,
      refresh: () => Promise.resolve(),
      starting: () => undefined,
      expect: tell('expect'),
    };
    const found = { remember: tell('remember'), forget: tell('forget') };
    const context = { services, registry, found };
    await evaluateCheckpoint(
      context as unknown as Parameters<typeof evaluateCheckpoint>[0],
      undefined,
    );
    const folder = join(root, 'a', 'output', 'NLVR-eval');
    expect(told.map(([what, where]) => [what, where])).toEqual([
      ['remember', folder],
      ['expect', folder],
      ['forget', folder],
    ]);
    expect(told[0][2]).toBe(false);
    expect(readFileSync(started, 'utf8')).toContain(`--output_dir ${folder}`);
  });
});

describe('the check of a data set', () => {
  it('shows the warnings that it kept when nothing has changed since', async () => {
    const file = configuration('a');
    const { fingerprintOf } = await loadWithVscode<typeof checkedState>(
      'src/extension/dataset/checkedState.ts',
      {},
    );
    const warning = { severity: 'warning', code: 'duplicate', message: 'twice', file, line: 2 };
    const report = { problems: [warning], splits: {} };
    const kept = { [file]: { fingerprint: await fingerprintOf(file), report, time: 1 } };
    const shown: [string, number][] = [];
    const collection = nothing({
      set: ({ fsPath }: { fsPath: string }, problems: unknown[]) =>
        shown.push([fsPath, problems.length]),
    });
    const { DatasetChecks } = await loadWithVscode<typeof datasetChecks>(
      'src/extension/dataset/datasetChecks.ts',
      { Uri, languages: nothing({ createDiagnosticCollection: () => collection }) },
    );
    const checks = new DatasetChecks({
      context: { workspaceState: { get: () => kept } },
      log: nothing(),
    } as unknown as ConstructorParameters<typeof DatasetChecks>[0]);
    expect(await checks.ensure(uri(file) as never)).toEqual(report);
    expect(shown).toEqual([[file, 1]]);
  });
});

describe('what a training finds in its data', () => {
  it('is shown in the Problems view while it trains, and makes the next start look again', async () => {
    const file = configuration('a');
    const run = join(root, 'a', 'output', 'run');
    mkdirSync(run, { recursive: true });
    const shown: [string, number][] = [];
    const collection = nothing({
      set: ({ fsPath }: { fsPath: string }, problems: unknown[]) =>
        shown.push([fsPath, problems.length]),
    });
    const api = {
      Uri,
      languages: nothing({ createDiagnosticCollection: () => collection }),
    };
    const { DatasetChecks } = await loadWithVscode<typeof datasetChecks>(
      'src/extension/dataset/datasetChecks.ts',
      api,
    );
    const { RunProblems } = await loadWithVscode<typeof runProblems>(
      'src/extension/dataset/runProblems.ts',
      api,
    );
    let kept: object = { [file]: { fingerprint: '', report: { problems: [], splits: {} } } };
    const workspaceState = {
      get: () => kept,
      update: (_key: string, value: object) => Promise.resolve((kept = value)),
    };
    const checks = new DatasetChecks({
      context: { workspaceState },
      log: nothing(),
    } as unknown as ConstructorParameters<typeof DatasetChecks>[0]);
    let changed = (): void => undefined;
    const info = { kind: 'train', configFile: file };
    const runs = [{ folder: run, info, status: 'running' }];
    const registry = { runs, onDidChange: (listener: () => void) => void (changed = listener) };
    new RunProblems(registry as never, checks);
    changed();
    const annotations = join(root, 'a', 'train.json');
    const problem = { severity: 'error', code: 'unreadable-image', message: 'x', line: 3 };
    const problems = [{ ...problem, file: annotations }];
    writeFileSync(join(run, 'problems.json'), JSON.stringify({ problems }));
    // It ends before anybody looked.
    runs[0].status = 'failed';
    changed();
    await expect.poll(() => shown).toEqual([[annotations, 1]]);
    await expect.poll(() => kept).toMatchObject({ [file]: { report: { problems } } });
  });
});

describe('the data set view', () => {
  it('turns to another configuration when the one it showed is deleted', async () => {
    const files = [configuration('a'), configuration('b')];
    const { DatasetView } = await loadWithVscode<typeof datasetView>(
      'src/extension/dataset/datasetView.ts',
      {
        Uri,
        workspace: nothing({
          findFiles: () => Promise.resolve(files.filter((file) => existsSync(file)).map(uri)),
          asRelativePath: ({ fsPath }: { fsPath: string }) => fsPath,
        }),
        window: nothing({
          activeTextEditor: undefined,
          tabGroups: { activeTabGroup: {}, onDidChangeTabs: () => undefined },
        }),
      },
    );
    const checks = { lastOf: () => undefined, onDidChange: () => undefined };
    const view = new DatasetView(checks as never);
    const labels = async () => (await view.getChildren()).map(({ label }) => label);
    expect(await labels()).toEqual([files[0]]);
    rmSync(files[0]);
    expect(await labels()).toEqual([files[1]]);
    rmSync(files[1]);
    expect(await labels()).toEqual([]);
  });
});
