import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { isDemo } from '../demo/demoFolder';
import { formatBytes } from '../../util/formatBytes';
import { configurationOfRun } from './runLocation';
import { isActive, type Run, type RunRegistry } from './runRegistry';
import type { WorkspaceRuns } from './workspaceRuns';
import { runDescription, runDetails, runFlags, statusIcon, statusText } from './runText';

/** The runs view, newest first. Elements are run folders, so that a refresh keeps the selection. */
export class RunsView implements vscode.TreeDataProvider<string>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<string | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables: vscode.Disposable[] = [];
  readonly tree: vscode.TreeView<string>;

  /** @param workspaceRuns reports which runs are in the view only because they are remembered */
  constructor(
    private readonly runs: RunRegistry,
    private readonly workspaceRuns: Pick<WorkspaceRuns, 'isOnlyRemembered'>,
  ) {
    this.tree = vscode.window.createTreeView('nlvr.runs', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: false,
    });
    this.disposables.push(
      this.tree,
      this.changed,
      runs.onDidChange(() => this.refresh()),
      this.tree.onDidChangeVisibility(() => this.refresh()),
    );
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  getChildren(folder?: string): string[] {
    return folder === undefined ? this.runs.runs.map((run) => run.folder) : [];
  }

  getParent(): undefined {
    return undefined;
  }

  getTreeItem(folder: string): vscode.TreeItem {
    const run = this.runs.get(folder);
    const item = new vscode.TreeItem(run?.info.name ?? folder);
    item.id = folder;
    if (!run) return item;
    const { icon, color } = statusIcon(run);
    item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
    item.description = this.describe(run);
    item.contextValue = runFlags(run, {
      forgettable: this.workspaceRuns.isOnlyRemembered(folder),
      demo: isDemo(folder),
    });
    item.accessibilityInformation = {
      label: `${run.info.name}, ${statusText(run.status, vscode.l10n.t)}, ${item.description}`,
    };
    item.command = {
      command: 'nlvr.openDashboard',
      title: vscode.l10n.t('Open Training Dashboard'),
      arguments: [folder],
    };
    return item;
  }

  /** Creates the tooltip on demand: computing the disk usage reads the size of every file of the run. */
  async resolveTreeItem(item: vscode.TreeItem, folder: string): Promise<vscode.TreeItem> {
    const run = this.runs.get(folder);
    if (!run) return item;
    // Plain text, because messages of a trainer are not Markdown.
    const configuration = configurationOfRun(run);
    item.tooltip = [
      ...runDetails(run, vscode.l10n.t, vscode.env.language),
      ...(configuration === undefined ? [] : [vscode.l10n.t('configuration {0}', configuration)]),
      vscode.l10n.t('{0} on disk', formatBytes(await folderBytes(folder))),
    ].join('\n');
    return item;
  }

  /** The description, with the configuration if the listed runs have different ones. */
  private describe(run: Run): string {
    const description = runDescription(run, vscode.l10n.t);
    const first = this.runs.runs[0]?.info.configFile;
    const several = this.runs.runs.some(({ info }) => info.configFile !== first);
    const configuration = several ? configurationOfRun(run) : undefined;
    return configuration === undefined ? description : `${description} · ${configuration}`;
  }

  private refresh(): void {
    const active = this.runs.runs.filter(isActive).length;
    this.tree.badge =
      active > 0
        ? { value: active, tooltip: vscode.l10n.t('{0} training now', active) }
        : undefined;
    this.changed.fire(undefined);
  }
}

/** Total size of all files in a folder, in bytes. Does not follow links. */
export async function folderBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await folderBytes(path);
    else if (entry.isFile()) sum += (await stat(path).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}
