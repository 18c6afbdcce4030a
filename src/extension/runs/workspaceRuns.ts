import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { expandedPath } from '../../config/expandPath';
import { isAttemptName } from '../../run/attempts';
import { findRunFolders } from '../../run/discovery';
import { setting } from '../settings';
import { findConfigurations, type ConfigurationIndex } from '../workspaceConfigurations';
import type { FolderRunRegistry } from './folderRegistry';

const SLOW_POLL_MS = 30_000;
const REMEMBERED = 'nlvr.runFolders';
const MOST_REMEMBERED = 500;

/**
 * Finds the runs that belong to this workspace and keeps finding new ones: those in its folders and in the output
 * folders of its configurations, those named by `nlvr.runFolders`, and those that were opened or imported before.
 */
export class WorkspaceRuns implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private searching: Promise<void> | undefined;
  private again = false;
  /** What the last search found. */
  private found: ReadonlySet<string> = new Set();

  constructor(
    private readonly registry: FolderRunRegistry,
    configurations: Pick<ConfigurationIndex, 'onDidChange'>,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const runFiles = vscode.workspace.createFileSystemWatcher('**/run.json');
    // A start that is refused leaves run.json as it is.
    const attempts = vscode.workspace.createFileSystemWatcher('**/attempts/*.json');
    const look = (uri: vscode.Uri): void => void registry.refresh(dirname(uri.fsPath));
    const lookAbove = (uri: vscode.Uri): void =>
      void (isAttemptName(basename(uri.fsPath)) && registry.refresh(dirname(dirname(uri.fsPath))));
    const poll = setInterval(() => {
      if (vscode.window.state.focused) void this.search();
    }, SLOW_POLL_MS);
    this.disposables.push(
      runFiles,
      attempts,
      attempts.onDidCreate(lookAbove),
      attempts.onDidChange(lookAbove),
      attempts.onDidDelete(lookAbove),
      runFiles.onDidCreate(look),
      runFiles.onDidChange(look),
      runFiles.onDidDelete(look),
      configurations.onDidChange(() => void this.search()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.search()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.runFolders')) void this.search();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) void this.search();
      }),
      { dispose: () => clearInterval(poll) },
    );
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  /** Looks everywhere again. A call during a search makes one more search, not one each. */
  search(): Promise<void> {
    if (this.searching) this.again = true;
    this.searching ??= this.searchOnce().finally(() => {
      this.searching = undefined;
      if (!this.again) return;
      this.again = false;
      void this.search();
    });
    return this.searching;
  }

  /** Keeps a folder in view that lies where nobody looks, over reloads. */
  async remember(folder: string): Promise<void> {
    const kept = this.remembered().filter((each) => each !== folder);
    await this.memory.update(REMEMBERED, [folder, ...kept].slice(0, MOST_REMEMBERED));
  }

  async forget(folder: string): Promise<void> {
    await this.memory.update(
      REMEMBERED,
      this.remembered().filter((each) => each !== folder),
    );
  }

  /** Whether a run is in view only because it was opened or imported: forgotten, it does not come back by itself. */
  isOnlyRemembered(folder: string): boolean {
    return !this.found.has(folder) && this.remembered().includes(folder);
  }

  private remembered(): string[] {
    return this.memory.get<string[]>(REMEMBERED, []);
  }

  private async searchOnce(): Promise<void> {
    try {
      const configurations = await findConfigurations();
      await setContext('nlvr.hasConfiguration', configurations.length > 0);
      const [first] = vscode.workspace.workspaceFolders ?? [];
      const named = setting('runFolders').map((each) =>
        resolve(first?.uri.fsPath ?? '/', expandedPath(each)),
      );
      const outputs = await Promise.all(configurations.map((uri) => outputParent(uri.fsPath)));
      const roots = outputs.filter((folder) => folder !== undefined);
      this.found = new Set([
        ...(await findRunFolders(named)),
        ...(await findRunFolders(roots, { maxDepth: 1 })),
        ...(await runFoldersOfWorkspace()),
      ]);
      const folders = new Set([
        ...this.found,
        ...this.remembered(),
        ...this.registry.runs.map((run) => run.folder),
      ]);
      await Promise.all([...folders].map((folder) => this.registry.refresh(folder)));
    } catch (error) {
      this.log.error('looking for runs', error);
    } finally {
      await setContext('nlvr.looking', false);
    }
  }
}

/** VS Code's own file search: it runs in a process of its own and knows the folders that the user excludes. */
async function runFoldersOfWorkspace(): Promise<string[]> {
  const files = await vscode.workspace.findFiles('**/run.json', '**/{node_modules,.git}/**', 5000);
  return files.filter((uri) => uri.scheme === 'file').map((uri) => dirname(uri.fsPath));
}

/** The folder in which a configuration's runs lie beside each other; undefined when it says nothing readable. */
async function outputParent(file: string): Promise<string | undefined> {
  // The configuration's parser is loaded only now: activation does not need it.
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  try {
    const { config } = parseConfig(await readFile(file, 'utf8'));
    return dirname(configPaths(config, dirname(file)).outputDir);
  } catch {
    return undefined;
  }
}

export function setContext(key: string, value: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand('setContext', key, value);
}
