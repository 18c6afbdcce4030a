import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { pathExists } from '../util/pathExists';
import { configurationGlob, isConfiguration } from './configurationFiles';
import { pickOne } from './quickPick';
import { configurationOfActivePanel } from './activePanel';
import { searchExcludeGlob } from './searchExcludes';

const MAX_CONFIGURATIONS = 200;

/**
 * The configurations of the workspace that are recognized by their file names. Searches once, and follows the file watcher
 * after that. Created once on activation.
 */
export class ConfigurationIndex implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when a configuration was created, deleted or changed on the disk. */
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private searchResult: Promise<Map<string, vscode.Uri>> | undefined;

  constructor() {
    const files = vscode.workspace.createFileSystemWatcher(configurationGlob);
    this.disposables = [
      files,
      this.changed,
      files.onDidCreate((uri) => this.update((known) => known.set(uri.fsPath, uri))),
      files.onDidDelete((uri) => this.update((known) => known.delete(uri.fsPath))),
      // Also adds a file whose creation was not reported.
      files.onDidChange((uri) => this.update((known) => known.set(uri.fsPath, uri))),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.reset()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('files.exclude') || change.affectsConfiguration('search'))
          this.reset();
      }),
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  /** All configurations, unordered. The first call searches the workspace. */
  async all(): Promise<vscode.Uri[]> {
    this.searchResult ??= search();
    if ((await this.findMissing()).length > 0) {
      // The watcher does not report files of a renamed folder, such as that of a new sample.
      this.searchResult = search();
      const known = await this.searchResult;
      for (const file of await this.findMissing()) known.delete(file);
    }
    return [...(await this.searchResult).values()];
  }

  /** Adds the configurations in new folders: the watcher does not report files of a folder that was moved here. */
  async addFromFolders(folders: readonly string[]): Promise<void> {
    const found = await Promise.all(
      folders.map(async (folder) => {
        const names = await readdir(folder).catch((): string[] => []);
        return names.filter((name) => isConfiguration(name)).map((name) => join(folder, name));
      }),
    );
    const known = await this.searchResult;
    const news = found.flat().filter((file) => known !== undefined && !known.has(file));
    if (news.length === 0) return;
    this.update((now) => news.forEach((file) => now.set(file, vscode.Uri.file(file))));
  }

  private async findMissing(): Promise<string[]> {
    const files = [...((await this.searchResult)?.keys() ?? [])];
    const exists = await Promise.all(files.map(pathExists));
    return files.filter((_file, i) => !exists[i]);
  }

  /** Makes the next call search the workspace again. */
  searchAgain(): void {
    this.searchResult = undefined;
  }

  private reset(): void {
    this.searchAgain();
    this.changed.fire();
  }

  private update(change: (known: Map<string, vscode.Uri>) => void): void {
    // Before the first search, there is nothing to update.
    void this.searchResult?.then(change);
    this.changed.fire();
  }
}

let index: ConfigurationIndex | undefined;

/** Sets the index that `findConfigurations` uses. */
export function useIndex(made: ConfigurationIndex): void {
  index = made;
}

async function search(): Promise<Map<string, vscode.Uri>> {
  const found = await vscode.workspace.findFiles(
    configurationGlob,
    searchExcludeGlob(),
    MAX_CONFIGURATIONS,
  );
  return new Map(found.map((uri) => [uri.fsPath, uri]));
}

/** The configurations of the workspace, open or not, sorted by path. */
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

/** The configuration in the active editor, or that of the run of the active panel. */
export async function configurationInUse(): Promise<vscode.Uri | undefined> {
  const active = activeConfiguration();
  if (active) return active;
  const file = configurationOfActivePanel();
  // It may have been deleted, or be on another machine.
  return file && (await pathExists(file)) ? vscode.Uri.file(file) : undefined;
}

/**
 * Chooses the configuration for a command: the one it was called on, the one in use, the only one of the workspace, or the
 * one that the user picks.
 * @returns undefined when there is none; `'dismissed'` when the user canceled.
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
