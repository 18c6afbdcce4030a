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
  /** The evaluated weights: a file, a run folder or an address. */
  checkpoint: string;
  /** Whether the evaluation becomes a run if the folder is empty. */
  asRun: boolean;
  /** The record of this start. */
  attempt?: AttemptWriter;
}

/**
 * Opens the output folder: as a run, if `asRun` is set and the folder is empty, or if it contains an earlier evaluation;
 * otherwise as an attached evaluation, which adds its results to the existing run.
 * @param lock the folder's lock, which is released when this fails
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
    const isForeignRun = info?.trainer !== undefined || (await isTrainedByBlip(folder.root));
    const request = { folder, info, checkpoint, attempt, isForeignRun, loaded };
    return AttachedEvaluation.open(request, lock);
  }
  attempt?.setFolder(folder, true);
  return EvaluationRun.open(folder, loaded, mode, lock, attempt);
}

/** Reads the folder's `run.json`; undefined if it is missing or damaged, which does not prevent an evaluation. */
async function infoOf(folder: RunFolder): Promise<RunInfo | undefined> {
  if (!existsSync(folder.runJson)) return undefined;
  return readRunInfo(folder.root).catch(() => undefined);
}

/** Whether a folder contains no run, no weights, and no files of BLIP's training or evaluation. */
function isUnused({ runJson, events, best, last, log }: RunFolder): boolean {
  return ![runJson, events, best, last, log].some((file) => existsSync(file));
}
