import * as vscode from 'vscode';
import { listSets, type PredictionSet } from '../../run/read/predictionSets';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { pickOne } from '../quickPick';

/**
 * Chooses the predictions of a run for a command: the only ones, or those that the user picks.
 * @throws {UserError} when the run has none.
 */
export async function choosePredictions(
  folder: string,
  name: string,
  title: string,
): Promise<PredictionSet | undefined> {
  const sets = await listSets(folder);
  if (sets.length === 0)
    throw new UserError(localize('{0} has no predictions yet.', name), {
      hint: localize('They are written after each epoch, and by Evaluate Checkpoint.'),
    });
  if (sets.length === 1) return sets[0];
  // The newest first, which are wanted most often.
  const items = sets.toReversed().map((set) => ({
    label: set.split,
    description:
      set.epoch === null ? vscode.l10n.t('evaluation') : vscode.l10n.t('epoch {0}', set.epoch + 1),
    set,
  }));
  const placeHolder = vscode.l10n.t('Which predictions?');
  const remember = { list: 'predictions', keyOf: ({ label }: { label: string }) => label };
  return (await pickOne(items, { title, placeHolder, remember }))?.set;
}
