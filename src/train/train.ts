/** A training run from its configuration to its best checkpoint: what `nlvr train` does. */
import { version } from '../../package.json';
import type { ConfigKey } from '../config/definition';
import { configPaths } from '../config/paths';
import { withoutMissingImages } from '../data/loadSplit';
import type { Dataset } from '../data/types';
import { modelKeyValues } from '../model/checkpointOrigin';
import { readModelConfig } from '../model/config';
import { OPEN_PORTS_VARIABLE } from '../distributed/launcher';
import { failureOf } from '../distributed/processGroup';
import type { Split } from '../run/events';
import { RunFolder } from '../run/runFolder';
import type { RunInfo } from '../run/runInfo';
import { SilentRecord, type RunRecord } from '../run/record/runRecord';
import { exitCodeOf } from '../run/record/attemptWriter';
import type { ConfigChange } from '../run/record/attempts';
import { acquireLock, type HeldLock } from '../run/record/runLock';
import { trainedSeconds } from '../run/record/trainedTime';
import { requireUsableFolder, type RunMode } from '../run/record/runWriter';
import { StopController } from '../run/record/stopController';
import { RuntimeError } from '../runtime/errors';
import { localize } from '../util/localize';
import { errorDetails, ExitCode } from '../util/userError';
import { BackgroundCheck } from './data/backgroundCheck';
import { checkWeights } from './checkpoint/checkWeights';
import { describeChanges } from './configChanges';
import { checkData, describeProblem, throwOnErrors, type CheckedData } from './data/dataCheck';
import { checkedDatasets, configuredSplits, loadCurriculum, loadDatasets } from './data/datasets';
import { examplesDigest } from './data/exampleOrder';
import { pretrainedOf } from './modelSession';
import { openRun } from './openRun';
import { TrainingPlan } from './plan';
import type { TrainerState } from './state';
import { TrainingRun } from './trainingRun';
import type { TrainingOutcome, TrainingRequest } from './types';

/** How long to wait for word of what happened to another rank, when TensorFlow has noticed something. */
const DIAGNOSIS_MS = 3000;

/**
 * Trains. Bad input is found before anything of the run is written; after that every failure is written to the run
 * folder too. An error on any rank ends the training on all of them.
 * @returns undefined when somebody stopped it before the run began: nothing was written then.
 * @throws {UserError} and runtime errors, after the run was marked as failed.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome | undefined> {
  const { config, folder: configFolder } = request.loaded;
  const { group } = request;
  const folder = new RunFolder(configPaths(config, configFolder).outputDir);
  // Before everything else: checking a large data set takes minutes, in which the user may cancel.
  const stop = new StopController(folder, request.onStopRequested, request.onSaveRequested);
  request.stopSignal?.addEventListener('abort', () => stop.request());
  const job: Job = { record: undefined, lock: undefined };
  try {
    return await Promise.race([run(request, folder, stop, job), group.failed]);
  } catch (error) {
    const cause = await causeOf(error, request);
    // The others learn first: writing to a full or hanging disk may take long.
    await group.fail(failureOf(cause, group.spec));
    if (job.record) closeBroken(job.record, cause);
    throw cause;
  } finally {
    stop.dispose();
    job.lock?.release();
  }
}

/** What has come of a training so far. */
interface Job {
  /** Set once the run is being written. */
  record: RunRecord | undefined;
  /** Set once the run folder is this process's. */
  lock: HeldLock | undefined;
}

/** When another rank has died, TensorFlow says first that its connection is gone; who and why comes a moment later. */
async function causeOf(error: unknown, { group }: TrainingRequest): Promise<unknown> {
  if (group.spec.worldSize === 1 || !(error instanceof RuntimeError)) return error;
  const patience = new Promise<void>((resolve) => setTimeout(resolve, DIAGNOSIS_MS));
  return Promise.race([group.failed, patience]).then(
    () => error,
    (diagnosis: unknown) => diagnosis,
  );
}

async function run(
  request: TrainingRequest,
  folder: RunFolder,
  stop: StopController,
  job: Job,
): Promise<TrainingOutcome | undefined> {
  const { group } = request;
  const place = group.isMain ? await takeFolder(request, folder, stop, job) : undefined;
  const prepared =
    group.isMain && !place ? undefined : await prepare(request, place?.mode ?? request.mode, stop);
  // Rank 0 may have been stopped while it checked the images, which it alone does.
  if (!(await group.broadcast(prepared !== undefined)) || !prepared) {
    await group.close();
    return undefined;
  }
  await group.requireSame(factsOf(request, prepared));
  const outcome = await train(request, place, stop, prepared, job);
  await group.close();
  return outcome;
}

/** The run folder, which belongs to this process. */
interface Place {
  folder: RunFolder;
  lock: HeldLock;
  /** How it is taken. */
  mode: RunMode;
}

/** @returns undefined when it was stopped while it waited for the folder. */
async function takeFolder(
  { mode, takeOver = false, attempt, onWait }: TrainingRequest,
  folder: RunFolder,
  stop: StopController,
  job: Job,
): Promise<Place | undefined> {
  attempt?.in(folder, false);
  requireUsableFolder(folder.root, mode);
  attempt?.willMake(folder);
  try {
    job.lock = await acquireLock(folder, {
      takeOver,
      signal: stop.signal,
      onWait: (wait) => {
        attempt?.phase('waiting');
        onWait?.(wait);
      },
    });
  } catch (error) {
    if (stop.requested) return undefined;
    throw error;
  }
  stop.own();
  attempt?.in(folder, true);
  attempt?.phase('checking');
  // Once more, now that nobody else writes it.
  return { folder, lock: job.lock, mode: requireUsableFolder(folder.root, mode) };
}

