import { realpath } from 'node:fs/promises';
import { relative, isAbsolute, sep } from 'node:path';
import * as vscode from 'vscode';
import { isDemo } from './demo/demoFolder';

/**
 * Refuses to continue in Restricted Mode. Menus hide the commands that run programs, but keyboard shortcuts and other
 * extensions can still call them, so every handler that runs something checks again.
 * @throws {vscode.CancellationError} after a message that says why and offers to manage workspace trust.
 */
export async function requireTrust(): Promise<void> {
  if (vscode.workspace.isTrusted) return;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('This workspace is not trusted. Nothing in it is run.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  throw new vscode.CancellationError();
}

/**
 * Whether images may be read from a folder that a file of the workspace specifies. In Restricted Mode, only if the folder,
 * links resolved, is in the workspace or belongs to the demo.
 */
export async function canShowImagesOf(folder: string): Promise<boolean> {
  if (vscode.workspace.isTrusted || isDemo(folder)) return true;
  const real = (path: string): Promise<string> => realpath(path).catch(() => path);
  const wanted = await real(folder);
  const homes = await Promise.all(
    (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => real(uri.fsPath)),
  );
  return homes.some((home) => {
    const path = relative(home, wanted);
    return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  });
}
