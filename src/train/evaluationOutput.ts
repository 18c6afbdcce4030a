import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../config/load';
import { readRunInfo } from '../run/migrate';
import { RunFolder } from '../run/runFolder';
import type { RunInfo } from '../run/runInfo';
import { EvaluationGuest } from './evaluationGuest';
import { EvaluationRun } from './evaluationRun';
import type { EvaluationOutput } from './evaluationTypes';

export interface OutputRequest {
  outputDir: string;
  loaded: LoadedConfig;
  /** What is evaluated: a file, a run folder or an address. */
  checkpoint: string;
  /** Whether the evaluation is to be a run of its own where the folder holds nothing yet. */
  asRun: boolean;
}

/**
 * Takes the output folder: as a run of its own where that was asked for and there is nothing yet, or an earlier
 * evaluation; else as a guest, who only adds its results to the run that is there.
 * @throws {UserError} when a run is being written to the folder.
 */
export async function openEvaluationOutput(request: OutputRequest): Promise<EvaluationOutput> {
  const folder = new RunFolder(request.outputDir);
  const info = await infoOf(folder);
  if (info?.kind === 'evaluate') return EvaluationRun.open(folder, request.loaded, 'again');
  if (request.asRun && isUnused(folder)) return EvaluationRun.open(folder, request.loaded, 'new');
  return EvaluationGuest.open(folder, info, request.checkpoint);
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
