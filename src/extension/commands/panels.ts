import * as vscode from 'vscode';
import { UserError } from '../../util/userError';
import { openDashboard } from '../dashboard/panel';
import { openFailures } from '../failures/panel';
import type { RunRegistry } from '../runs/runRegistry';
import { pickRun, pickRuns } from './pickRun';

export async function showDashboard(
  runs: RunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  if (Array.isArray(selected) && selected.length > 1) {
    await compareRuns(runs, calledOn, selected);
    return;
  }
  const run = await pickRun(runs, calledOn, () => true, noRuns());
  if (run) await openDashboard([run.folder]);
}

export async function compareRuns(
  runs: RunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  if (runs.runs.length === 0) throw new UserError(noRuns());
  const folders = await pickRuns(runs, calledOn, selected);
  if (folders.length > 0) await openDashboard(folders);
}

export async function inspectFailedExamples(runs: RunRegistry, calledOn: unknown): Promise<void> {
  const run = await pickRun(runs, calledOn, () => true, noRuns());
  if (run) await openFailures(run.folder);
}

function noRuns(): string {
  return vscode.l10n.t('There are no runs yet. Start NLVR Training makes one.');
}
