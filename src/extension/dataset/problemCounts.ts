import * as vscode from 'vscode';

/** `2 errors, 1 warning`; of those that there are. */
export function problemCounts(errors: number, warnings: number): string {
  const words: string[] = [];
  if (errors > 0)
    words.push(errors === 1 ? vscode.l10n.t('1 error') : vscode.l10n.t('{0} errors', errors));
  if (warnings > 0)
    words.push(
      warnings === 1 ? vscode.l10n.t('1 warning') : vscode.l10n.t('{0} warnings', warnings),
    );
  return words.join(', ');
}
