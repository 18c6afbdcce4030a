import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as importing from '../../src/extension/commands/importPredictions';
import { loadWithVscode, nothing } from './fakeVscode';

const annotations = join(import.meta.dirname, '..', 'data', 'nlvr2', 'dev.json');
const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const identifiers = [...readFileSync(annotations, 'utf8').matchAll(/"identifier": "([^"]+)"/g)].map(
  ([, identifier]) => identifier,
);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-import-'));
  writeFileSync(
    join(root, 'nlvr.yaml'),
    `image_root: images\nann_files: {train: '', val: '${annotations}', test: '${annotations}'}\noutput_dir: output/NLVR\n`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (file: string) => ({ fsPath: file, scheme: 'file', path: file });

interface Choices {
  isTrusted?: boolean;
  /** The index of the item picked in each quick pick. */
  picks: number[];
  epoch?: string;
  runs?: string[];
}

/** Calls the command as a person would: file, lists, input. @returns what was said and which runs were made known. */
async function callImport(text: string, { isTrusted = true, picks, epoch, runs = [] }: Choices) {
  const file = join(root, 'theirs.csv');
  writeFileSync(file, text);
  const messages: string[] = [];
  const showMessage = (message: string) => {
    messages.push(message);
    return Promise.resolve(undefined);
  };
  const lists: string[][] = [];
  const opened: number[] = [];
  const { importPredictions } = await loadWithVscode<typeof importing>(
    'src/extension/commands/importPredictions.ts',
    {
      l10n: {
        t: (message: string, ...values: string[]) =>
          message.replace(/\{(\d)\}/g, (_, i) => values[Number(i)]),
      },
      workspace: nothing({
        isTrusted,
        findFiles: () => Promise.resolve([uri(join(root, 'nlvr.yaml'))]),
        asRelativePath: (path: string) => path,
      }),
      Uri: Object.assign(class {}, {
        file: uri,
        joinPath: ({ fsPath }: { fsPath: string }, ...parts: string[]) =>
          uri(join(fsPath, ...parts)),
      }),
      env: { language: 'en' },
      window: nothing({
        activeTextEditor: undefined,
        tabGroups: { all: [], activeTabGroup: {} },
        showOpenDialog: () => Promise.resolve([uri(file)]),
        showQuickPick: (items: { label: string }[]) => {
          lists.push(items.map(({ label }) => label));
          return Promise.resolve(items[picks[lists.length - 1]]);
        },
        createWebviewPanel: () => {
          opened.push(lists.length);
          return nothing();
        },
        showInputBox: () => Promise.resolve(epoch),
        withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
          task(nothing(), nothing()),
        showInformationMessage: showMessage,
        showWarningMessage: showMessage,
      }),
    },
  );
  const known: string[] = [];
  const remember = (folder: string) => {
    known.push(folder);
    return Promise.resolve(undefined);
  };
  const registry = {
    runs: runs.map((folder) => ({ folder, info: { name: 'theirs' } })),
    get: () => undefined,
    add: remember,
    onDidChange: () => nothing(),
  };
  const services = {
    log: nothing(),
    runs: registry,
    context: nothing({ subscriptions: [], globalStorageUri: uri(root), extensionUri: uri(root) }),
    program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
  };
  await importPredictions(
    { services, registry, workspaceRuns: { remember } } as unknown as Parameters<
      typeof importPredictions
    >[0],
    undefined,
  );
  return { messages, known, lists, opened };
}

describe('Import Predictions', () => {
  it('creates a run next to those of the configuration, and reports the unused rows', async () => {
    const rows = identifiers.map((identifier) => `${identifier},True`);
    const { messages, known, lists, opened } = await callImport(
      [...rows, 'dev-1-1-1,True'].join('\n'),
      {
        picks: [0],
      },
    );
    const run = join(root, 'output', 'theirs');
    expect(lists).toEqual([['val', 'test']]);
    expect(known).toContain(run);
    expect(opened).toHaveLength(1);
    expect(existsSync(join(run, 'predictions', 'val.jsonl'))).toBe(true);
    expect(messages.join()).toMatch(
      /^36 of 36 examples have an answer, accuracy \d\d\.\d%\. Unusable rows: 1\.$/,
    );
  });

  it('adds to an imported run as another epoch, shown from 1', async () => {
    const text = identifiers.map((identifier) => `${identifier},True`).join('\n');
    await callImport(text, { picks: [0] });
    const run = join(root, 'output', 'theirs');
    const { lists } = await callImport(text, { picks: [0, 1], epoch: '3', runs: [run] });
    expect(lists[1]).toEqual(['$(add) New Run', '$(beaker) theirs']);
    expect(existsSync(join(run, 'predictions', 'val-epoch-002.jsonl'))).toBe(true);
    await callImport(text, { picks: [0, 0], runs: [run] });
    expect(existsSync(join(root, 'output', 'theirs-2', 'predictions', 'val.jsonl'))).toBe(true);
  });

  it('executes nothing in an untrusted workspace', async () => {
    await expect(callImport('x', { isTrusted: false, picks: [0] })).rejects.toThrow();
    expect(existsSync(join(root, 'output'))).toBe(false);
  });

  it('shows the message of the program when a file cannot be imported', async () => {
    await expect(callImport('test1-0-0-0,True', { picks: [0] })).rejects.toThrow(
      /identifiers such as test1-0-0-0 there/,
    );
    expect(existsSync(join(root, 'output'))).toBe(false);
  });
});
