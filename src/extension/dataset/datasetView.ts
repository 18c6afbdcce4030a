import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Config } from '../../config/definition';
import { localizedMessage } from '../../util/language';
import { pathExists } from '../../util/pathExists';
import { ExampleCounts } from '../configuration/exampleCount';
import { count } from '../format';
import { onDidChangeActivePanel } from '../activePanel';
import {
  configurationInUse,
  findConfigurations,
  type ConfigurationIndex,
} from '../workspaceConfigurations';
import type { DatasetChecks } from './datasetChecks';
import { problemCounts } from './problemCounts';

/** A row of the data set view. */
interface Row {
  /** Stable identifier, so that expanded rows stay expanded. */
  id: string;
  label: string;
  description?: string;
  icon: vscode.ThemeIcon;
  tooltip?: string;
  open?: vscode.Uri;
  /** 1-based line to show in `open`. */
  line?: number;
  children?: Row[];
  /** Creates the children when the row is expanded. */
  loadChildren?: () => Promise<Row[]>;
  isCollapsed?: boolean;
  /** The configuration of the row, passed to its commands. */
  configuration?: vscode.Uri;
}

/** The configuration of a row of the view if a command was called on one, otherwise the argument itself. */
export function configurationOfRow(calledOn: unknown): unknown {
  return typeof calledOn === 'object' && calledOn !== null && 'configuration' in calledOn
    ? calledOn.configuration
    : calledOn;
}

/** The data set view: for each configuration of the workspace, its splits with example counts, and the last check. */
export class DatasetView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables: { dispose(): void }[];
  private readonly counts = new ExampleCounts();
  /** The configuration of the last active editor or panel. */
  private inUse: string | undefined;

  constructor(
    private readonly checks: DatasetChecks,
    configurations: Pick<ConfigurationIndex, 'onDidChange'>,
  ) {
    const changed = (): void => this.changed.fire();
    this.disposables = [
      configurations.onDidChange(changed),
      // Files that are configurations by their first line can have any name.
      vscode.workspace.onDidDeleteFiles(changed),
      vscode.workspace.onDidRenameFiles(changed),
      this.changed,
      vscode.window.createTreeView('nlvr.dataset', { treeDataProvider: this }),
      checks.onDidChange(changed),
      vscode.window.onDidChangeActiveTextEditor(() => void this.followActive()),
      vscode.window.tabGroups.onDidChangeTabs(() => void this.followActive()),
      onDidChangeActivePanel(() => void this.followActive()),
    ];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row) return row.children ?? (await row.loadChildren?.()) ?? [];
    this.inUse = (await configurationInUse())?.fsPath ?? this.inUse;
    const found = await findConfigurations();
    const exists = await Promise.all(found.map(({ fsPath }) => pathExists(fsPath)));
    const all = found.filter((_each, i) => exists[i]);
    return Promise.all(all.map((each) => this.configurationRow(each, all.length === 1)));
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const hasChildren = row.loadChildren !== undefined || (row.children?.length ?? 0) > 0;
    const state = !hasChildren ? None : row.isCollapsed ? Collapsed : Expanded;
    const item = new vscode.TreeItem(row.label, state);
    item.id = row.id;
    item.description = row.description;
    item.iconPath = row.icon;
    item.tooltip = row.tooltip;
    if (row.configuration) item.contextValue = 'configuration';
    if (row.open) {
      const options: vscode.TextDocumentShowOptions = row.line
        ? { selection: new vscode.Range(row.line - 1, 0, row.line - 1, 0) }
        : {};
      const title = vscode.l10n.t('Open');
      item.command = { command: 'vscode.open', title, arguments: [row.open, options] };
    }
    return item;
  }

  private async followActive(): Promise<void> {
    const now = (await configurationInUse())?.fsPath;
    if (now !== undefined && now !== this.inUse) this.changed.fire();
  }

  private async configurationRow(configuration: vscode.Uri, isOnly: boolean): Promise<Row> {
    const { parseConfig } = await import('../../config/parse');
    const file = configuration.fsPath;
    const text = await readFile(file, 'utf8').catch(() => '');
    const { config, problems } = parseConfig(text);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    // A single configuration is not marked.
    const isInUse = file === this.inUse && !isOnly;
    const description = [
      ...(isInUse ? [vscode.l10n.t('in use')] : []),
      ...(errors > 0 ? [problemCounts(errors, 0)] : []),
    ];
    return {
      id: file,
      label: vscode.workspace.asRelativePath(configuration),
      description: description.join(' · '),
      icon: errors > 0 ? problemIcon() : new vscode.ThemeIcon('settings-gear'),
      open: configuration,
      configuration,
      isCollapsed: !isOnly && !isInUse,
      loadChildren: () => this.rowsOf(configuration, config),
    };
  }

  private async rowsOf(configuration: vscode.Uri, config: Config): Promise<Row[]> {
    const { configPaths } = await import('../../config/paths');
    const paths = configPaths(config, dirname(configuration.fsPath));
    const splits = Object.entries(paths.annFiles).map(([split, annotations]) =>
      this.splitRow(split, annotations, configuration, config),
    );
    const root = await pathExists(paths.imageRoot);
    return [
      ...(await Promise.all(splits)),
      {
        id: `${configuration.fsPath} image_root`,
        label: 'image_root',
        description: root ? basename(paths.imageRoot) : vscode.l10n.t('missing'),
        tooltip: paths.imageRoot,
        icon: root ? new vscode.ThemeIcon('file-media') : problemIcon(),
      },
      await this.checkRow(configuration),
    ];
  }

  private async splitRow(
    split: string,
    file: string,
    configuration: vscode.Uri,
    config: Config,
  ): Promise<Row> {
    const id = `${configuration.fsPath} ${split}`;
    const counted = await this.counts.of(file, config.ann_format);
    if (counted === null)
      return {
        id,
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
      id,
      label: split,
      description:
        counted === 1
          ? vscode.l10n.t('1 example')
          : vscode.l10n.t('{0} examples', count(counted, language)),
      tooltip: [file, ...details].join('\n'),
      icon: new vscode.ThemeIcon('list-ordered'),
      open: vscode.Uri.file(file),
    };
  }

  private async checkRow(configuration: vscode.Uri): Promise<Row> {
    const id = `${configuration.fsPath} check`;
    const last = this.checks.lastOf(configuration);
    if (!last)
      return { id, label: vscode.l10n.t('not checked yet'), icon: new vscode.ThemeIcon('dash') };
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
      id,
      label,
      description: (await this.checks.isCurrent(configuration))
        ? vscode.l10n.t('checked {0}', time)
        : vscode.l10n.t('checked {0}, changed since', time),
      icon: errors > 0 ? problemIcon() : new vscode.ThemeIcon(warnings > 0 ? 'warning' : 'pass'),
      isCollapsed: true,
      children: problems.slice(0, MAX_PROBLEMS).map((problem, index) => ({
        id: `${id} ${index}`,
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

/** Maximum number of problems listed; the Problems view has all. */
const MAX_PROBLEMS = 50;

function problemIcon(): vscode.ThemeIcon {
  return new vscode.ThemeIcon('error', new vscode.ThemeColor('charts.red'));
}
