import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { guessColumns, requiredRoles, type Columns } from '../../data/convert/columns';
import {
  convertTable,
  readTable,
  type ConvertOptions,
  type Table,
} from '../../data/convert/convertTable';
import { configurationFor, writeAnnotations } from '../../data/convert/writeAnnotations';
import { pickOne } from '../quickPick';
import { requireTrust } from '../trust';

/**
 * "Create Annotations from CSV…": converts a table to annotation files, asks for the columns that it cannot guess and
 * how to split, and shows the lines for nlvr.yaml.
 */
export async function createAnnotations(calledOn: unknown): Promise<void> {
  await requireTrust();
  const file = calledOn instanceof vscode.Uri ? calledOn.fsPath : await chooseTable();
  if (file === undefined) return;
  const table = await readTable(file);
  const columns = await chooseColumns(table);
  if (!columns) return;
  const chosen = await chooseSplit(columns);
  if (!chosen) return;
  const imageRoot = await chooseImageRoot(dirname(file));
  if (imageRoot === undefined) return;
  const parts = convertTable(table, { columns, imageRoot, split: chosen.split, seed: 42 });
  const output = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Annotations to Create'),
    defaultUri: vscode.Uri.file(join(dirname(file), 'annotation.json')),
    filters: { JSON: ['json'] },
  });
  if (!output) return;
  // The dialog has confirmed overwriting this one file only; the files of splits have other names.
  const written = writeAnnotations(parts, output.fsPath, chosen.split === undefined);
  const document = await vscode.workspace.openTextDocument({
    language: 'yaml',
    content: `# nlvr\n# ${written
      .map(({ file: each, examples }) => `${basename(each)}: ${examples}`)
      .join(', ')}\n${configurationFor(written, imageRoot)}\n`,
  });
  await vscode.window.showTextDocument(document);
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      'The annotations are in {0}. Save the configuration as nlvr.yaml, or copy its lines into your own.',
      dirname(output.fsPath),
    ),
  );
}

async function chooseTable(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Table of Examples'),
      openLabel: vscode.l10n.t('Create Annotations'),
      filters: { CSV: ['csv', 'tsv', 'txt'], JSON: ['json', 'jsonl'] },
    })) ?? [];
  return chosen?.fsPath;
}

/** Guesses columns by name and asks for the others. @returns undefined when the user canceled. */
async function chooseColumns({ header, rows }: Table): Promise<Columns | undefined> {
  const columns = guessColumns(header);
  const questions = {
    left: vscode.l10n.t('Which column names the left image?'),
    right: vscode.l10n.t('Which column names the right image?'),
    sentence: vscode.l10n.t('Which column has the sentence?'),
    label: vscode.l10n.t('Which column has the label, true or false?'),
  };
  for (const role of requiredRoles) {
    if (columns[role] !== undefined) continue;
    const items = header.map((label, at) => ({
      label,
      description: rows[0].fields[at] ?? '',
      at,
    }));
    const picked = await pickOne(items, {
      title: vscode.l10n.t('Create Annotations from CSV'),
      placeHolder: questions[role],
    });
    if (!picked) return undefined;
    columns[role] = picked.at;
  }
  return columns;
}

async function chooseSplit(
  columns: Columns,
): Promise<{ split: ConvertOptions['split'] } | undefined> {
  const ratio = (train: number, val: number, test: number) => ({
    label: vscode.l10n.t('Split {0}% train, {1}% val, {2}% test', train, val, test),
    description: vscode.l10n.t('no image in two splits'),
    split: { train, val, test },
  });
  const column = { label: vscode.l10n.t('Split by the column'), split: 'column' as const };
  const none = { label: vscode.l10n.t('Do not split'), split: undefined };
  const items: { label: string; description?: string; split: ConvertOptions['split'] }[] = [
    ...(columns.split === undefined ? [] : [column]),
    ratio(80, 10, 10),
    ratio(90, 10, 0),
    none,
  ];
  return pickOne(items, {
    title: vscode.l10n.t('Create Annotations from CSV'),
    placeHolder: vscode.l10n.t('How are the examples split?'),
  });
}

async function chooseImageRoot(near: string): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Base Folder of Image Paths'),
      openLabel: vscode.l10n.t('Use This Folder'),
      defaultUri: vscode.Uri.file(near),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  return chosen?.fsPath;
}
