import * as vscode from 'vscode';
import { percent } from './format';
import { isActive, type Run, type RunRegistry } from './runs/runRegistry';
import { setting } from './settings';

/** Tells of runs that end while this window is open, whoever started them. */
export class EndNotifications implements vscode.Disposable {
  private active = new Set<string>();
  private readonly subscription: { dispose(): void };

  constructor(
    private readonly runs: RunRegistry,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscription = runs.onDidChange(() => this.update());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private update(): void {
    const active = new Set<string>();
    for (const run of this.runs.runs) {
      if (isActive(run)) active.add(run.folder);
      else if (this.active.has(run.folder)) void this.tell(run);
    }
    this.active = active;
  }

  private async tell(run: Run): Promise<void> {
    const failed = run.status === 'failed';
    this.log.info(`${run.info.name} (${run.folder}): ${run.status}. ${run.message ?? ''}`);
    const wanted = setting('notifications');
    if (wanted === 'none' || (wanted === 'failures' && !failed)) return;
    const dashboard = vscode.l10n.t('Dashboard');
    const examples = vscode.l10n.t('Failed Examples');
    const trainerLog = vscode.l10n.t('Trainer Log');
    const chosen = failed
      ? await vscode.window.showErrorMessage(words(run), dashboard, trainerLog)
      : await vscode.window.showInformationMessage(words(run), dashboard, examples);
    if (chosen === undefined) return;
    const command =
      chosen === dashboard
        ? 'nlvr.openDashboard'
        : chosen === examples
          ? 'nlvr.inspectFailedExamples'
          : 'nlvr.openTrainerLog';
    await vscode.commands.executeCommand(command, run.folder);
  }
}

function words({ info, status, message, hint }: Run): string {
  const why = [message, hint].filter((part) => part !== null).join(' ');
  switch (status) {
    case 'failed':
      return vscode.l10n.t('{0} failed. {1}', info.name, why);
    case 'stopped':
      return info.kind === 'evaluate'
        ? vscode.l10n.t('{0} was stopped.', info.name)
        : vscode.l10n.t('{0} stopped at epoch {1}.', info.name, info.epoch + 1);
    default:
      return info.best
        ? vscode.l10n.t('{0} finished: best {1}.', info.name, percent(info.best.accuracy))
        : vscode.l10n.t('{0} finished.', info.name);
  }
}
