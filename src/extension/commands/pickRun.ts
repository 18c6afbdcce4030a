import * as vscode from 'vscode';
import { pickMany, pickOne } from '../quickPick';
import { runInFront } from '../runInFront';
import { placeOfRun } from '../runs/placeOfRun';
import type { Run, RunRegistry } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runWords';

interface RunItem extends vscode.QuickPickItem {
  run: Run;
}

function itemOf(run: Run): RunItem {
  return {
    label: `$(${statusIcon(run).icon}) ${run.info.name}`,
    description: runDescription(run, vscode.l10n.t),
    detail: placeOfRun(run),
    run,
  };
}

/**
 * The run that a command is about: the one it was called on (the view and the panels give its folder), the one whose
 * panel is in front, the only one that fits, or the one that the user picks.
 * @param none message when no run fits
 * @param opens the kind of panel that the command opens
 */
export async function pickRun(
  runs: RunRegistry,
  calledOn: unknown,
  fits: (run: Run) => boolean,
  none: string,
  opens?: string,
): Promise<Run | undefined> {
  if (typeof calledOn === 'string') return runs.get(calledOn) ?? (await runs.add(calledOn));
  const front = runInFront(opens);
  const shown = front === undefined ? undefined : runs.get(front);
  if (shown && fits(shown)) return shown;
  const fitting = runs.runs.filter(fits);
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  if (fitting.length === 1) return fitting[0];
  const picked = await pickOne(fitting.map(itemOf), {
    title: vscode.l10n.t('NLVR Runs'),
    placeHolder: vscode.l10n.t('Which run?'),
    matchOnDescription: true,
    matchOnDetail: true,
    remember: { list: 'run', keyOf: (item) => item.run.folder },
  });
  return picked?.run;
}

/**
 * One of these runs, picked by the user.
 * @param first folder of the run to propose
 * @returns its folder
 */
export async function pickOf(
  runs: readonly Run[],
  options: { title: string; placeHolder: string; first: string | undefined },
): Promise<string | undefined> {
  const { first, ...shown } = options;
  const items = [
    ...runs.filter(({ folder }) => folder === first),
    ...runs.filter(({ folder }) => folder !== first),
  ].map(itemOf);
  const picked = await pickOne(items, {
    ...shown,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.run.folder;
}

/**
 * The runs that a command is about: those selected in the view, or those that the user picks.
 * @param calledOn what the view gives: the element clicked and all selected ones
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
  const about = typeof calledOn === 'string' ? calledOn : runInFront();
  const items = runs.runs.map((run) => ({ ...itemOf(run), picked: run.folder === about }));
  const picked = await pickMany(items, {
    title: vscode.l10n.t('Compare Runs'),
    placeHolder: vscode.l10n.t('Runs to show in one chart'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.map(({ run }) => run.folder) ?? [];
}
