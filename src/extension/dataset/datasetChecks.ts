import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services';
import { runProgram } from '../trainer/process';
import { parseCheckReport, type CheckReport } from './checkReport';
import { CheckProblems } from './checkProblems';

/** A check's outcome with what it was about. */
export interface CheckedConfiguration {
  configuration: vscode.Uri;
  report: CheckReport;
  time: Date;
}

/** Runs the data check and keeps what it found, for the Problems view and the data set view. */
export class DatasetChecks implements vscode.Disposable {
  private readonly problems = new CheckProblems();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private latest: CheckedConfiguration | undefined;

  constructor(private readonly services: Services) {}

  get last(): CheckedConfiguration | undefined {
    return this.latest;
  }

  dispose(): void {
    this.problems.dispose();
    this.changed.dispose();
  }

  /**
   * Checks a configuration and its data, with progress and a way to cancel.
   * @throws {vscode.CancellationError} when the user cancelled.
   * @throws {UserError} when the check itself could not run.
   */
  async check(configuration: vscode.Uri): Promise<CheckReport> {
    const program = await this.services.program();
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Checking the configuration and its data…'),
        cancellable: true,
      },
      async (_, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
        const outcome = await runProgram(
          program,
          ['check', '--config', configuration.fsPath, '--json'],
          { cwd: dirname(configuration.fsPath), signal: abort.signal },
        );
        return parseCheckReport(outcome.stdout, outcome.stderr);
      },
    );
    this.services.log.info(`check of ${configuration.fsPath}: ${report.problems.length} problems`);
    this.problems.show(report.problems, configuration);
    this.latest = { configuration, report, time: new Date() };
    this.changed.fire();
    return report;
  }
}
