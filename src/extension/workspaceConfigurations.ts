import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { pathExists } from '../util/pathExists';
import { configurationGlob, isConfiguration } from './configurationFiles';
import { pickOne } from './quickPick';
import { configurationInFront } from './runInFront';
import { excludedFromSearch } from './searchExcludes';

const MOST = 200;

/**
 * The configurations of the workspace by their names: one search, and after that what the file watcher says. Made once
 * on activation.
 */
export class ConfigurationIndex implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** A configuration came or went, or its text changed on the disk. */
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private searched: Promise<Map<string, vscode.Uri>> | undefined;

  constructor() {
    const files = vscode.workspace.createFileSystemWatcher(configurationGlob);
    this.disposables = [
      files,
      this.changed,
      files.onDidCreate((uri) => this.update((known) => known.set(uri.fsPath, uri))),
      files.onDidDelete((uri) => this.update((known) => known.delete(uri.fsPath))),
      // Also of a file that came without a word.
      files.onDidChange((uri) => this.update((known) => known.set(uri.fsPath, uri))),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.forget()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('files.exclude') || change.affectsConfiguration('search'))
          this.forget();
      }),
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  /** In no order. The workspace is searched when this is asked for the first time. */
  async all(): Promise<vscode.Uri[]> {
    this.searched ??= search();
    if ((await this.gone()).length > 0) {
      // A folder that is renamed, as that of a sample that was drawn, takes its files along without a word.
      this.searched = search();
      const known = await this.searched;
      for (const file of await this.gone()) known.delete(file);
    }
    return [...(await this.searched).values()];
  }

  /** Takes up the configurations in folders that appeared: a folder that is moved here brings them without a word. */
  async lookInto(folders: readonly string[]): Promise<void> {
    const found = await Promise.all(
      folders.map(async (folder) => {
        const names = await readdir(folder).catch((): string[] => []);
        return names.filter((name) => isConfiguration(name)).map((name) => join(folder, name));
      }),
    );
    const known = await this.searched;
    const news = found.flat().filter((file) => known !== undefined && !known.has(file));
    if (news.length === 0) return;
    this.update((now) => news.forEach((file) => now.set(file, vscode.Uri.file(file))));
  }

  private async gone(): Promise<string[]> {
    const files = [...((await this.searched)?.keys() ?? [])];
    const there = await Promise.all(files.map(pathExists));
    return files.filter((_file, i) => !there[i]);
  }

  /** The next question searches the workspace again. */
  searchAgain(): void {
    this.searched = undefined;
  }

  private forget(): void {
    this.searchAgain();
    this.changed.fire();
  }

  private update(change: (known: Map<string, vscode.Uri>) => void): void {
    // Before the first search there is nothing to keep up to date.
    void this.searched?.then(change);
    this.changed.fire();
  }
}

let index: ConfigurationIndex | undefined;

/** Answers from this index, from now on, what configurations there are. */
export function useIndex(made: ConfigurationIndex): void {
  index = made;
}

async function search(): Promise<Map<string, vscode.Uri>> {
  const found = await vscode.workspace.findFiles(configurationGlob, excludedFromSearch(), MOST);
  return new Map(found.map((uri) => [uri.fsPath, uri]));
}

/** The configurations of the workspace, in the order of their paths; closed and open files alike. */
export async function findConfigurations(): Promise<vscode.Uri[]> {
  const found = index ? await index.all() : [...(await search()).values()];
  const marked = vscode.workspace.textDocuments.filter(isConfigurationDocument);
  const byPath = new Map(
    [...found, ...marked.map((document) => document.uri)].map((uri) => [uri.fsPath, uri]),
  );
  return [...byPath.values()].sort((a, b) => a.fsPath.localeCompare(b.fsPath));
}

export function isConfigurationDocument(document: vscode.TextDocument): boolean {
  return (
    document.uri.scheme === 'file' && isConfiguration(document.uri.path, document.lineAt(0).text)
  );
}

/** The configuration in the active editor, as text or as form. */
export function activeConfiguration(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (document && isConfigurationDocument(document)) return document.uri;
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isForm = input instanceof vscode.TabInputCustom && isConfiguration(input.uri.path);
  return isForm ? input.uri : undefined;
}

/** The configuration in the active editor, or that of the run whose panel is in front. */
export async function configurationInUse(): Promise<vscode.Uri | undefined> {
  const active = activeConfiguration();
  if (active) return active;
  const file = configurationInFront();
  // It may have been deleted since, or be on another machine.
  return file && (await pathExists(file)) ? vscode.Uri.file(file) : undefined;
}

/**
 * The configuration that a command is about: the one it was called on, the one in use, the only one of the workspace,
 * or the one that the user picks.
 * @returns undefined when there is none; `'dismissed'` when the user did not choose.
 */
export async function chooseConfiguration(
  calledOn?: vscode.Uri,
): Promise<vscode.Uri | 'dismissed' | undefined> {
  const given = calledOn ?? (await configurationInUse());
  if (given) return given;
  const found = await findConfigurations();
  if (found.length <= 1) return found[0];
  const items = found.map((uri) => ({
    label: vscode.workspace.asRelativePath(uri),
    uri,
  }));
  const picked = await pickOne(items, {
    title: vscode.l10n.t('NLVR Configuration'),
    placeHolder: vscode.l10n.t('Which configuration?'),
    remember: { list: 'configuration', keyOf: ({ uri }) => uri.fsPath },
  });
  return picked?.uri ?? 'dismissed';
}
