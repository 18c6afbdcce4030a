/** A training run from its configuration to its best checkpoint: what `nlvr train` does. */
import type { LoadedConfig } from '../config/load';
import { configPaths, isUrl } from '../config/paths';
import { openCheckpoint } from '../model/checkpoint/openCheckpoint';
import { locateWeights } from '../model/loadWeights';
import { requireUsableFolder, type RunWriter } from '../run/runWriter';
import { errorText, ExitCode, UserError } from '../util/userError';
import { checkData, describeProblem, throwOnErrors } from './dataCheck';
import { configuredSplits, loadCurriculum, loadDatasets } from './datasets';
import { pretrainedOf } from './modelSession';
import { openRun } from './openRun';
import { TrainingPlan } from './plan';
import { TrainingRun } from './trainingRun';
import type { TrainingOutcome, TrainingRequest } from './trainingTypes';

/**
 * Trains. Bad input that can be found before the run folder is touched is; after that every failure is written
 * to the run folder too.
 * @throws {UserError} and runtime errors, after the run was marked as failed.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome> {
  const { loaded, mode } = request;
  const { config, folder: configFolder } = loaded;
  const root = configPaths(config, configFolder).outputDir;
  requireUsableFolder(root, mode);
  // A run that goes on has weights of its own.
  if (mode !== 'resume') await checkPretrained(loaded);
  const report = await checkData(loaded, request.checks);
  throwOnErrors(report);
  const splits = configuredSplits(loaded);
  if (!splits.includes('train')) splits.unshift('train');
  const datasets = await loadDatasets(loaded, splits);
  const plan = new TrainingPlan(config, datasets.train, await loadCurriculum(loaded));
  const { writer, resumed } = await openRun(request, plan);
  try {
    for (const problem of report.problems)
      writer.note(
        problem.severity === 'warning' ? 'warning' : 'info',
        `data-${problem.code}`,
        describeProblem(problem),
      );
    const outcome = await new TrainingRun(request, writer, plan, datasets, resumed).train();
    writer.close(outcome.state);
    return outcome;
  } catch (error) {
    closeBroken(writer, error);
    throw error;
  }
}

/** Says in the run folder why the run ended, as far as that can still be written. */
function closeBroken(writer: RunWriter, error: unknown): void {
  const stopped = error instanceof UserError && error.exitCode === ExitCode.stopped;
  const { message, hint } = errorText(error);
  try {
    writer.close(stopped ? 'stopped' : 'failed', message, hint);
  } catch {
    // On a full disk for instance. What the person needs to know is what came first.
  }
}

/** Opens the pretrained file once before the run folder is touched, so that a wrong path leaves nothing behind. */
async function checkPretrained(loaded: LoadedConfig): Promise<void> {
  const source = pretrainedOf(loaded);
  // An address is downloaded when the run has begun, where its progress is seen.
  if (source === undefined || isUrl(source)) return;
  await (await openCheckpoint(await locateWeights(source))).close();
}
