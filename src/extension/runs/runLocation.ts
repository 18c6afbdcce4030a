import * as vscode from 'vscode';
import type { Run } from './runRegistry';

/** The relative path of the configuration of a run; undefined if unknown. */
export function configurationOfRun({ info }: Pick<Run, 'info'>): string | undefined {
  return info.configFile === '' ? undefined : vscode.workspace.asRelativePath(info.configFile);
}

/** Describes the folder and the configuration of a run in one line. */
export function runLocation(run: Pick<Run, 'folder' | 'info'>): string {
  const configuration = configurationOfRun(run);
  const folder = vscode.workspace.asRelativePath(run.folder);
  return configuration === undefined
    ? folder
    : vscode.l10n.t('{0}, configuration {1}', folder, configuration);
}