interface Prepared {
  /** Of rank 0, which alone checks the data. */
  report: CheckedData | undefined;
  datasets: Partial<Record<Split, Dataset>> & { train: Dataset };
  plan: TrainingPlan;
}

/** Everything that writes nothing. @returns undefined when it was stopped. */
async function prepare(
  request: TrainingRequest,
  mode: RunMode,
  stop: StopController,
): Promise<Prepared | undefined> {
  const { loaded, group } = request;
  const { worldSize } = group.spec;
  // Files are rank 0's matter: it checks them, reads the weights, and writes the run.
  if (!group.isMain) {
    const splits = configuredSplits(loaded);
    if (!splits.includes('train')) splits.unshift('train');
    const datasets = await loadDatasets(loaded, splits);
    const easy = await loadCurriculum(loaded);
    const plan = new TrainingPlan(loaded.config, datasets.train, easy, worldSize);
    return { report: undefined, datasets, plan };
  }
  const { checks } = request;
  // A resumed run has its own weights.
  const model = readModelConfig(loaded.config, loaded.folder);
  if (mode !== 'resume') await checkWeights(pretrainedOf(loaded), model, true);
  let report: CheckedData;
  try {
    // What takes minutes is done while the run trains.
    report = await checkData(loaded, { ...checks, signal: stop.signal }, 'sample');
  } catch (error) {
    if (stop.requested) return undefined;
    throw error;
  }
  throwOnErrors(report);
  const datasets = await checkedDatasets(loaded, report.datasets);
  const easy = report.curriculum && (await withoutMissingImages(loaded, report.curriculum));
  const plan = new TrainingPlan(loaded.config, datasets.train, easy, worldSize);
  return stop.requested ? undefined : { report, datasets, plan };
}

/** What must be the same on all ranks, or they would train different things. Paths may differ between machines. */
function factsOf(
  { loaded, mode }: TrainingRequest,
  { datasets, plan }: Prepared,
): Record<string, string> {
  const { config, folder } = loaded;
  const model = readModelConfig(config, folder);
  const keys = Object.entries(config).filter(([key]) => !OWN_KEYS.has(key));
  return {
    version,
    'way to start': mode,
    ...Object.fromEntries(keys.map(([key, value]) => [key, JSON.stringify(value)])),
    ...asText(modelKeyValues(model)),
    // How it learns, which may come from a file of each rank.
    ...asText({
      'med_config.hidden_dropout_prob': model.text.hiddenDropout,
      'med_config.attention_probs_dropout_prob': model.text.attentionDropout,
    }),
    'train split': examplesDigest(plan.stages.map(({ dataset }) => dataset)),
    ...Object.fromEntries(
      (['val', 'test'] as const).flatMap((split) => {
        const dataset = datasets[split];
        return dataset ? [[`${split} split`, examplesDigest([dataset])]] : [];
      }),
    ),
  };
}

function asText(values: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

/** Keys that a rank may have of its own: where things lie, and what its machine is like. */
const OWN_KEYS = new Set<string>([
  'image_root',
  'ann_root',
  'ann_files',
  'pretrained',
  'output_dir',
  'med_config',
  'num_workers',
  'cache_images',
  'feature_cache',
  'threads',
] satisfies ConfigKey[]);

async function train(
  request: TrainingRequest,
  place: Place | undefined,
  stop: StopController,
  { report, datasets, plan }: Prepared,
  job: Job,
): Promise<TrainingOutcome> {
  const { group } = request;
  const opened = place && (await openRun(request, place, plan));
  job.record = opened?.writer;
  const begun = await group.broadcast<Begun>(
    opened && { info: opened.writer.info, resumed: opened.resumed ?? null },
  );
  const { outputDir } = configPaths(request.loaded.config, request.loaded.folder);
  const record = opened?.writer ?? new SilentRecord(new RunFolder(outputDir), begun.info);
  if (process.env[OPEN_PORTS_VARIABLE] !== undefined)
    record.note(
      'warning',
      'open-ports',
      localize(
        'Other programs can reach the ranks, because this system does not allow network namespaces.',
      ),
      localize(
        'If other people use this machine or network, block the ports with a firewall rule.',
      ),
    );
  if (place && request.mode === 'resume' && place.mode !== 'resume')
    record.note(
      'info',
      'nothing-to-resume',
      localize('No checkpoint was saved yet. The training starts from the beginning.'),
    );
  noteChanges(record, opened?.changes ?? []);
  for (const problem of report?.problems ?? [])
    record.note(
      problem.severity === 'warning' ? 'warning' : 'info',
      `data-${problem.code}`,
      describeProblem(problem),
    );
  const images = report && new BackgroundCheck(request.loaded, report, record);
  const outcome = await new TrainingRun(
    request,
    record,
    plan,
    datasets,
    stop,
    begun.resumed ?? undefined,
  )
    .train()
    .finally(() => images?.stop())
    .finally(() => stop.dispose());
  record.close(outcome.state);
  return { ...outcome, trainedSeconds: trainedSeconds(record.info) ?? 0 };
}

function noteChanges(record: RunRecord, changes: readonly ConfigChange[]): void {
  if (changes.length > 0) record.note('warning', 'config-changed', describeChanges(changes));
}

/** What rank 0 says of the run once it has its folder. */
interface Begun {
  info: Readonly<RunInfo>;
  /** Where the run resumes; null for a new one. */
  resumed: TrainerState | null;
}

/** Says in the run folder why the run ended, as far as that can still be written. */
function closeBroken(record: RunRecord, error: unknown): void {
  const exitCode = exitCodeOf(error);
  const { message, hint } = errorDetails(error);
  try {
    record.close(exitCode === ExitCode.stopped ? 'stopped' : 'failed', message, hint, exitCode);
  } catch {
    // On a full disk for instance. What the person needs to know is what came first.
  }
}
