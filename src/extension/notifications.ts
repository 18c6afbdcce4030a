import * as vscode from 'vscode';
import { percent } from './format';
import { isTakeable } from './runs/runActions';
import { isActive, type Run, type RunRegistry } from './runs/runRegistry';
import { setting } from './settings';
import { isAwaited } from './trainer/awaitedAttempts';

/** The last known attempt of a run that was active. */
interface ActiveRun {
  attempt: string | undefined;
  evaluates: boolean;
}

/** Shows notifications about how runs end, including runs started elsewhere. */
export class EndNotifications implements vscode.Disposable {
  private active = new Map<string, ActiveRun>();
  private readonly subscription: { dispose(): void };

  constructor(
    private readonly runs: RunRegistry,
    private readonly log: vscode.LogOutputChannel,
    /** Called when a notification was closed without choosing an action. */
    private readonly dismissed: (run: Run) => Promise<void>,
  ) {
    this.subscription = runs.onDidChange(() => this.update());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private update(): void {
    const active = new Map<string, ActiveRun>();
    for (const run of this.runs.runs) {
      const { folder, attempt } = run;
      const before = this.active.get(folder);
      if (isActive(run)) {
        // An evaluation in the folder of a training.
        const evaluates = attempt?.kind === 'evaluate' && run.info.kind !== 'evaluate';
        active.set(folder, { attempt: attempt?.id, evaluates });
      } else if (before) void this.notify(run, before);
    }
    this.active = active;
  }

  private async notify(run: Run, before: ActiveRun): Promise<void> {
    const { message, level } = endingMessage(run, before);
    const outcome = (run.notice ?? run.attempt)?.outcome;
    // The command that awaits an evaluation opens its failed examples, or asks whether to evaluate anyway.
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

interface EndingMessage {
  message: string;
  level: 'information' | 'warning' | 'error';
}

/** @param before the attempt that has ended */
function endingMessage(run: Run, before: ActiveRun): EndingMessage {
  const { info, status, message, hint, notice, attempt } = run;
  const why = [message, hint].filter((part) => part !== null).join(' ');
  const ended = (text: string, level: EndingMessage['level'] = 'information'): EndingMessage => ({
    message: text,
    level,
  });
  if (notice && notice.id === before.attempt)
    return ended(vscode.l10n.t('{0}: {1}', info.name, why), 'error');
  if (before.evaluates) return ended(vscode.l10n.t('The evaluation of {0} has ended.', info.name));
  switch (status) {
    case 'lost':
      return ended(vscode.l10n.t('{0} stopped responding. {1}', info.name, why), 'warning');
    case 'failed':
      if (attempt?.outcome?.state === 'refused')
        return attempt.kind === 'evaluate'
          ? ended(vscode.l10n.t('The evaluation did not start. {0}', why), 'error')
          : ended(vscode.l10n.t('Training did not start. {0}', why), 'error');
      return ended(vscode.l10n.t('{0} failed. {1}', info.name, why), 'error');
    case 'stopped':
      if (info.kind === 'evaluate') return ended(vscode.l10n.t('{0} was stopped.', info.name));
      return run.begun === false
        ? ended(vscode.l10n.t('{0} was stopped before it started.', info.name))
        : ended(vscode.l10n.t('{0} stopped at epoch {1}.', info.name, info.epoch + 1));
    default:
      return ended(
        info.best
          ? vscode.l10n.t('{0} finished: best {1}.', info.name, percent(info.best.accuracy))
          : vscode.l10n.t('{0} finished.', info.name),
      );
  }
}
