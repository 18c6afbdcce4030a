import * as vscode from 'vscode';
import type { Run } from './runRegistry';

/** The configuration that a run belongs to, as the editor writes paths; undefined when it is not known. */
export function configurationOfRun({ info }: Pick<Run, 'info'>): string | undefined {
  return info.configFile === '' ? undefined : vscode.workspace.asRelativePath(info.configFile);
}

/** Where a run is and which configuration it belongs to, in a line of a list. */
export function placeOfRun(run: Pick<Run, 'folder' | 'info'>): string {
  const configuration = configurationOfRun(run);
  const folder = vscode.workspace.asRelativePath(run.folder);
  return configuration === undefined
    ? folder
    : vscode.l10n.t('{0}, configuration {1}', folder, configuration);
}
