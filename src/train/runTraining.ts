/** A training run from its configuration to its best checkpoint: what `nlvr train` does. */
import { version } from '../../package.json';
import { dumpConfig } from '../config/dump';
import type { LoadedConfig } from '../config/load';
import { configPaths, isUrl } from '../config/paths';
import { openCheckpoint } from '../model/checkpoint/openCheckpoint';
import { locateWeights } from '../model/loadWeights';
import { requireUsableFolder, RunWriter } from '../run/runWriter';
import { errorText } from '../util/userError';
import { checkData, describeProblem, throwOnErrors } from './dataCheck';
import { configuredSplits, loadCurriculum, loadDatasets } from './datasets';
import { pretrainedOf } from './modelSession';
import { TrainingPlan } from './plan';
import { TrainingRun } from './trainingRun';
import type { TrainingOutcome, TrainingRequest } from './trainingTypes';

/**
 * Trains. Bad input that can be found before the run folder is touched is; after that every failure is written
 * to the run folder too.
 * @throws {UserError} and runtime errors, after the run was marked as failed.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome> {
  const { loaded, mode, observe } = request;
  const { config, folder: configFolder } = loaded;
  const root = configPaths(config, configFolder).outputDir;
  requireUsableFolder(root, mode);
  await checkPretrained(loaded);
  const report = await checkData(loaded, request.checks);
  throwOnErrors(report);
  const splits = configuredSplits(loaded);
  if (!splits.includes('train')) splits.unshift('train');
  const datasets = await loadDatasets(loaded, splits);
  const plan = new TrainingPlan(config, datasets.train, await loadCurriculum(loaded));
  const writer = RunWriter.open({
    root,
    kind: 'train',
    configFile: loaded.file,
    configHash: loaded.hash,
    configText: dumpConfig(config, configFolder),
    version,
    mode,
    observe,
  });
  try {
    for (const problem of report.problems)
      writer.note(
        problem.severity === 'warning' ? 'warning' : 'info',
        `data-${problem.code}`,
        describeProblem(problem),
      );
    const outcome = await new TrainingRun(request, writer, plan, datasets).train();
    writer.close(outcome.state);
    return outcome;
  } catch (error) {
    const { message, hint } = errorText(error);
    writer.close('failed', message, hint);
    throw error;
  }
}

/** Opens the pretrained file once before the run folder is touched, so that a wrong path leaves nothing behind. */
async function checkPretrained(loaded: LoadedConfig): Promise<void> {
  const source = pretrainedOf(loaded);
  // An address is downloaded when the run has begun, where its progress is seen.
  if (source === undefined || isUrl(source)) return;
  await (await openCheckpoint(await locateWeights(source))).close();
}
