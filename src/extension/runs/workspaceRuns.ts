import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { expandedPath } from '../../config/expandPath';
import { isAttemptName } from '../../run/record/attempts';
import { findRunFolders } from '../../run/read/discovery';
import { limitedConcurrency } from '../../util/limitedConcurrency';
import { isConfiguration } from '../configurationFiles';
import { searchExcludeGlob } from '../searchExcludes';
import { setting } from '../settings';
import {
  findConfigurations,
  isConfigurationDocument,
  type ConfigurationIndex,
} from '../workspaceConfigurations';
import type { FolderRunRegistry } from './folderRegistry';

const SLOW_POLL_MS = 30_000;
const REMEMBERED = 'nlvr.runFolders';
const MAX_REMEMBERED = 500;
/** Key in the workspace state: whether the last search found anything. */
const HAS_ANY = 'nlvr.hasAny';
const MAX_FOUND = 5000;
/** Delays after which a new folder is searched, in milliseconds. */
const NEW_FOLDER_MS = [500, 3000, 15_000];
/** Runs read concurrently; few, so that a slow disk can serve other requests. */
const MAX_CONCURRENT = 4;

/**
 * Finds the runs of this workspace, now and later: those in its folders, in the output folders of its configurations and
 * in `nlvr.runFolders`, and those that were opened or imported before. The workspace is searched once; after that, the
 * file watcher reports changes, and only the folders outside the workspace are listed again.
 */
export class WorkspaceRuns implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private updating: Promise<void> | undefined;
  /** What to do when the update in progress has ended. */
  private next: 'search' | 'update' | undefined;
  private hasSearched = false;
  /** Folders of the runs that were found, remembered or not. */
  private readonly found = new Set<string>();
  private readonly newFolders = new NewFolders(async (folders) => {
    await this.configurations.addFromFolders(folders);
    for (const folder of await findRunFolders(folders)) {
      this.found.add(folder);
      void this.registry.refresh(folder);
    }
  });

  constructor(
    private readonly registry: FolderRunRegistry,
    private readonly configurations: Pick<
      ConfigurationIndex,
      'onDidChange' | 'searchAgain' | 'addFromFolders'
    >,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const runFiles = vscode.workspace.createFileSystemWatcher('**/run.json');
    // A refused start does not change run.json.
    const attempts = vscode.workspace.createFileSystemWatcher('**/attempts/*.json');
    // The watcher may miss files created immediately after their folder.
    const created = vscode.workspace.createFileSystemWatcher('**/*', false, true, true);
    const refresh = (folder: string): void => {
      this.found.add(folder);
      void registry.refresh(folder);
    };
    const at = (uri: vscode.Uri): void => refresh(dirname(uri.fsPath));
    const above = (uri: vscode.Uri): void => {
      if (isAttemptName(basename(uri.fsPath))) refresh(dirname(dirname(uri.fsPath)));
    };
    const update = (): void => void this.update();
    const poll = setInterval(() => {
      if (vscode.window.state.focused) update();
    }, SLOW_POLL_MS);
    this.disposables = [
      created,
      created.onDidCreate(({ fsPath }) => {
        if (this.hasSearched && extname(fsPath) === '') this.newFolders.add(fsPath);
      }),
      this.newFolders,
      runFiles,
      attempts,
      attempts.onDidCreate(above),
      attempts.onDidChange(above),
      attempts.onDidDelete(above),
      runFiles.onDidCreate(at),
      runFiles.onDidChange(at),
      runFiles.onDidDelete(at),
      configurations.onDidChange(() => void (this.hasSearched ? this.update() : this.search())),
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (!this.hasSearched && isConfigurationDocument(document)) void this.search();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.search()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.runFolders')) update();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) update();
      }),
      { dispose: () => clearInterval(poll) },
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  /**
   * Searches the workspace if it may contain runs: any YAML file activates the extension, and most are unrelated.
   * @param wanted whether something other than a YAML file activated the extension
   */
  async begin(wanted: boolean): Promise<void> {
    if (wanted || (await this.isWorthSearching())) await this.search();
    else await setContext('nlvr.looking', false);
  }

  /** Searches the workspace unless it was searched already; waits for a search in progress. */
  async searchOnce(): Promise<void> {
    await (this.hasSearched ? this.updating : this.search());
  }

  /** Searches everywhere again. Calls during a search cause one more search, not one each. */
  search(): Promise<void> {
    return this.enqueue('search');
  }

  /** Updates what no watcher reports; does not search the workspace. */
  private update(): Promise<void> {
    // Before the first search, there is nothing to update.
    return this.hasSearched ? this.enqueue('update') : Promise.resolve();
  }

  private enqueue(what: 'search' | 'update'): Promise<void> {
    if (this.updating) this.next = this.next === 'search' ? 'search' : what;
    this.updating ??= this.updateAll(what === 'search').finally(() => {
      this.updating = undefined;
      const { next } = this;
      this.next = undefined;
      if (next) void this.enqueue(next);
    });
    return this.updating;
  }

  /** Keeps a folder outside the searched folders in the view, also after a window reload. */
  async remember(folder: string): Promise<void> {
    const kept = this.remembered().filter((each) => each !== folder);
    await this.memory.update(REMEMBERED, [folder, ...kept].slice(0, MAX_REMEMBERED));
  }

  async forget(folder: string): Promise<void> {
    await this.memory.update(
      REMEMBERED,
      this.remembered().filter((each) => each !== folder),
    );
  }

  /** Whether a run is in the view only because it was opened or imported, so that no search finds it again. */
  isOnlyRemembered(folder: string): boolean {
    return !this.found.has(folder) && this.remembered().includes(folder);
  }

  private remembered(): string[] {
    return this.memory.get<string[]>(REMEMBERED, []);
  }

  /** Checks names only: lists the workspace folders and reads no file. */
  private async isWorthSearching(): Promise<boolean> {
    if (this.memory.get(HAS_ANY, false) || this.remembered().length > 0) return true;
    if (vscode.workspace.textDocuments.some(isConfigurationDocument)) return true;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const names = await Promise.all(
      folders.map(({ uri }) => readdir(uri.fsPath).catch((): string[] => [])),
    );
    return names.flat().some((name) => isConfiguration(name));
  }

  private async updateAll(search: boolean): Promise<void> {
    try {
      if (search && this.hasSearched) this.configurations.searchAgain();
      this.hasSearched ||= search;
      const configurations = await findConfigurations();
      await setContext('nlvr.hasConfiguration', configurations.length > 0);
      const parents = await Promise.all(configurations.map((uri) => outputParent(uri.fsPath)));
      const outputs = parents.filter((folder) => folder !== undefined);
      // A search reads all runs; an update skips known runs that have not changed.
      const known = new Set(search ? [] : this.registry.runs.map(({ folder }) => folder));
      for (const folder of [
        ...(search ? await runFoldersOfWorkspace() : []),
        ...(await findRunFolders(configuredFolders(), { known })),
        ...(await findRunFolders(outputs, { maxDepth: 1, known })),
      ])
        this.found.add(folder);
      const folders = new Set([
        ...this.found,
        ...this.remembered(),
        ...this.registry.runs.map((run) => run.folder),
      ]);
      await limitedConcurrency([...folders], MAX_CONCURRENT, (folder) =>
        search ? this.registry.refresh(folder) : this.registry.refreshIfChanged(folder),
      );
      for (const folder of this.found) if (!this.registry.get(folder)) this.found.delete(folder);
      const any = configurations.length > 0 || this.registry.runs.length > 0;
      if (this.memory.get(HAS_ANY, false) !== any) await this.memory.update(HAS_ANY, any);
    } catch (error) {
      this.log.error('looking for runs', error);
    } finally {
      await setContext('nlvr.looking', false);
    }
  }
}

