import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import type { PredictionSet } from '../../run/read/predictionSets';
import { UserError } from '../../util/userError';
import type { AnalysisContract, PanelState, TabId } from '../../webview/analysis/messages';
import { saveText } from '../failures/saveRows';
import { showFailure, showErrorOf } from '../log';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../runInFront';
import { isActive } from '../runs/runRegistry';
import type { Services } from '../services';
import { KeyedMutex } from '../keyedMutex';
import { ANALYSIS_VIEW } from '../viewTypes';
import { Messenger } from '../webview/messenger';
import { panelIcon, setUpWebview } from '../webview/panelWebview';
import { analyses, mayAnalyze } from './analyses';
import { AnalysisSession, type SessionEditor, type SessionRun } from './session';

let registered: AnalysisPanels | undefined;

/** Makes the panels available, once. @returns what fills those that were open before a reload of the window. */
export function registerAnalysis(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  if (registered) return registered;
  registered = new AnalysisPanels(services);
  services.context.subscriptions.push(registered);
  return registered;
}

/**
 * Opens the analysis of a run, or brings it to the front.
 * @param runFolder absolute path
 */
export async function openAnalysis(
  runFolder: string,
  wanted: Partial<PredictionSet> = {},
  tab?: TabId,
): Promise<void> {
  if (!registered) throw new Error('registerAnalysis was not called');
  await registered.open(runFolder, wanted, tab);
}

/** All open panels, at most one for each run. */
class AnalysisPanels
  implements vscode.WebviewPanelSerializer<Partial<PanelState>>, vscode.Disposable
{
  private readonly panels = new Map<string, AnalysisPanel>();
  /** A second command for the same run waits for the first. */
  private readonly turns = new KeyedMutex();
  /** Runs whose panel VS Code has handed over after a reload. */
  private readonly handedOver = new Set<string>();

  constructor(private readonly services: Services) {}

  async open(runFolder: string, wanted: Partial<PredictionSet>, tab?: TabId): Promise<void> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.panels.has(runFolder)) await this.showRestored(runFolder);
    const known = await this.turns.run(runFolder, async () => {
      const open = this.panels.get(runFolder);
      if (open) {
        open.panel.reveal();
        return open;
      }
      const panel = vscode.window.createWebviewPanel(
        ANALYSIS_VIEW,
        vscode.l10n.t('Analysis'),
        vscode.ViewColumn.Active,
      );
      await this.fill(panel, runFolder, wanted);
      return undefined;
    });
    if (known && wanted.split !== undefined) await known.session.show(wanted);
    const { session } = this.panels.get(runFolder) ?? {};
    if (!tab || !session) return;
    // The folder is new to the panel's watcher where this is the first result.
    await session.robustnessChanged();
    session.showTab(tab);
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<PanelState> | undefined,
  ): Promise<void> {
    const { runFolder, set } = state ?? {};
    if (typeof runFolder !== 'string') {
      panel.dispose();
      return;
    }
    this.handedOver.add(runFolder);
    await this.turns.run(runFolder, async () => {
      if (this.panels.has(runFolder)) panel.dispose();
      else await this.fill(panel, runFolder, { ...set });
    });
  }

  dispose(): void {
    for (const panel of this.panels.values()) panel.dispose();
    this.panels.clear();
  }

  private async showRestored(runFolder: string): Promise<void> {
    const title = titleOf(await this.nameOf(runFolder));
    await showRestored({
      viewType: ANALYSIS_VIEW,
      title,
      loaded: [...this.panels.values()].filter(({ panel }) => panel.title === title).length,
      handedOver: () => this.handedOver.has(runFolder),
    });
  }

  private async nameOf(runFolder: string): Promise<string> {
    const { runs } = this.services;
    const run = runs.get(runFolder) ?? (await runs.add(runFolder));
    return run?.info.name ?? basename(runFolder);
  }

  private async fill(
    panel: vscode.WebviewPanel,
    runFolder: string,
    wanted: Partial<PredictionSet>,
  ): Promise<void> {
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    const name = await this.nameOf(runFolder);
    if (closed) return;
    panel.title = titleOf(name);
    panel.iconPath = panelIcon(this.services.context.extensionUri);
    const filled = new AnalysisPanel(panel, { folder: runFolder, name }, wanted, this.services);
    this.panels.set(runFolder, filled);
    followPanel(panel, () => ({
      run: runFolder,
      configFile: this.services.runs.get(runFolder)?.info.configFile,
    }));
    panel.onDidDispose(() => {
      this.panels.delete(runFolder);
      filled.dispose();
    });
  }
}

