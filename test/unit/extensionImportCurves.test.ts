import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type * as importing from '../../src/extension/commands/importCurves';
import { loadWithVscode, nothing } from './fakeVscode';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const logs = join(import.meta.dirname, '..', 'fixtures', 'tensorboard', 'pytorch');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-import-curves-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (file: string) => ({ fsPath: file, scheme: 'file', path: file });

interface Choices {
  /** Labels picked in the quick picks, in order; undefined closes one. */
  picks: (string | undefined)[];
  folders?: string[];
}

/** Calls the command as a person would. @returns what was said, the lists, and which dashboard was opened. */
async function callImport(source: string, { picks, folders = [root] }: Choices) {
  const messages: string[] = [];
  const lists: string[] = [];
  const dialogs: unknown[] = [];
  const executed: unknown[][] = [];
  const { importCurves } = await loadWithVscode<typeof importing>(
    'src/extension/commands/importCurves.ts',
    {
      l10n: {
        t: (message: string, ...values: string[]) =>
          message.replace(/\{(\d)\}/g, (_, i) => values[Number(i)]),
      },
      workspace: nothing({
        isTrusted: true,
        workspaceFolders: folders.map((each) => ({ uri: uri(each) })),
      }),
      Uri: Object.assign(class {}, { file: uri }),
      env: { language: 'en' },
      commands: nothing({
        executeCommand: (...call: unknown[]) => Promise.resolve(void executed.push(call)),
      }),
      window: nothing({
        showOpenDialog: (options: unknown) => {
          dialogs.push(options);
          return Promise.resolve([uri(source)]);
        },
        showQuickPick: (items: { label: string; description: string }[]) => {
          const wanted = picks[lists.length];
          lists.push(items.map(({ label, description }) => `${label}: ${description}`).join('\n'));
          return Promise.resolve(items.find(({ label }) => label === wanted));
        },
        withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
          task(nothing(), nothing()),
        showInformationMessage: (message: string) => {
          messages.push(message);
          return Promise.resolve(undefined);
        },
      }),
    },
  );
  const known: string[] = [];
  const remember = (folder: string) => Promise.resolve(void known.push(folder));
  const services = {
    program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
  };
  await importCurves(
    { services, registry: { add: remember }, workspaceRuns: { remember } } as unknown as Parameters<
      typeof importCurves
    >[0],
    undefined,
  );
  return { messages, lists, dialogs, executed, known };
}

const take = '$(check) Import These Curves';

it('creates a run from a log folder with common names, and opens its dashboard', async () => {
  const { messages, lists, dialogs, executed, known } = await callImport(logs, {
    picks: ['TensorBoard Log Folder', take],
  });
  const run = join(root, 'output', 'pytorch');
  expect(dialogs).toMatchObject([{ canSelectFolders: true, canSelectFiles: false }]);
  expect(lists[1]).toContain('Validation accuracy: eval/accuracy\n');
  expect(lists[1]).toContain('Test accuracy: none\n');
  expect(known).toContain(run);
  expect(executed).toEqual([['nlvr.openDashboard', run]]);
  expect(messages).toEqual([
    'Steps: 20, epochs: 2. The curves update as pytorch grows. Interpreted as percent: accuracy/val.',
  ]);
});

it('offers the other scalars of a table for each curve', async () => {
  const file = join(root, 'theirs.csv');
  writeFileSync(file, 'step,mystery,loss\n1,0.5,0.7\n');
  const { lists } = await callImport(file, {
    picks: [
      'CSV Table of Curves',
      'Test accuracy',
      'mystery',
      'Training loss',
      '$(circle-slash) None',
      take,
    ],
  });
  expect(lists[2]).toContain('mystery: points: 1');
  const run = join(root, 'output', 'theirs');
  expect(JSON.parse(readFileSync(join(run, 'curves.json'), 'utf8'))).toMatchObject({
    curves: { 'accuracy/test': 'mystery' },
  });
  // Another run with the same name exists; closing a quick pick imports nothing.
  await callImport(file, { picks: ['CSV Table of Curves', take] });
  expect(existsSync(join(root, 'output', 'theirs-2', 'curves.json'))).toBe(true);
  await callImport(file, { picks: ['CSV Table of Curves', undefined] });
  expect(existsSync(join(root, 'output', 'theirs-3'))).toBe(false);
});

it('explains what is needed', async () => {
  await expect(callImport(logs, { picks: [], folders: [] })).rejects.toThrow('No folder is open.');
  await expect(callImport(root, { picks: ['TensorBoard Log Folder'] })).rejects.toThrow(
    'has no TensorBoard event files',
  );
});
