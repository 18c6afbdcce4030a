import * as vscode from 'vscode';

/** Formats counts: `2 errors, 1 warning`; zero counts are omitted. */
export function problemCounts(errors: number, warnings: number): string {
  const parts: string[] = [];
  if (errors > 0)
    parts.push(errors === 1 ? vscode.l10n.t('1 error') : vscode.l10n.t('{0} errors', errors));
  if (warnings > 0)
    parts.push(
      warnings === 1 ? vscode.l10n.t('1 warning') : vscode.l10n.t('{0} warnings', warnings),
    );
  return parts.join(', ');
}
