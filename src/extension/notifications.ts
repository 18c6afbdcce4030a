import * as vscode from 'vscode';
import { percent } from './format';
import { isTakeable } from './runs/resumable';
import { isActive, type Run, type RunRegistry } from './runs/runRegistry';
import { setting } from './settings';
import { isAwaited } from './trainer/awaitedAttempts';

/** What was last seen of a run that was active. */
interface Active {
  attempt: string | undefined;
  evaluates: boolean;
}

/** Announces how runs end while this window is open, those that were started elsewhere included. */
export class EndNotifications implements vscode.Disposable {
  private active = new Map<string, Active>();
  private readonly subscription: { dispose(): void };

  constructor(
    private readonly runs: RunRegistry,
    private readonly log: vscode.LogOutputChannel,
    /** A message was closed without choosing anything. */
    private readonly dismissed: (run: Run) => Promise<void>,
  ) {
    this.subscription = runs.onDidChange(() => this.update());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private update(): void {
    const active = new Map<string, Active>();
    for (const run of this.runs.runs) {
      const { folder, attempt } = run;
      const before = this.active.get(folder);
      if (isActive(run)) {
        const guest = attempt?.kind === 'evaluate' && run.info.kind !== 'evaluate';
        active.set(folder, { attempt: attempt?.id, evaluates: guest });
      } else if (before) void this.notify(run, before);
    }
    this.active = active;
  }

  private async notify(run: Run, before: Active): Promise<void> {
    const { message, level } = ending(run, before);
    const outcome = (run.notice ?? run.attempt)?.outcome;
    // The failed examples of an evaluation open by themselves; one that can be done anyway asks by itself.
    if (isAwaited(before.attempt) && (level === 'information' || outcome?.allowedBy)) return;
    const why = [run.message, run.hint].filter((part) => part !== null).join(' ');
    this.log.info(`${run.info.name} (${run.folder}): ${run.status}. ${why}`);
    const wanted = setting('notifications');
    if (wanted === 'none' || (wanted === 'failures' && level === 'information')) return;
    const commands = new Map<string, string>([
      [vscode.l10n.t('Dashboard'), 'nlvr.openDashboard'],
      ...(level === 'information'
        ? ([[vscode.l10n.t('Failed Examples'), 'nlvr.inspectFailedExamples']] as const)
        : ([[vscode.l10n.t('Trainer Log'), 'nlvr.openTrainerLog']] as const)),
      ...(run.status === 'lost'
        ? ([[vscode.l10n.t('Resume'), 'nlvr.resumeTraining']] as const)
        : []),
      ...(isTakeable(run) ? ([[vscode.l10n.t('Take Over'), 'nlvr.takeOver']] as const) : []),
    ]);
    const show = {
      information: vscode.window.showInformationMessage,
      warning: vscode.window.showWarningMessage,
      error: vscode.window.showErrorMessage,
    }[level];
    const chosen = await show(message, ...commands.keys());
    const command = chosen === undefined ? undefined : commands.get(chosen);
    if (chosen === undefined) await this.dismissed(run);
    if (command) await vscode.commands.executeCommand(command, run.folder);
  }
}

interface EndingWords {
  message: string;
  level: 'information' | 'warning' | 'error';
}

/** @param before the attempt that has ended */
function ending(run: Run, before: Active): EndingWords {
  const { info, status, message, hint, notice, attempt } = run;
  const why = [message, hint].filter((part) => part !== null).join(' ');
  const said = (text: string, level: EndingWords['level'] = 'information'): EndingWords => ({
    message: text,
    level,
  });
  if (notice && notice.id === before.attempt)
    return said(vscode.l10n.t('{0}: {1}', info.name, why), 'error');
  if (before.evaluates) return said(vscode.l10n.t('The evaluation of {0} has ended.', info.name));
  switch (status) {
    case 'lost':
      return said(vscode.l10n.t('{0} stopped responding. {1}', info.name, why), 'warning');
    case 'failed':
      if (attempt?.outcome?.state === 'refused')
        return attempt.kind === 'evaluate'
          ? said(vscode.l10n.t('The evaluation did not start. {0}', why), 'error')
          : said(vscode.l10n.t('Training did not start. {0}', why), 'error');
      return said(vscode.l10n.t('{0} failed. {1}', info.name, why), 'error');
    case 'stopped':
      if (info.kind === 'evaluate') return said(vscode.l10n.t('{0} was stopped.', info.name));
      return run.begun === false
        ? said(vscode.l10n.t('{0} was stopped before it started.', info.name))
        : said(vscode.l10n.t('{0} stopped at epoch {1}.', info.name, info.epoch + 1));
    default:
      return said(
        info.best
          ? vscode.l10n.t('{0} finished: best {1}.', info.name, percent(info.best.accuracy))
          : vscode.l10n.t('{0} finished.', info.name),
      );
  }
}
