import * as vscode from 'vscode';

/**
 * Refuses to go on in Restricted Mode. Menus hide what runs programs, but keyboard shortcuts and other extensions can
 * still call a command, so every handler that runs something asks here again.
 * @throws {vscode.CancellationError} after telling why, with a way to trust the workspace.
 */
export async function requireTrust(): Promise<void> {
  if (vscode.workspace.isTrusted) return;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('This workspace is not trusted, so nothing is run from it.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  throw new vscode.CancellationError();
}
