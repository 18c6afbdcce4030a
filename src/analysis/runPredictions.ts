/** Selects and loads the predictions of a run for the analysis. */
import type { Split } from '../run/events';
import { readRunInfo } from '../run/read/migrate';
import type { Prediction } from '../run/predictions';
import { setFile, listSets, type PredictionSet } from '../run/read/predictionSets';
import { readPredictions } from '../run/read/readPredictions';
import type { RunInfo } from '../run/runInfo';
import { localize, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';

/** Selects predictions of a split: after an epoch (from 0), of the best epoch, or the newest. */
export type EpochSelector = number | 'best' | 'last';

export interface AnalyzedRun {
  /** Absolute. */
  folder: string;
  info: RunInfo;
  sets: readonly PredictionSet[];
}

/** Opens a run. @throws {UserError} if the folder contains no run, or one without predictions */
export async function openAnalyzedRun(folder: string): Promise<AnalyzedRun> {
  const info = await readRunInfo(folder);
  if (!info)
    throw new UserError(localize('{0} does not contain a run.', folder), {
      hint: localize(
        'Specify a run folder, or create one from a predictions file with nlvr import.',
      ),
    });
  const sets = await listSets(folder);
  if (sets.length === 0)
    throw new UserError(localize('{0} has no predictions yet.', info.name), {
      hint: localize('They are written after each epoch, by nlvr evaluate and by nlvr import.'),
    });
  return { folder, info, sets };
}

/**
 * Finds the selected predictions. `last` is a stand-alone evaluation if there is one, which is newer than all epochs.
 * @throws {UserError} with the available predictions
 */
export function selectSet(
  { info, sets }: AnalyzedRun,
  split: Split,
  wanted: EpochSelector,
): PredictionSet {
  const ofSplit = sets.filter((set) => set.split === split);
  const last = ofSplit.at(-1);
  if (last === undefined)
    throw new UserError(localize('{0} has no predictions of {1}.', info.name, split), {
      hint: localize('There are predictions of: {0}.', [...new Set(sets.map((set) => set.split))]),
    });
  if (wanted === 'last') return last;
  const epoch = wanted === 'best' ? info.best?.epoch : wanted;
  const found =
    ofSplit.find((set) => set.epoch === epoch) ??
    // In a run without epochs, the best result is that of its evaluation.
    (wanted === 'best' && ofSplit.every((set) => set.epoch === null) ? last : undefined);
  if (found) return found;
  const epochs = ofSplit.flatMap((set) => (set.epoch === null ? [] : [set.epoch]));
  throw new UserError(
    wanted === 'best'
      ? localize('{0} has no predictions of {1} after its best epoch.', info.name, split)
      : localize('{0} has no predictions of {1} after epoch {2}.', info.name, split, wanted),
    {
      hint:
        epochs.length === 0
          ? localize('Its predictions have no epoch. Omit --epoch.')
          : localize('Epochs with predictions, from 0: {0}.', epochs),
    },
  );
}

/** Loads predictions; lines that cannot be read cause a note. @throws file system errors */
export async function loadPredictions(
  folder: string,
  set: PredictionSet,
  notes: MessageText[],
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  let skipped = 0;
  for await (const batch of readPredictions(setFile(folder, set))) {
    for (const each of batch.predictions) predictions.push(each);
    skipped = batch.skipped;
  }
  if (skipped > 0)
    notes.push(
      localize('Lines of {0} that could not be read: {1}.', setFile(folder, set), skipped),
    );
  return predictions;
}
