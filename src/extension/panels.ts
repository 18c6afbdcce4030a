/**
 * Panels are registered at once, because those that were open before a reload of the window wait for it. Their code,
 * which brings the YAML parsers, is loaded with the first that is shown.
 */
import * as vscode from 'vscode';
import type { Services } from './services';
import { ANALYSIS_VIEW, DASHBOARD_VIEW, FAILURES_VIEW } from './viewTypes';

type Serializer = vscode.WebviewPanelSerializer;

export function registerPanels(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.window.registerWebviewPanelSerializer(
      DASHBOARD_VIEW,
      whenShown(async () => (await import('./dashboard/panel')).registerDashboard(services)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      FAILURES_VIEW,
      whenShown(async () => (await import('./failures/panel')).registerFailures(services)),
    ),
    vscode.window.registerWebviewPanelSerializer(
      ANALYSIS_VIEW,
      whenShown(async () => (await import('./analysis/panel')).registerAnalysis(services)),
    ),
  );
}

function whenShown(load: () => Promise<Serializer>): Serializer {
  return {
    deserializeWebviewPanel: async (panel, state) =>
      (await load()).deserializeWebviewPanel(panel, state),
  };
}
