import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { copyDemo, DEMO_RUNS, hasNotes } from '../demo/demoRuns';
import { demoHome } from '../demo/demoFolder';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import type { Services } from '../services';

/** Dependencies of the commands of the demo. */
export interface DemoContext {
  services: Services;
  registry: FolderRunRegistry;
  workspaceRuns: WorkspaceRuns;
}

/** "Open Demo Run": opens a finished run and one to compare it with, which ship with the extension. Executes nothing. */
export async function openDemo({ services, registry, workspaceRuns }: DemoContext): Promise<void> {
  const { extensionPath } = services.context;
  const runs = await copyDemo(join(extensionPath, 'media', 'demo'), demoHome());
  for (const folder of runs) {
    await registry.add(folder);
    await workspaceRuns.remember(folder);
  }
  const [first] = runs;
  await vscode.commands.executeCommand('nlvr.openDashboard', first);
  await offerNextSteps(first, runs);
}

async function offerNextSteps(first: string, runs: readonly string[]): Promise<void> {
  const failed = vscode.l10n.t('Inspect Failed Examples');
  const compare = vscode.l10n.t('Compare Runs');
  const analyze = vscode.l10n.t('Analyze Predictions');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'A run on the sample data set, and a second one with a lower learning rate. See what the model gets wrong, and what changed.',
    ),
    failed,
    analyze,
    compare,
  );
  const { executeCommand } = vscode.commands;
  if (chosen === failed) await executeCommand('nlvr.inspectFailedExamples', first);
  if (chosen === compare) await executeCommand('nlvr.compareRuns', first, runs);
  if (chosen === analyze) await executeCommand('nlvr.analyzeRun', first);
}

/** "Remove Demo Run": removes its runs from the view and deletes the copy. Asks first if there are notes on examples. */
export async function removeDemo({ registry, workspaceRuns }: DemoContext): Promise<void> {
  const home = demoHome();
  if (await hasNotes(home)) {
    const keep = vscode.l10n.t('Keep Run');
    const remove = vscode.l10n.t('Remove');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Remove the demo run with your marks and notes?'),
      { modal: true },
      keep,
      remove,
    );
    if (chosen !== remove) return;
  }
  for (const name of DEMO_RUNS) {
    const folder = join(home, 'runs', name);
    await workspaceRuns.forget(folder);
    registry.forget(folder);
  }
  await rm(home, { recursive: true, force: true });
}
