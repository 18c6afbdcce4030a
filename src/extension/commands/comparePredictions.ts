import * as vscode from 'vscode';
import { listSets } from '../../run/read/predictionSets';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { runOfActivePanel } from '../activePanel';
import type { Run } from '../runs/runRegistry';
import type { Services } from '../services';
import { COMPARISON_VIEW } from '../viewTypes';
import { pickFrom } from './pickRun';

/**
 * "Compare Predictions…": compares the two runs selected in the view, the run that it is called on with another one, or
 * two that the user picks. The run of the active panel comes first.
 */
export async function comparePredictions(
  services: Services,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  const runs = await chooseTwo(services, calledOn, selected);
  if (!runs) return;
  const { openComparison, registerComparisons } = await import('../comparison/panel');
  registerComparisons(services);
  await openComparison(runs);
}

/** Chooses the folders of the runs to compare. @returns undefined when the user canceled. */
export async function chooseTwo(
  { runs }: Services,
  calledOn: unknown,
  selected: unknown,
): Promise<{ a: string; b: string } | undefined> {
  const folders = Array.isArray(selected)
    ? selected.filter((each): each is string => typeof each === 'string')
    : [];
  if (folders.length > 2)
    throw new UserError(localize('{0} runs are selected.', folders.length), {
      hint: localize('Select two runs to compare their predictions.'),
    });
  if (folders.length === 2) {
    // The later run is compared with the earlier one.
    const [a, b] = folders.sort(
      (left, right) => startOf(runs.get(left)) - startOf(runs.get(right)),
    );
    return { a, b };
  }
  const withPredictions: Run[] = [];
  for (const run of runs.runs)
    if ((await listSets(run.folder)).length > 0) withPredictions.push(run);
  if (withPredictions.length === 0)
    throw new UserError(localize('There is no run with predictions.'), {
      hint: localize('They are written after each epoch, and by Evaluate Checkpoint.'),
    });
  const title = vscode.l10n.t('Compare Predictions');
  const front = runOfActivePanel(COMPARISON_VIEW);
  const a =
    typeof calledOn === 'string'
      ? calledOn
      : await pickFrom(withPredictions, {
          title,
          placeHolder: vscode.l10n.t('Run to compare with (A)'),
          first: front,
        });
  if (a === undefined) return undefined;
  // A run can be compared with itself after another epoch, so it is listed last.
  const others = withPredictions.filter(({ folder }) => folder !== a);
  const same = withPredictions.filter(({ folder }) => folder === a);
  const b = await pickFrom([...others, ...same], {
    title,
    placeHolder: vscode.l10n.t('Run whose predictions are compared (B)'),
    first: front === a ? undefined : front,
  });
  return b === undefined ? undefined : { a, b };
}

function startOf(run: Run | undefined): number {
  return run === undefined ? 0 : Date.parse(run.info.created);
}
