import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { expandedPath } from '../../config/expandPath';
import { isAttemptName } from '../../run/record/attempts';
import { findRunFolders } from '../../run/read/discovery';
import { limitedConcurrency } from '../../util/limitedConcurrency';
import { isConfiguration } from '../configurationFiles';
import { excludedFromSearch } from '../searchExcludes';
import { setting } from '../settings';
import {
  findConfigurations,
  isConfigurationDocument,
  type ConfigurationIndex,
} from '../workspaceConfigurations';
import type { FolderRunRegistry } from './folderRegistry';

const SLOW_POLL_MS = 30_000;
const REMEMBERED = 'nlvr.runFolders';
const MOST_REMEMBERED = 500;
/** Whether the last search found anything here. */
const WORTH_IT = 'nlvr.hasAny';
const MOST_FOUND = 5000;
/** How long after it appeared a folder is looked into. */
const NEW_FOLDER_MS = [500, 3000, 15_000];
/** Runs that are looked at together: a slow disk serves others in between. */
const AT_ONCE = 4;

/**
 * Finds the runs that belong to this workspace and keeps finding new ones: those in its folders and in the output
 * folders of its configurations, those named by `nlvr.runFolders`, and those that were opened or imported before. The
 * workspace is searched once; after that the file watcher says what comes and goes in it, and only the folders outside
 * it are listed again.
 */
