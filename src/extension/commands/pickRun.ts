import * as vscode from 'vscode';
import { pickMany, pickOne } from '../quickPick';
import { runOfActivePanel } from '../activePanel';
import { runLocation } from '../runs/runLocation';
import type { Run, RunRegistry } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runText';

interface RunItem extends vscode.QuickPickItem {
  run: Run;
}

function runItem(run: Run): RunItem {
  return {
    label: `$(${statusIcon(run).icon}) ${run.info.name}`,
    description: runDescription(run, vscode.l10n.t),
    detail: runLocation(run),
    run,
  };
}

/**
 * Chooses the run for a command: the one it was called on (the view and the panels pass its folder), the one of the
 * active panel, the only one that fits, or the one that the user picks.
 * @param none message when no run fits
 * @param opens view type of the panel that the command opens
 */
export async function pickRun(
  runs: RunRegistry,
  calledOn: unknown,
  fits: (run: Run) => boolean,
  none: string,
  opens?: string,
): Promise<Run | undefined> {
  if (typeof calledOn === 'string') return runs.get(calledOn) ?? (await runs.add(calledOn));
  const front = runOfActivePanel(opens);
  const shown = front === undefined ? undefined : runs.get(front);
  if (shown && fits(shown)) return shown;
  const fitting = runs.runs.filter(fits);
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  if (fitting.length === 1) return fitting[0];
  const picked = await pickOne(fitting.map(runItem), {
    title: vscode.l10n.t('NLVR Runs'),
    placeHolder: vscode.l10n.t('Which run?'),
    matchOnDescription: true,
    matchOnDetail: true,
    remember: { list: 'run', keyOf: (item) => item.run.folder },
  });
  return picked?.run;
}

/**
 * Lets the user pick one of these runs.
 * @param first folder of the run to list first
 * @returns the folder of the run; undefined when the user canceled
 */
export async function pickFrom(
  runs: readonly Run[],
  options: { title: string; placeHolder: string; first: string | undefined },
): Promise<string | undefined> {
  const { first, ...shown } = options;
  const items = [
    ...runs.filter(({ folder }) => folder === first),
    ...runs.filter(({ folder }) => folder !== first),
  ].map(runItem);
  const picked = await pickOne(items, {
    ...shown,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.run.folder;
}

/**
 * Chooses the runs for a command: those selected in the view, or those that the user picks.
 * @param calledOn the clicked element of the view
 * @param selected all selected elements of the view
 */
export async function pickRuns(
  runs: RunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<string[]> {
  const folders = Array.isArray(selected)
    ? selected.filter((each): each is string => typeof each === 'string')
    : [];
  if (folders.length > 1) return folders;
  const preselected = typeof calledOn === 'string' ? calledOn : runOfActivePanel();
  const items = runs.runs.map((run) => ({ ...runItem(run), picked: run.folder === preselected }));
  const picked = await pickMany(items, {
    title: vscode.l10n.t('Compare Runs'),
    placeHolder: vscode.l10n.t('Runs to show in one chart'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.map(({ run }) => run.folder) ?? [];
}
