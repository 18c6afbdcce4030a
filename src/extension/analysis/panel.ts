import { join } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import type { PredictionSet } from '../../run/read/predictionSets';
import type { AnalysisContract, PanelState, TabId } from '../../webview/analysis/messages';
import { showErrorOf } from '../log';
import { isActive } from '../runs/runRegistry';
import type { Services } from '../services';
import { ANALYSIS_VIEW } from '../viewTypes';
import { exportTo, logProblem, PanelFrame } from '../webview/panelFrame';
import { PanelSet, Registration, type OpenPanel } from '../webview/panelSet';
import { analysisCache, canAnalyze } from './analysisCache';
import { AnalysisSession, type SessionEditor, type SessionRun } from './session';

const registration = new Registration(
  (services: Services) => new AnalysisPanels(services, ANALYSIS_VIEW),
  (services) => services,
);

/** Registers the panels, once. @returns the serializer that restores them after a window reload. */
export function registerAnalysis(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  return registration.register(services);
}

/**
 * Opens the analysis of a run, or reveals its panel.
 * @param runFolder absolute path
 */
export async function openAnalysis(
  runFolder: string,
  wanted: Partial<PredictionSet> = {},
  tab?: TabId,
): Promise<void> {
  await registration.panels.open(runFolder, wanted, tab);
}

interface PanelInput {
  runFolder: string;
  /** The predictions to show first. */
  wanted: Partial<PredictionSet>;
}

/** All open panels, at most one for each run. */
class AnalysisPanels extends PanelSet<PanelInput, AnalysisPanel, PanelState> {
  async open(runFolder: string, wanted: Partial<PredictionSet>, tab?: TabId): Promise<void> {
    const input = { runFolder, wanted };
    const known = await this.show(input);
    if (known && wanted.split !== undefined) await known.session.show(wanted);
    const { session } = this.panelOf(input) ?? {};
    if (!tab || !session) return;
    // The first result creates its folder, which the panel's watcher does not watch yet.
    await session.robustnessChanged();
    session.showTab(tab);
  }

  protected placeholderTitle(): string {
    return vscode.l10n.t('Analysis');
  }

  protected titleOf({ runFolder }: PanelInput): string {
    return vscode.l10n.t('Analysis: {0}', this.nameOf(runFolder));
  }

  protected keyOf({ runFolder }: PanelInput): string {
    return runFolder;
  }

  protected keyOfPanel({ run }: AnalysisPanel): string {
    return run.folder;
  }

  protected inputFromState({ runFolder, set }: Partial<PanelState>): PanelInput | undefined {
    return typeof runFolder === 'string' ? { runFolder, wanted: { ...set } } : undefined;
  }

  protected runsOf({ runFolder }: PanelInput): readonly string[] {
    return [runFolder];
  }

  protected override runForCommands({ run }: AnalysisPanel): string {
    return run.folder;
  }

  protected createSession(
    panel: vscode.WebviewPanel,
    { runFolder, wanted }: PanelInput,
  ): AnalysisPanel {
    const run = { folder: runFolder, name: this.nameOf(runFolder) };
    return new AnalysisPanel(panel, run, wanted, this.services);
  }
}

/** One panel: its webview, its session and its file watchers. */
class AnalysisPanel implements OpenPanel {
  readonly session: AnalysisSession;
  private readonly frame: PanelFrame<AnalysisContract>;

  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly run: SessionRun,
    wanted: Partial<PredictionSet>,
    private readonly services: Services,
  ) {
    this.session = new AnalysisSession(run, wanted, this.editor());
    const frame = new PanelFrame<AnalysisContract>(panel, services, 'analysis', this.session);
    this.frame = frame;
    frame.logFailure('analyze', this.session.prepare());
    const refresh = (): void => frame.logFailure('read predictions', this.session.refresh());
    frame.watch(new RunFolder(run.folder).predictions, '*.jsonl', refresh);
    frame.watch(new RunFolder(run.folder).robustness, '*.json', () =>
      frame.logFailure('read robustness', this.session.robustnessChanged()),
    );
    frame.watch(run.folder, 'notes.json', () =>
      frame.logFailure('read notes', this.session.notesChanged()),
    );
    frame.register(
      vscode.workspace.onDidGrantWorkspaceTrust(refresh),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.slices')) refresh();
      }),
      // Not every file system watches a folder that does not exist yet; changes of the run are reported here too.
      services.runs.onDidChange(refresh),
    );
  }

  dispose(): void {
    this.frame.dispose();
  }

  private configFile(): string {
    return this.services.runs.get(this.run.folder)?.info.configFile ?? '';
  }

  private editor(): SessionEditor {
    const { log, runs } = this.services;
    const { folder } = this.run;
    return {
      send: (message) => this.frame.send(message),
      isTrusted: () => canAnalyze(folder),
      isActive: () => {
        const run = runs.get(folder);
        return run !== undefined && isActive(run);
      },
      keyOf: (set) => analysisCache.keyOf(folder, this.configFile(), set),
      job: (identity) => analysisCache.job(identity),
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
      problem: (doing, error) => logProblem(log, 'analysis', doing, error),
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

  private save(name: string, extension: string, pieces: Iterable<string>): Promise<string | null> {
    const title = vscode.l10n.t('Export Candidates for Label Noise');
    const file = vscode.Uri.file(join(this.run.folder, name));
    const doing = 'export candidates';
    return exportTo(this.services.log, { title, file, extension, doing }, pieces);
  }
}
