import { readFile, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { isActive, type Run, type RunRegistry } from '../runs/runRegistry';
import { problemsIn } from './checkReport';
import type { DatasetChecks } from './datasetChecks';

/** Shows in the Problems view what trainings find in their data while they train (`problems.json`). */
export class RunProblems implements vscode.Disposable {
  /** When the file of a run that is looked at was written, milliseconds since 1970; 0 before there is one. */
  private readonly seen = new Map<string, number>();
  private readonly subscription: { dispose(): void };

  constructor(
    private readonly registry: Pick<RunRegistry, 'runs' | 'onDidChange'>,
    private readonly checks: Pick<DatasetChecks, 'found'>,
  ) {
    this.subscription = registry.onDidChange(() => void this.look());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private async look(): Promise<void> {
    for (const run of this.registry.runs) {
      if (run.info.kind !== 'train') continue;
      // A run that has just ended is checked again.
      if (isActive(run)) this.seen.set(run.folder, this.seen.get(run.folder) ?? 0);
      else if (!this.seen.has(run.folder)) continue;
      await this.lookAt(run);
      if (!isActive(run)) this.seen.delete(run.folder);
    }
  }

  private async lookAt({ folder, info }: Run): Promise<void> {
    const file = new RunFolder(folder).problems;
    const written = (await stat(file).catch(() => undefined))?.mtimeMs;
    if (written === undefined || written === this.seen.get(folder)) return;
    this.seen.set(folder, written);
    const problems = problemsIn(await readFile(file, 'utf8').catch(() => ''));
    if (problems.length > 0) await this.checks.found(vscode.Uri.file(info.configFile), problems);
  }
}
