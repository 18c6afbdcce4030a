/**
 * Registers the panels immediately, so that VS Code can restore them after a window reload. Their code, which includes the
 * YAML parsers, is loaded when the first one is shown.
 */
import * as vscode from 'vscode';
import type { RunsTableContext } from './runsTable/panel';
import {
  ANALYSIS_VIEW,
  COMPARISON_VIEW,
  DASHBOARD_VIEW,
  FAILURES_VIEW,
  RUNS_VIEW,
} from './viewTypes';

type Serializer = vscode.WebviewPanelSerializer;

export function registerPanels(context: RunsTableContext): vscode.Disposable {
  const { services } = context;
  return vscode.Disposable.from(
    vscode.window.registerWebviewPanelSerializer(
      DASHBOARD_VIEW,
      lazySerializer(async () => (await import('./dashboard/panel')).registerDashboard(services)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      FAILURES_VIEW,
      lazySerializer(async () => (await import('./failures/panel')).registerFailures(services)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      ANALYSIS_VIEW,
      lazySerializer(async () => (await import('./analysis/panel')).registerAnalysis(services)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      RUNS_VIEW,
      lazySerializer(async () => (await import('./runsTable/panel')).registerRunsTable(context)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      COMPARISON_VIEW,
      lazySerializer(async () =>
        (await import('./comparison/panel')).registerComparisons(services),
      ),
    ),
  );
}

function lazySerializer(load: () => Promise<Serializer>): Serializer {
  return {
    deserializeWebviewPanel: async (panel, state) =>
      (await load()).deserializeWebviewPanel(panel, state),
  };
}
