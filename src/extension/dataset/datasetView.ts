import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { localizedMessage } from '../../util/language';
import { configurationGlob } from '../configurationFiles';
import { bytes, count } from '../format';
import { activeConfiguration, findConfigurations } from '../workspaceConfigurations';
import type { DatasetChecks } from './datasetChecks';
import { problemCounts } from './problemCounts';

/** A row of the data set view. */
interface Row {
  label: string;
  description?: string;
  icon: vscode.ThemeIcon;
  tooltip?: string;
  open?: vscode.Uri;
  /** 1-based line to show in `open`. */
  line?: number;
  children?: Row[];
}

/** The data set of the active configuration, or of the one that was active last: its splits, with counts after a check. */
export class DatasetView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private configuration: vscode.Uri | undefined;

  constructor(private readonly checks: DatasetChecks) {
    const files = vscode.workspace.createFileSystemWatcher(configurationGlob);
    const changed = (): void => this.changed.fire();
    this.disposables = [
      files,
      files.onDidCreate(changed),
      files.onDidDelete(changed),
      // Those that are configurations by their first line have any name.
      vscode.workspace.onDidDeleteFiles(changed),
      vscode.workspace.onDidRenameFiles(changed),
      this.changed,
      vscode.window.createTreeView('nlvr.dataset', { treeDataProvider: this }),
      checks.onDidChange(() => this.changed.fire()),
      vscode.window.onDidChangeActiveTextEditor(() => this.follow()),
      vscode.window.tabGroups.onDidChangeTabs(() => this.follow()),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (document.uri.fsPath === this.configuration?.fsPath) this.changed.fire();
      }),
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row) return row.children ?? [];
    // The one shown before may have been deleted, or moved.
    if (!isThere(this.configuration)) this.configuration = await firstThere();
    return this.configuration ? this.rowsOf(this.configuration) : [];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(
      row.label,
      row.children?.length
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.None,
    );
    item.description = row.description;
    item.iconPath = row.icon;
    item.tooltip = row.tooltip;
    if (row.open) {
      const options: vscode.TextDocumentShowOptions = row.line
        ? { selection: new vscode.Range(row.line - 1, 0, row.line - 1, 0) }
        : {};
      const title = vscode.l10n.t('Open');
      item.command = { command: 'vscode.open', title, arguments: [row.open, options] };
    }
    return item;
  }

  private follow(): void {
    const active = activeConfiguration();
    if (!active || active.fsPath === this.configuration?.fsPath) return;
    this.configuration = active;
    this.changed.fire();
  }

  private async rowsOf(configuration: vscode.Uri): Promise<Row[]> {
    const { parseConfig } = await import('../../config/parse');
    const { configPaths } = await import('../../config/paths');
    const file = configuration.fsPath;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const { config, problems } = parseConfig(text);
    const paths = configPaths(config, dirname(file));
    const splits = await Promise.all(
      Object.entries(paths.annFiles).map(([split, annotations]) =>
        this.splitRow(split, annotations, configuration),
      ),
    );
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const root = existsSync(paths.imageRoot);
    return [
      {
        label: vscode.workspace.asRelativePath(configuration),
        description: errors > 0 ? problemCounts(errors, 0) : undefined,
        icon: errors > 0 ? problemIcon() : new vscode.ThemeIcon('settings-gear'),
        open: configuration,
        children: [
          ...splits,
          {
            label: 'image_root',
            description: root ? basename(paths.imageRoot) : vscode.l10n.t('missing'),
            tooltip: paths.imageRoot,
            icon: root ? new vscode.ThemeIcon('file-media') : problemIcon(),
          },
          this.checkRow(configuration),
        ],
      },
    ];
  }

  private async splitRow(split: string, file: string, configuration: vscode.Uri): Promise<Row> {
    const size = await stat(file).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined)
      return {
        label: split,
        description: vscode.l10n.t('missing: {0}', basename(file)),
        tooltip: file,
        icon: problemIcon(),
        open: configuration,
      };
    const checked = this.checks.lastOf(configuration)?.report.splits[split];
    const language = vscode.env.language;
    const details = Object.entries(checked?.counts ?? {}).map(
      ([name, n]) => `${name}: ${count(n, language)}`,
    );
    return {
      label: split,
      description: checked
        ? checked.examples === 1
          ? vscode.l10n.t('1 example')
          : vscode.l10n.t('{0} examples', count(checked.examples, language))
        : `${basename(file)} · ${bytes(size)}`,
      tooltip: [file, ...details].join('\n'),
      icon: new vscode.ThemeIcon('list-ordered'),
      open: vscode.Uri.file(file),
    };
  }

  private checkRow(configuration: vscode.Uri): Row {
    const last = this.checks.lastOf(configuration);
    if (!last)
      return { label: vscode.l10n.t('not checked yet'), icon: new vscode.ThemeIcon('dash') };
    const { problems } = last.report;
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const warnings = problems.filter(({ severity }) => severity === 'warning').length;
    const checked = new Date(last.time);
    const today = checked.toDateString() === new Date().toDateString();
    const time = today
      ? checked.toLocaleTimeString(vscode.env.language)
      : checked.toLocaleDateString(vscode.env.language);
    const label =
      errors + warnings === 0 ? vscode.l10n.t('no problems') : problemCounts(errors, warnings);
    return {
      label,
      description: vscode.l10n.t('checked {0}', time),
      icon: errors > 0 ? problemIcon() : new vscode.ThemeIcon('pass'),
      children: problems.slice(0, MOST_PROBLEMS).map((problem) => ({
        label: localizedMessage(problem),
        description: problem.split,
        tooltip: localizedMessage(problem),
        icon: problem.severity === 'error' ? problemIcon() : new vscode.ThemeIcon('warning'),
        open: problem.file ? vscode.Uri.file(problem.file) : configuration,
        line: problem.line,
      })),
    };
  }
}

async function firstThere(): Promise<vscode.Uri | undefined> {
  const active = activeConfiguration();
  return isThere(active) ? active : (await findConfigurations()).find(isThere);
}

function isThere(uri: vscode.Uri | undefined): uri is vscode.Uri {
  return uri !== undefined && existsSync(uri.fsPath);
}

/** More than these are in the Problems view. */
const MOST_PROBLEMS = 50;

function problemIcon(): vscode.ThemeIcon {
  return new vscode.ThemeIcon('error', new vscode.ThemeColor('charts.red'));
}
