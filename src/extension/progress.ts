import * as vscode from 'vscode';
import { parsePercent } from './percentLine';

/**
 * Runs something with a notification that shows its progress and can cancel it.
 * @param work receives the signal of the cancel button, and a function to call with progress lines
 * @throws {vscode.CancellationError} when the user canceled.
 */
export async function withCancellableProgress<T>(
  title: string,
  work: (signal: AbortSignal, onLine: (line: string) => void) => Promise<T>,
): Promise<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
      let shown = 0;
      return work(abort.signal, (line) => {
        const step = parsePercent(line);
        if (!step) return;
        const { percent, note, left } = step;
        const parts = [`${percent}%`, note, left === null ? '' : vscode.l10n.t('{0} left', left)];
        const message = parts.filter((part) => part !== '').join(' · ');
        progress.report({ message, increment: Math.max(0, step.percent - shown) });
        shown = Math.max(shown, step.percent);
      });
    },
  );
}
