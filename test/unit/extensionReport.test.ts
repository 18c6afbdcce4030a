import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type * as reporting from '../../src/extension/commands/createReport';
import { RunFolder } from '../../src/run/runFolder';
import { AnalysisProject } from './analysisSupport';
import { loadWithVscode, nothing } from './fakeVscode';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

it('Create Report writes the file of nlvr report to the chosen path, compared with the picked run', async () => {
  const project = new AnalysisProject(
    Array.from({ length: 24 }, (_, i) => ({
      identifier: `dev-${Math.floor(i / 4)}-${i % 4}-0`,
      sentence: `There are ${Math.floor(i / 4)} dogs.`,
      label: i % 2 === 0 ? 'True' : 'False',
      left_url: '',
    })),
  );
  const folders = [
    await project.import('one', (i) => i % 3 > 0, { epoch: 1 }),
    await project.import('two', (i) => i % 2 === 0, { epoch: 1 }),
  ];
  const file = join(project.folder, 'mine.html');
  let target: unknown = { scheme: 'file', fsPath: file, path: file };
  const proposed: string[] = [];
  const messages: unknown[][] = [];
  const questions: unknown[] = [];
  const { createReport } = await loadWithVscode<typeof reporting>(
    'src/extension/commands/createReport.ts',
    {
      Uri: { file: (fsPath: string) => ({ fsPath }) },
      UIKind: { Desktop: 1 },
      env: { uiKind: 2 },
      l10n: { t: (text: string, value: unknown) => text.replace('{0}', String(value)) },
      workspace: nothing({
        isTrusted: true,
        workspaceFolders: undefined,
        getWorkspaceFolder: () => undefined,
        asRelativePath: (path: string) => path,
        getConfiguration: () => ({
          get: (key: string) => (key === 'slices' ? [{ name: 'fives', pattern: '\\b5\\b' }] : ''),
        }),
      }),
      window: nothing({
        withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
          task(nothing(), nothing()),
        showQuickPick: (items: { label: string }[], options: { placeHolder?: string }) => {
          questions.push(options.placeHolder);
          return Promise.resolve(items.find(({ label }) => label === 'two'));
        },
        showSaveDialog: ({ defaultUri }: { defaultUri: { fsPath: string } }) => {
          proposed.push(defaultUri.fsPath);
          return Promise.resolve(target);
        },
        showInformationMessage: (...message: unknown[]) => {
          messages.push(message);
          return Promise.resolve(undefined);
        },
      }),
    },
  );
  const runs = folders.map((folder, i) => ({
    folder,
    info: { name: ['one', 'two'][i], configFile: '' },
  }));
  const call = () =>
    createReport(
      {
        program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
      } as unknown as Parameters<typeof createReport>[0],
      { runs, get: () => runs[0] } as unknown as Parameters<typeof createReport>[1],
      folders[0],
    );
  await call();
  const page = readFileSync(file, 'utf8');
  expect(page).toContain('<h1>one</h1>');
  expect(page).toContain('Comparison: one (epoch 2) and two (epoch 2)');
  expect(page).toContain('>fives<');
  expect(proposed[0]).toMatch(/\/one-report\.html$/);
  expect(messages).toEqual([['The report is in mine.html.', 'Open File']]);
  expect(questions).toEqual(['Compare one with another run?']);
  rmSync(file);
  target = undefined;
  await call();
  expect(existsSync(file)).toBe(false);
  // With a second set of predictions, it also asks which ones the report is about.
  const { predictions } = new RunFolder(folders[0] ?? '');
  copyFileSync(join(predictions, 'val-epoch-001.jsonl'), join(predictions, 'val.jsonl'));
  questions.length = 0;
  await call();
  expect(questions).toEqual(['Which predictions?']);
});
