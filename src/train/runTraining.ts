/** A training run from its configuration to its best checkpoint: what `nlvr train` does. */
import { configPaths } from '../config/paths';
import type { Dataset } from '../data/types';
import type { Split } from '../run/events';
import { RunFolder } from '../run/runFolder';
import { requireUsableFolder, type RunWriter } from '../run/runWriter';
import { StopController } from '../run/stopController';
import { errorWords, ExitCode, UserError } from '../util/userError';
import { checkWeights } from './checkWeights';
import { checkData, describeProblem, throwOnErrors, type CheckedData } from './dataCheck';
import { checkedDatasets, requireExamples } from './datasets';
import { pretrainedOf } from './modelSession';
import { openRun } from './openRun';
import { TrainingPlan } from './plan';
import { TrainingRun } from './trainingRun';
import type { TrainingOutcome, TrainingRequest } from './trainingTypes';

/**
 * Trains. Bad input that can be found before the run folder is touched is; after that every failure is written
 * to the run folder too.
 * @returns undefined when somebody stopped it before the run began: nothing was written then.
 * @throws {UserError} and runtime errors, after the run was marked as failed.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome | undefined> {
  const { config, folder: configFolder } = request.loaded;
  const folder = new RunFolder(configPaths(config, configFolder).outputDir);
  // Before everything else: checking a large data set takes minutes, in which a person may think better of it.
  const stop = new StopController(folder, request.onStopRequested, request.onSaveRequested);
  try {
    const prepared = await prepare(request, folder, stop);
    return prepared && (await train(request, stop, prepared));
  } finally {
    stop.dispose();
  }
}

interface Prepared {
  report: CheckedData;
  datasets: Partial<Record<Split, Dataset>> & { train: Dataset };
  plan: TrainingPlan;
}

/** Everything that needs no run folder. @returns undefined when it was stopped. */
async function prepare(
  request: TrainingRequest,
  folder: RunFolder,
  stop: StopController,
): Promise<Prepared | undefined> {
  const { loaded, mode, checks } = request;
  requireUsableFolder(folder.root, mode);
  // A run that goes on has weights of its own.
  if (mode !== 'resume') await checkWeights(pretrainedOf(loaded));
  let report: CheckedData;
  try {
    report = await checkData(loaded, { ...checks, signal: stop.signal });
  } catch (error) {
    if (stop.requested) return undefined;
    throw error;
  }
  throwOnErrors(report);
  const datasets = checkedDatasets(loaded, report.datasets);
  const easy = report.curriculum && requireExamples(report.curriculum);
  const plan = new TrainingPlan(loaded.config, datasets.train, easy);
  return stop.requested ? undefined : { report, datasets, plan };
}

async function train(
  request: TrainingRequest,
  stop: StopController,
  { report, datasets, plan }: Prepared,
): Promise<TrainingOutcome> {
  const { writer, resumed } = await openRun(request, plan);
  try {
    stop.own();
    for (const problem of report.problems)
      writer.note(
        problem.severity === 'warning' ? 'warning' : 'info',
        `data-${problem.code}`,
        describeProblem(problem),
      );
    const outcome = await new TrainingRun(request, writer, plan, datasets, stop, resumed)
      .train()
      .finally(() => stop.dispose());
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
  const { message, hint } = errorWords(error);
  try {
    writer.close(stopped ? 'stopped' : 'failed', message, hint);
  } catch {
    // On a full disk for instance. What the person needs to know is what came first.
  }
}
