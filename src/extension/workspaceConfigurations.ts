import * as vscode from 'vscode';
import { configurationGlob, isConfiguration } from './configurationFiles';
import { pickOne } from './quickPick';

const MOST = 200;

/** The configurations of the workspace, in the order of their paths; closed and open files alike. */
export async function findConfigurations(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(
    configurationGlob,
    '**/{node_modules,.git,dist}/**',
    MOST,
  );
  const marked = vscode.workspace.textDocuments.filter(isConfigurationDocument);
  const byPath = new Map(
    [...found, ...marked.map((document) => document.uri)].map((uri) => [uri.fsPath, uri]),
  );
  return [...byPath.values()].sort((a, b) => a.fsPath.localeCompare(b.fsPath));
}

export function isConfigurationDocument(document: vscode.TextDocument): boolean {
  return (
    document.uri.scheme === 'file' && isConfiguration(document.uri.path, document.lineAt(0).text)
  );
}

/** The configuration in the active editor, as text or as form. */
export function activeConfiguration(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (document && isConfigurationDocument(document)) return document.uri;
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isForm = input instanceof vscode.TabInputCustom && isConfiguration(input.uri.path);
  return isForm ? input.uri : undefined;
}

/**
 * The configuration that a command is about: the one it was called on, the active one, the only one of the
 * workspace, or the one that the user picks.
 * @returns undefined when there is none; `'dismissed'` when the user did not choose.
 */
export async function chooseConfiguration(
  calledOn?: vscode.Uri,
): Promise<vscode.Uri | 'dismissed' | undefined> {
  const given = calledOn ?? activeConfiguration();
  if (given) return given;
  const found = await findConfigurations();
  if (found.length <= 1) return found[0];
  const items = found.map((uri) => ({
    label: vscode.workspace.asRelativePath(uri),
    uri,
  }));
  const picked = await pickOne(items, {
    title: vscode.l10n.t('NLVR Configuration'),
    placeHolder: vscode.l10n.t('Which configuration?'),
  });
  return picked?.uri ?? 'dismissed';
}
