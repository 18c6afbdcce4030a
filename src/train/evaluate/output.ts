import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../../config/load';
import { isTrainedByBlip } from '../../run/import/blipFolder';
import { readRunInfo } from '../../run/read/migrate';
import type { AttemptWriter } from '../../run/record/attemptWriter';
import { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import type { HeldLock } from '../../run/record/runLock';
import { AttachedEvaluation } from './attachedEvaluation';
import { EvaluationRun } from './evaluationRun';
import type { EvaluationOutput } from './types';

export interface OutputRequest {
  outputDir: string;
  loaded: LoadedConfig;
  /** What is evaluated: a file, a run folder or an address. */
  checkpoint: string;
  /** Whether the evaluation is to be a run of its own where the folder holds nothing yet. */
  asRun: boolean;
  /** The record of this start. */
  attempt?: AttemptWriter;
}

/**
 * Opens the output folder: as a run of its own where that was asked for and there is nothing yet, or an earlier
 * evaluation; else as a guest, who only adds its results to the run that is there.
 * @param lock the folder's, which is given back when this fails
 */
export async function openEvaluationOutput(
  request: OutputRequest,
  lock: HeldLock,
): Promise<EvaluationOutput> {
  const folder = new RunFolder(request.outputDir);
  const { loaded, asRun, checkpoint, attempt } = request;
  const info = await infoOf(folder);
  const mode = info?.kind === 'evaluate' ? 'again' : asRun && isUnused(folder) ? 'new' : undefined;
  if (!mode) {
    const theirs = info?.trainer !== undefined || (await isTrainedByBlip(folder.root));
    const request = { folder, info, checkpoint, attempt, theirs, loaded };
    return AttachedEvaluation.open(request, lock);
  }
  attempt?.setFolder(folder, true);
  return EvaluationRun.open(folder, loaded, mode, lock, attempt);
}

/** What the folder's `run.json` says; a damaged one says nothing, and does not keep anybody from evaluating. */
async function infoOf(folder: RunFolder): Promise<RunInfo | undefined> {
  if (!existsSync(folder.runJson)) return undefined;
  return readRunInfo(folder.root).catch(() => undefined);
}

/** Neither a run, nor weights alone, nor what BLIP's own training or evaluation left. */
function isUnused({ runJson, events, best, last, log }: RunFolder): boolean {
  return ![runJson, events, best, last, log].some((file) => existsSync(file));
}