function titleOf(runName: string): string {
  return vscode.l10n.t('Analysis: {0}', runName);
}

/** One panel: its webview, its session, and the files it watches. */
class AnalysisPanel implements vscode.Disposable {
  readonly session: AnalysisSession;
  private readonly messenger: Messenger<AnalysisContract>;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly run: SessionRun,
    wanted: Partial<PredictionSet>,
    private readonly services: Services,
  ) {
    this.session = new AnalysisSession(run, wanted, this.editor());
    this.messenger = new Messenger<AnalysisContract>(panel.webview, this.session);
    setUpWebview(panel.webview, services.context.extensionUri, {
      panel: 'analysis',
      title: panel.title,
      strings: vscode.l10n.bundle ?? {},
    });
    this.guard('analyze', this.session.prepare());
    const refresh = (): void => this.guard('read predictions', this.session.refresh());
    this.watch(new RunFolder(run.folder).predictions, '*.jsonl', refresh);
    this.watch(new RunFolder(run.folder).robustness, '*.json', () =>
      this.guard('read robustness', this.session.robustnessChanged()),
    );
    this.watch(run.folder, 'notes.json', () =>
      this.guard('read notes', this.session.notesChanged()),
    );
    this.disposables.push(
      this.messenger,
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.messenger.suspend();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(refresh),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.slices')) refresh();
      }),
      // A folder that does not exist yet is not watched everywhere; the run's own news come as well.
      services.runs.onDidChange(refresh),
    );
  }

  dispose(): void {
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private watch(folder: string, pattern: string, changed: () => void): void {
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(folder), pattern),
    );
    watcher.onDidCreate(changed);
    watcher.onDidChange(changed);
    watcher.onDidDelete(changed);
    this.disposables.push(watcher);
  }

  private guard(doing: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.services.log.error(`${doing}: ${String(error)}`));
  }

  private configFile(): string {
    return this.services.runs.get(this.run.folder)?.info.configFile ?? '';
  }

  private editor(): SessionEditor {
    const { log, runs } = this.services;
    const { folder } = this.run;
    return {
      send: (message) => this.messenger.send(message),
      isTrusted: () => mayAnalyze(folder),
      isActive: () => {
        const run = runs.get(folder);
        return run !== undefined && isActive(run);
      },
      identityOf: (set) => analyses.identityOf(folder, this.configFile(), set),
      job: (identity) => analyses.job(identity),
      showExamples: (set, what) => {
        const show = async (): Promise<void> => {
          const { openFailures, registerFailures } = await import('../failures/panel');
          registerFailures(this.services);
          await openFailures(folder, { ...set, ...what });
        };
        showErrorOf(log, 'show examples', show());
      },
      command: (command, set) => showErrorOf(log, command, this.command(command, set)),
      save: (name, extension, pieces) => this.save(name, extension, pieces),
      problem: (doing, error) => {
        // A person sees it in the panel; what is not meant for people belongs in the log.
        if (error instanceof UserError) log.warn(`analysis, ${doing}: ${error.message}`);
        else
          log.error(`analysis, ${doing}: ${error instanceof Error ? error.stack : String(error)}`);
      },
    };
  }

  private async command(
    command: Parameters<SessionEditor['command']>[0],
    set: PredictionSet | null,
  ): Promise<void> {
    const { folder, name } = this.run;
    switch (command) {
      case 'text': {
        if (!set) return;
        const { showAnalysisText } = await import('./textReport');
        return showAnalysisText(this.services, folder, name, set);
      }
      case 'robustness':
        await vscode.commands.executeCommand('nlvr.testRobustness', folder);
        return;
      case 'setting':
        await vscode.commands.executeCommand('workbench.action.openSettings', 'nlvr.slices');
        return;
      case 'dashboard':
        await vscode.commands.executeCommand('nlvr.openDashboard', folder);
        return;
      case 'trust':
        await vscode.commands.executeCommand('workbench.trust.manage');
        return;
    }
  }

  private async save(
    name: string,
    extension: string,
    pieces: Iterable<string>,
  ): Promise<string | null> {
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(join(this.run.folder, name)),
      filters: { [extension.toUpperCase()]: [extension] },
      title: vscode.l10n.t('Export Candidates for Label Noise'),
    });
    if (!target) return null;
    try {
      await saveText(target, pieces);
    } catch (error) {
      void showFailure(this.services.log, 'export candidates', error);
      throw error;
    }
    return basename(target.path);
  }
}