export class WorkspaceRuns implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private looking: Promise<void> | undefined;
  /** What is to be done when the look that is under way has ended. */
  private next: 'search' | 'look' | undefined;
  private hasSearched = false;
  /** Folders of runs that were found, whether they are remembered or not. */
  private readonly found = new Set<string>();
  private readonly appeared = new NewFolders(async (folders) => {
    await this.configurations.lookInto(folders);
    for (const folder of await findRunFolders(folders)) {
      this.found.add(folder);
      void this.registry.refresh(folder);
    }
  });

  constructor(
    private readonly registry: FolderRunRegistry,
    private readonly configurations: Pick<
      ConfigurationIndex,
      'onDidChange' | 'searchAgain' | 'lookInto'
    >,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const runFiles = vscode.workspace.createFileSystemWatcher('**/run.json');
    // A start that is refused leaves run.json as it is.
    const attempts = vscode.workspace.createFileSystemWatcher('**/attempts/*.json');
    // The watcher may miss what is made in a folder right after the folder itself.
    const created = vscode.workspace.createFileSystemWatcher('**/*', false, true, true);
    const refresh = (folder: string): void => {
      this.found.add(folder);
      void registry.refresh(folder);
    };
    const at = (uri: vscode.Uri): void => refresh(dirname(uri.fsPath));
    const above = (uri: vscode.Uri): void => {
      if (isAttemptName(basename(uri.fsPath))) refresh(dirname(dirname(uri.fsPath)));
    };
    const look = (): void => void this.look();
    const poll = setInterval(() => {
      if (vscode.window.state.focused) look();
    }, SLOW_POLL_MS);
    this.disposables = [
      created,
      created.onDidCreate(({ fsPath }) => {
        if (this.hasSearched && extname(fsPath) === '') this.appeared.add(fsPath);
      }),
      this.appeared,
      runFiles,
      attempts,
      attempts.onDidCreate(above),
      attempts.onDidChange(above),
      attempts.onDidDelete(above),
      runFiles.onDidCreate(at),
      runFiles.onDidChange(at),
      runFiles.onDidDelete(at),
      configurations.onDidChange(() => void (this.hasSearched ? this.look() : this.search())),
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (!this.hasSearched && isConfigurationDocument(document)) void this.search();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.search()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.runFolders')) look();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) look();
      }),
      { dispose: () => clearInterval(poll) },
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  /**
   * Searches the workspace when there is a reason to: any YAML file activates the extension, and most have nothing to do
   * with it.
   * @param wanted the extension was asked for by something else than a YAML file
   */
  async begin(wanted: boolean): Promise<void> {
    if (wanted || (await this.isWorthSearching())) await this.search();
    else await setContext('nlvr.looking', false);
  }

  /** Searches the workspace, unless that was done; waits for a search that is under way. */
  async searchOnce(): Promise<void> {
    await (this.hasSearched ? this.looking : this.search());
  }

  /** Looks everywhere again. A call during a search makes one more search, not one each. */
  search(): Promise<void> {
    return this.go('search');
  }

  /** Looks again where no watcher says what is new; the workspace is not searched. */
  private look(): Promise<void> {
    // Before the first search there is nothing to keep up to date.
    return this.hasSearched ? this.go('look') : Promise.resolve();
  }

  private go(what: 'search' | 'look'): Promise<void> {
    if (this.looking) this.next = this.next === 'search' ? 'search' : what;
    this.looking ??= this.lookEverywhere(what === 'search').finally(() => {
      this.looking = undefined;
      const { next } = this;
      this.next = undefined;
      if (next) void this.go(next);
    });
    return this.looking;
  }

  /** Keeps a folder outside the searched folders in the view, across reloads. */
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

  /** Looks at names only: nothing is read, no folder but the workspace's own is listed. */
  private async isWorthSearching(): Promise<boolean> {
    if (this.memory.get(WORTH_IT, false) || this.remembered().length > 0) return true;
    if (vscode.workspace.textDocuments.some(isConfigurationDocument)) return true;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const names = await Promise.all(
      folders.map(({ uri }) => readdir(uri.fsPath).catch((): string[] => [])),
    );
    return names.flat().some((name) => isConfiguration(name));
  }

  private async lookEverywhere(search: boolean): Promise<void> {
    try {
      if (search && this.hasSearched) this.configurations.searchAgain();
      this.hasSearched ||= search;
      const configurations = await findConfigurations();
      await setContext('nlvr.hasConfiguration', configurations.length > 0);
      const parents = await Promise.all(configurations.map((uri) => outputParent(uri.fsPath)));
      const outputs = parents.filter((folder) => folder !== undefined);
      // A search looks at everything; a look takes the known for what it was, but for what has changed.
      const known = new Set(search ? [] : this.registry.runs.map(({ folder }) => folder));
      for (const folder of [
        ...(search ? await runFoldersOfWorkspace() : []),
        ...(await findRunFolders(namedFolders(), { known })),
        ...(await findRunFolders(outputs, { maxDepth: 1, known })),
      ])
        this.found.add(folder);
      const folders = new Set([
        ...this.found,
        ...this.remembered(),
        ...this.registry.runs.map((run) => run.folder),
      ]);
      await limitedConcurrency([...folders], AT_ONCE, (folder) =>
        search ? this.registry.refresh(folder) : this.registry.refreshIfChanged(folder),
      );
      for (const folder of this.found) if (!this.registry.get(folder)) this.found.delete(folder);
      const any = configurations.length > 0 || this.registry.runs.length > 0;
      if (this.memory.get(WORTH_IT, false) !== any) await this.memory.update(WORTH_IT, any);
    } catch (error) {
      this.log.error('looking for runs', error);
    } finally {
      await setContext('nlvr.looking', false);
    }
  }
}

/** Folders that appeared a short while ago: they are looked into a few times, as what they hold comes after them. */
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

/** `nlvr.runFolders` of each workspace folder; relative paths start there. */
function namedFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) =>
    setting('runFolders', uri).map((each) => resolve(uri.fsPath, expandedPath(each))),
  );
}

/** VS Code's own file search: it runs in a process of its own and knows the folders that the user excludes. */
async function runFoldersOfWorkspace(): Promise<string[]> {
  const files = await vscode.workspace.findFiles('**/run.json', excludedFromSearch(), MOST_FOUND);
  return files.filter((uri) => uri.scheme === 'file').map((uri) => dirname(uri.fsPath));
}

/** The folder that contains the runs of a configuration; undefined if the configuration cannot be read. */
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

const contexts = new Map<string, boolean>();

/** Sets a key of `when` clauses. It is asked for after every change of every run, and sent where it is another value. */
export function setContext(key: string, value: boolean): Thenable<unknown> {
  if (contexts.get(key) === value) return Promise.resolve();
  contexts.set(key, value);
  return vscode.commands.executeCommand('setContext', key, value);
}
