import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { shareWork } from '../sharedWork';
import { withCancellableProgress } from '../progress';
import type { Services } from '../services';
import { runProgram } from '../trainer/process';
import { fingerprintOf } from './checkedState';
import { CheckProblems } from './checkProblems';
import { parseCheckReport, type CheckProblem, type CheckReport } from './checkReport';

/** A check's outcome with what it was about. */
export interface CheckedConfiguration {
  configuration: vscode.Uri;
  report: CheckReport;
  /** When it was checked, milliseconds since 1970. */
  time: number;
}

/** What is kept of checks over reloads, by configuration file. */
interface Kept {
  fingerprint: string;
  report: CheckReport;
  time: number;
}

const MEMORY = 'nlvr.checked';
/** Problems beyond these are not kept over a reload. */
const MOST_PROBLEMS = 100;
const MOST_CASES = 100;

/** Runs the data check and keeps what it found, for the Problems view and the data set view. */
export class DatasetChecks implements vscode.Disposable {
  private readonly problems = new CheckProblems();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly services: Services) {}

  /** The last check of a configuration. */
  lastOf(configuration: vscode.Uri): CheckedConfiguration | undefined {
    const kept = this.kept()[configuration.fsPath];
    return kept && { configuration, report: kept.report, time: kept.time };
  }

  /** Whether the configuration, its annotations and its image folder are as they were when it was last checked. */
  async isCurrent(configuration: vscode.Uri): Promise<boolean> {
    const kept = this.kept()[configuration.fsPath];
    return kept !== undefined && kept.fingerprint === (await fingerprintOf(configuration.fsPath));
  }

  dispose(): void {
    this.problems.dispose();
    this.changed.dispose();
  }

  /**
   * The report of a configuration and its data: of the last check, when that found no error and neither the
   * configuration nor an annotation file has changed since. Else a quick check: looking at every image of a large data
   * set takes minutes, which the trainer does while it trains.
   */
  async ensure(configuration: vscode.Uri): Promise<CheckReport> {
    const kept = this.kept()[configuration.fsPath];
    const clean = kept?.report.problems.every(({ severity }) => severity !== 'error');
    if (kept && clean && (await this.isCurrent(configuration))) {
      this.services.log.info(`${configuration.fsPath} and its annotations are as last checked`);
      // Its warnings are not in the Problems view after a reload of the window.
      this.problems.show(kept.report.problems, configuration);
      return kept.report;
    }
    return this.check(configuration, 'sample');
  }

  /** Takes up what a run of this configuration found in its data while it trained. */
  async found(configuration: vscode.Uri, problems: readonly CheckProblem[]): Promise<void> {
    this.problems.show(problems, configuration);
    const file = configuration.fsPath;
    const kept = this.kept()[file];
    // The next start must look again.
    if (kept) await this.keep(file, { ...kept, report: { ...kept.report, problems } });
    this.changed.fire();
  }

  /**
   * Checks a configuration and its data, with progress and a way to cancel. A second call takes part in the first.
   * @param images all of them, or a sample
   * @throws {vscode.CancellationError} when the user cancelled.
   * @throws {UserError} when the check itself could not run.
   */
  check(configuration: vscode.Uri, images: 'all' | 'sample' = 'all'): Promise<CheckReport> {
    return shareWork(`check ${images} of ${configuration.fsPath}`, () =>
      this.checkNow(configuration, images),
    );
  }

  private async checkNow(
    configuration: vscode.Uri,
    images: 'all' | 'sample',
  ): Promise<CheckReport> {
    const file = configuration.fsPath;
    const program = await this.services.program(file);
    const fingerprint = await fingerprintOf(file);
    const report = await withCancellableProgress(
      vscode.l10n.t('Checking the configuration and its data'),
      async (signal, onErrorLine) => {
        const quick = images === 'sample' ? ['--quick'] : [];
        const args = ['check', '--config', file, '--json', ...quick];
        const options = { cwd: dirname(file), signal, onErrorLine };
        const { stdout, stderr } = await runProgram(program, args, options);
        return parseCheckReport(stdout, stderr);
      },
    );
    this.services.log.info(`check of ${file}: ${report.problems.length} problems`);
    this.problems.show(report.problems, configuration);
    await this.keep(file, { fingerprint, report, time: Date.now() });
    this.changed.fire();
    return report;
  }

  private kept(): Partial<Record<string, Kept>> {
    return this.services.context.workspaceState.get<Partial<Record<string, Kept>>>(MEMORY, {});
  }

  private async keep(file: string, kept: Kept): Promise<void> {
    const problems = kept.report.problems
      .slice(0, MOST_PROBLEMS)
      .map((problem) =>
        problem.cases ? { ...problem, cases: problem.cases.slice(0, MOST_CASES) } : problem,
      );
    const short = { ...kept, report: { ...kept.report, problems } };
    await this.services.context.workspaceState.update(MEMORY, { ...this.kept(), [file]: short });
  }
}
