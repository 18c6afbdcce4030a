import * as vscode from 'vscode';
import { UserError } from '../../util/userError';
import type { RunsTableContext } from '../runsTable/panel';
import type { Services } from '../services';
import { DASHBOARD_VIEW, FAILURES_VIEW } from '../viewTypes';
import { pickRun, pickRuns } from './pickRun';

export async function showDashboard(
  services: Services,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  if (Array.isArray(selected) && selected.length > 1) {
    await compareRuns(services, calledOn, selected);
    return;
  }
  const run = await pickRun(services.runs, calledOn, () => true, noRuns(), DASHBOARD_VIEW);
  if (run) await openDashboard(services, [run.folder]);
}

export async function compareRuns(
  services: Services,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  if (services.runs.runs.length === 0) throw new UserError(noRuns());
  const folders = await pickRuns(services.runs, calledOn, selected);
  if (folders.length > 0) await openDashboard(services, folders);
}

export async function inspectFailedExamples(services: Services, calledOn: unknown): Promise<void> {
  const run = await pickRun(services.runs, calledOn, () => true, noRuns(), FAILURES_VIEW);
  if (!run) return;
  const { openFailures, registerFailures } = await import('../failures/panel');
  registerFailures(services);
  await openFailures(run.folder);
}

/** "Open Runs Table": opens the runs table. */
export async function showRunsTable(context: RunsTableContext): Promise<void> {
  await openRunsTable(context);
}

/** "New Run from This One…": opens the runs table with the dialog for a new run. */
export async function newRunFrom(context: RunsTableContext, calledOn: unknown): Promise<void> {
  const run = await pickRun(context.services.runs, calledOn, () => true, noRuns());
  if (run) await openRunsTable(context, run.folder);
}

async function openRunsTable(context: RunsTableContext, newRun?: string): Promise<void> {
  const panel = await import('../runsTable/panel');
  panel.registerRunsTable(context);
  await panel.openRunsTable(newRun);
}

async function openDashboard(services: Services, folders: readonly string[]): Promise<void> {
  const panel = await import('../dashboard/panel');
  panel.registerDashboard(services);
  await panel.openDashboard(folders);
}

function noRuns(): string {
  return vscode.l10n.t('There are no runs yet. Run Start NLVR Training to create one.');
}
