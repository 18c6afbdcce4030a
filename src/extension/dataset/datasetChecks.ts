import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { shareWork } from '../sharedWork';
import { withCancellableProgress } from '../progress';
import type { Services } from '../services';
import { runProgram } from '../trainer/process';
import { fingerprintOf } from './checkedState';
import { CheckProblems } from './checkProblems';
import { parseCheckReport, type CheckProblem, type CheckReport } from './checkReport';

/** The report of a check and its configuration. */
export interface CheckedConfiguration {
  configuration: vscode.Uri;
  report: CheckReport;
  /** Time of the check, in milliseconds since 1970. */
  time: number;
}

/** A check as stored in the workspace state. */
interface StoredCheck {
  fingerprint: string;
  report: CheckReport;
  time: number;
}

const MEMORY = 'nlvr.checked';
/** Maximum number of problems stored. */
const MAX_PROBLEMS = 100;
const MAX_CASES = 100;

/** Runs the data check and stores its results, for the Problems view and the data set view. */
export class DatasetChecks implements vscode.Disposable {
  private readonly problems = new CheckProblems();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly services: Services) {}

  /** The last check of a configuration. */
  lastOf(configuration: vscode.Uri): CheckedConfiguration | undefined {
    const stored = this.storedChecks()[configuration.fsPath];
    return stored && { configuration, report: stored.report, time: stored.time };
  }

  /** Whether the configuration, its annotations and its image folder are unchanged since the last check. */
  async isCurrent(configuration: vscode.Uri): Promise<boolean> {
    const kept = this.storedChecks()[configuration.fsPath];
    return kept !== undefined && kept.fingerprint === (await fingerprintOf(configuration.fsPath));
  }

  dispose(): void {
    this.problems.dispose();
    this.changed.dispose();
  }

  /**
   * Returns the report of the last check if it found no error and neither the configuration nor its data has changed
   * since. Otherwise runs a quick check: checking every image of a large data set takes minutes, and the trainer does it
   * during training.
   */
  async ensure(configuration: vscode.Uri): Promise<CheckReport> {
    const kept = this.storedChecks()[configuration.fsPath];
    const clean = kept?.report.problems.every(({ severity }) => severity !== 'error');
    if (kept && clean && (await this.isCurrent(configuration))) {
      this.services.log.info(`${configuration.fsPath} and its annotations are as last checked`);
      // After a window reload, its warnings are not in the Problems view.
      this.problems.show(kept.report.problems, configuration);
      return kept.report;
    }
    return this.check(configuration, 'sample');
  }

  /** Shows and stores the problems that a run of this configuration found in its data while it trained. */
  async addRunProblems(
    configuration: vscode.Uri,
    problems: readonly CheckProblem[],
  ): Promise<void> {
    this.problems.show(problems, configuration);
    const file = configuration.fsPath;
    const kept = this.storedChecks()[file];
    // With an error stored, the next start checks again.
    if (kept) await this.store(file, { ...kept, report: { ...kept.report, problems } });
    this.changed.fire();
  }

  /**
   * Checks a configuration and its data, with cancellable progress. Concurrent calls share one check.
   * @param images whether to check all images or a sample
   * @throws {vscode.CancellationError} when the user canceled.
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
    await this.store(file, { fingerprint, report, time: Date.now() });
    this.changed.fire();
    return report;
  }

  private storedChecks(): Partial<Record<string, StoredCheck>> {
    return this.services.context.workspaceState.get<Partial<Record<string, StoredCheck>>>(
      MEMORY,
      {},
    );
  }

  private async store(file: string, kept: StoredCheck): Promise<void> {
    const problems = kept.report.problems
      .slice(0, MAX_PROBLEMS)
      .map((problem) =>
        problem.cases ? { ...problem, cases: problem.cases.slice(0, MAX_CASES) } : problem,
      );
    const short = { ...kept, report: { ...kept.report, problems } };
    await this.services.context.workspaceState.update(MEMORY, {
      ...this.storedChecks(),
      [file]: short,
    });
  }
}
