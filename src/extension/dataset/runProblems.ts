import { readFile, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { isActive, type Run, type RunRegistry } from '../runs/runRegistry';
import { parseRunProblems } from './checkReport';
import type { DatasetChecks } from './datasetChecks';

/** Shows the problems that trainings find in their data (`problems.json`) in the Problems view. */
export class RunProblems implements vscode.Disposable {
  /** Modification time of the file of each active run, in milliseconds since 1970; 0 before it exists. */
  private readonly modified = new Map<string, number>();
  private readonly subscription: { dispose(): void };

  constructor(
    private readonly registry: Pick<RunRegistry, 'runs' | 'onDidChange'>,
    private readonly checks: Pick<DatasetChecks, 'addRunProblems'>,
  ) {
    this.subscription = registry.onDidChange(() => void this.update());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private async update(): Promise<void> {
    for (const run of this.registry.runs) {
      if (run.info.kind !== 'train') continue;
      // A run that has just ended is read once more.
      if (isActive(run)) this.modified.set(run.folder, this.modified.get(run.folder) ?? 0);
      else if (!this.modified.has(run.folder)) continue;
      await this.updateRun(run);
      if (!isActive(run)) this.modified.delete(run.folder);
    }
  }

  private async updateRun({ folder, info }: Run): Promise<void> {
    const file = new RunFolder(folder).problems;
    const written = (await stat(file).catch(() => undefined))?.mtimeMs;
    if (written === undefined || written === this.modified.get(folder)) return;
    this.modified.set(folder, written);
    const problems = parseRunProblems(await readFile(file, 'utf8').catch(() => ''));
    if (problems.length > 0)
      await this.checks.addRunProblems(vscode.Uri.file(info.configFile), problems);
  }
}