/** Collects new folders and searches them a few times, because their content is created after them. */
class NewFolders implements vscode.Disposable {
  private readonly timers = new Set<NodeJS.Timeout>();
  private waiting = new Set<string>();

  constructor(private readonly look: (folders: string[]) => Promise<void>) {}

  add(folder: string): void {
    if (this.waiting.size === 0) {
      const folders = this.waiting;
      for (const delay of NEW_FOLDER_MS) {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          if (folders === this.waiting) this.waiting = new Set();
          void this.look([...folders]);
        }, delay);
        this.timers.add(timer);
      }
    }
    this.waiting.add(folder);
  }

  dispose(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}

/** `nlvr.runFolders` of each workspace folder, relative paths resolved to it. */
function configuredFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) =>
    setting('runFolders', uri).map((each) => resolve(uri.fsPath, expandedPath(each))),
  );
}

/** Finds run folders with VS Code's file search, which runs in a separate process and honors the user's excludes. */
async function runFoldersOfWorkspace(): Promise<string[]> {
  const files = await vscode.workspace.findFiles('**/run.json', searchExcludeGlob(), MAX_FOUND);
  return files.filter((uri) => uri.scheme === 'file').map((uri) => dirname(uri.fsPath));
}

/** The folder that contains the runs of a configuration; undefined if the configuration cannot be read. */
async function outputParent(file: string): Promise<string | undefined> {
  // The configuration's parser is loaded on demand: activation does not need it.
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  try {
    const { config } = parseConfig(await readFile(file, 'utf8'));
    return dirname(configPaths(config, dirname(file)).outputDir);
  } catch {
    return undefined;
  }
}

const contexts = new Map<string, boolean>();

/** Sets a context key of `when` clauses if its value has changed; called after every change of a run. */
export function setContext(key: string, value: boolean): Thenable<unknown> {
  if (contexts.get(key) === value) return Promise.resolve();
  contexts.set(key, value);
  return vscode.commands.executeCommand('setContext', key, value);
}
