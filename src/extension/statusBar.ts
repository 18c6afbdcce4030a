import * as vscode from 'vscode';
import { percent } from './format';
import { isActive, type Run, type RunRegistry } from './runs/runRegistry';
import { progressOf } from './runs/progress';
import { activityText } from './runs/runText';
import { setting } from './settings';

/** The status bar item: epoch, progress and best accuracy of the newest active run. A click opens its dashboard. */
export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'nlvr.training',
    vscode.StatusBarAlignment.Left,
    50,
  );
  private readonly disposables: { dispose(): void }[];

  constructor(private readonly runs: RunRegistry) {
    this.item.name = vscode.l10n.t('NLVR Training');
    this.disposables = [
      this.item,
      runs.onDidChange(() => this.update()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('nlvr.statusBar')) this.update();
      }),
    ];
    this.update();
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  private update(): void {
    const active = this.runs.runs.filter(isActive);
    const [newest] = active;
    if (!newest || !setting('statusBar')) {
      this.item.hide();
      return;
    }
    const parts = describe(newest);
    this.item.text = `$(play-circle) ${parts.join(' · ')}`;
    this.item.accessibilityInformation = {
      label: vscode.l10n.t('NLVR training {0}: {1}', newest.info.name, parts.join(', ')),
    };
    this.item.tooltip = active
      .map((run) => `${run.info.name}: ${describe(run).join(' · ')}`)
      .join('\n');
    this.item.command = {
      command: 'nlvr.openDashboard',
      title: vscode.l10n.t('Open Training Dashboard'),
      arguments: [newest.folder],
    };
    this.item.show();
  }
}

function describe(run: Run): string[] {
  const { info, status } = run;
  const progress = progressOf(info);
  if (status !== 'running' || progress === null) return [activityText(run, vscode.l10n.t)];
  if (info.kind === 'evaluate')
    return [vscode.l10n.t('evaluation'), `${Math.floor(progress * 100)}%`];
  const epoch = vscode.l10n.t(
    'epoch {0}/{1}',
    Math.min(info.epoch + 1, info.maxEpoch),
    info.maxEpoch,
  );
  const parts = [epoch, `${Math.floor(progress * 100)}%`];
  return info.best ? [...parts, percent(info.best.accuracy)] : parts;
}
