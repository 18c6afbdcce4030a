/** Runs a training from its configuration to its best checkpoint: `nlvr train`, and BLIP's `main`. */
import { existsSync } from 'node:fs';
import { version } from '../../package.json';
import type { ConfigKey } from '../config/definition';
import { configPaths } from '../config/paths';
import { withoutMissingImages } from '../data/loadSplit';
import type { Dataset } from '../data/types';
import { modelKeyValues } from '../model/checkpointOrigin';
import { readModelConfig } from '../model/config';
import { OPEN_PORTS_VARIABLE } from '../distributed/launcher';
import { toFailure } from '../distributed/processGroup';
import type { Split } from '../run/events';
import { RunFolder } from '../run/runFolder';
import type { RunInfo } from '../run/runInfo';
import { NullRunRecord, type RunRecord } from '../run/record/runRecord';
import { exitCodeOf } from '../run/record/attemptWriter';
import type { ConfigChange } from '../run/record/attempts';
import { acquireLock, type HeldLock } from '../run/record/runLock';
import { trainedSeconds } from '../run/record/trainedTime';
import { requireUsableFolder, type RunMode } from '../run/record/runWriter';
import { StopController } from '../run/record/stopController';
import { RuntimeError } from '../runtime/errors';
import { localize } from '../util/localize';
import { errnoOf, errorDetails, ExitCode, UserError } from '../util/userError';
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
import { TrainingAttempt } from './trainingAttempt';
import type { TrainingOutcome, TrainingRequest } from './types';

/** How long to wait for the error of another rank after TensorFlow reported a lost connection. */
const DIAGNOSIS_MS = 3000;

/**
 * Trains. Wrong input is reported before anything of the run is written; later failures are also recorded in the run folder.
 * An error on any rank ends the training on all ranks.
 * @returns undefined when the user stopped it before the run started: nothing was written then.
 * @throws {UserError} and runtime errors, after the run was marked as failed.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome | undefined> {
  const { config, folder: configFolder } = request.loaded;
  const { group } = request;
  const folder = new RunFolder(configPaths(config, configFolder).outputDir);
  // Before everything else: checking a large data set takes minutes, in which the user may stop the training.
  const stop = new StopController(folder, request.onStopRequested, request.onSaveRequested);
  request.stopSignal?.addEventListener('abort', () => stop.request());
  const handles: OpenRunHandles = { record: undefined, lock: undefined };
  try {
    return await Promise.race([runOnRank(request, folder, stop, handles), group.failed]);
  } catch (error) {
    const cause =
      handles.record && isFolderGone(error, folder)
        ? folderGoneError(error, folder)
        : await diagnose(error, request);
    // The other ranks are notified first: writing to a full or hanging disk may take long.
    await group.fail(toFailure(cause, group.rankSpec));
    if (handles.record) closeFailedRun(handles.record, cause);
    throw cause;
  } finally {
    stop.dispose();
    handles.lock?.release();
  }
}

/** Whether a write failed because the run folder was moved or removed. */
function isFolderGone(error: unknown, { root }: RunFolder): boolean {
  const cause = error instanceof UserError ? error.cause : error;
  return errnoOf(cause) === 'ENOENT' && !existsSync(root);
}

function folderGoneError(cause: unknown, { root }: RunFolder): UserError {
  return new UserError(
    localize('The run folder {0} was moved or removed during the training.', root),
    {
      hint: localize(
        'If it was moved, resume the run with its new path as output_dir. If it was removed, start the training again.',
      ),
      cause,
    },
  );
}

/** What a training has opened so far, to be closed when it fails. */
interface OpenRunHandles {
  /** Set when the run is opened for writing. */
  record: RunRecord | undefined;
  /** Set when this process holds the folder's lock. */
  lock: HeldLock | undefined;
}

/** The cause of an error: when another rank has ended, TensorFlow reports the lost connection before the rank's error arrives. */
async function diagnose(error: unknown, { group }: TrainingRequest): Promise<unknown> {
  if (group.rankSpec.worldSize === 1 || !(error instanceof RuntimeError)) return error;
  const patience = new Promise<void>((resolve) => setTimeout(resolve, DIAGNOSIS_MS));
  return Promise.race([group.failed, patience]).then(
    () => error,
    (diagnosis: unknown) => diagnosis,
  );
}

async function runOnRank(
  request: TrainingRequest,
  folder: RunFolder,
  stop: StopController,
  handles: OpenRunHandles,
): Promise<TrainingOutcome | undefined> {
  const { group } = request;
  const acquired = group.isMain ? await acquireFolder(request, folder, stop, handles) : undefined;
  const prepared =
    group.isMain && !acquired
      ? undefined
      : await prepareData(request, acquired?.mode ?? request.mode, stop);
  // Rank 0 may have been stopped while it checked the images, which it alone does.
  if (!(await group.broadcast(prepared !== undefined)) || !prepared) {
    await group.close();
    return undefined;
  }
  await group.requireSame(rankFacts(request, prepared));
  const outcome = await recordTraining(request, acquired, stop, prepared, handles);
  await group.close();
  return outcome;
}

/** The run folder, whose lock this process holds. */
interface AcquiredFolder {
  folder: RunFolder;
  lock: HeldLock;
  /** How the run is opened. */
  mode: RunMode;
}

/** Acquires the lock of the run folder. @returns undefined when the user stopped the training while it waited. */
async function acquireFolder(
  { mode, takeOver = false, attempt, onWait }: TrainingRequest,
  folder: RunFolder,
  stop: StopController,
  handles: OpenRunHandles,
): Promise<AcquiredFolder | undefined> {
  attempt?.setFolder(folder, false);
  requireUsableFolder(folder.root, mode);
  attempt?.willCreate(folder);
  try {
    handles.lock = await acquireLock(folder, {
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
  stop.takeOwnership();
  attempt?.setFolder(folder, true);
  attempt?.phase('checking');
  // Checked again, now that no other process writes the folder.
  return { folder, lock: handles.lock, mode: requireUsableFolder(folder.root, mode) };
}

interface PreparedData {
  /** The report of the data check; undefined on ranks other than 0, which do not check the data. */
  report: CheckedData | undefined;
  datasets: Partial<Record<Split, Dataset>> & { train: Dataset };
  plan: TrainingPlan;
}

/** Checks weights and data and reads the data sets; writes nothing. @returns undefined when the user stopped the training. */
async function prepareData(
  request: TrainingRequest,
  mode: RunMode,
  stop: StopController,
): Promise<PreparedData | undefined> {
  const { loaded, group } = request;
  const { worldSize } = group.rankSpec;
  // Only rank 0 checks files, reads the weights, and writes the run.
  if (!group.isMain) {
    const splits = configuredSplits(loaded);
    if (!splits.includes('train')) splits.unshift('train');
    const datasets = await loadDatasets(loaded, splits);
    const easy = await loadCurriculum(loaded);
    const plan = new TrainingPlan(loaded.config, datasets.train, easy, worldSize);
    return { report: undefined, datasets, plan };
  }
  const { checks } = request;
  // A resumed run reads the weights of its last checkpoint.
  const model = readModelConfig(loaded.config, loaded.folder);
  if (mode !== 'resume') await checkWeights(pretrainedOf(loaded), model, true);
  let report: CheckedData;
  try {
    // A sample only: BackgroundCheck reads the other images during the training.
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

/** Values that must be equal on all ranks: versions, configuration, model and data. Paths may differ between machines. */
function rankFacts(
  { loaded, mode }: TrainingRequest,
  { datasets, plan }: PreparedData,
): Record<string, string> {
  const { config, folder } = loaded;
  const model = readModelConfig(config, folder);
  const keys = Object.entries(config).filter(([key]) => !PER_RANK_KEYS.has(key));
  return {
    version,
    'way to start': mode,
    ...Object.fromEntries(keys.map(([key, value]) => [key, JSON.stringify(value)])),
    ...stringValues(modelKeyValues(model)),
    // Dropout rates: `med_config` may be a file on each machine.
    ...stringValues({
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

function stringValues(values: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

/** Keys that may differ between ranks: paths, and settings that depend on the machine. */
const PER_RANK_KEYS = new Set<string>([
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

async function recordTraining(
  request: TrainingRequest,
  acquired: AcquiredFolder | undefined,
  stop: StopController,
  { report, datasets, plan }: PreparedData,
  handles: OpenRunHandles,
): Promise<TrainingOutcome> {
  const { group } = request;
  const opened = acquired && (await openRun(request, acquired, plan));
  handles.record = opened?.writer;
  const begun = await group.broadcast<RunStart>(
    opened && { info: opened.writer.info, resumed: opened.resumed ?? null },
  );
  const { outputDir } = configPaths(request.loaded.config, request.loaded.folder);
  const record = opened?.writer ?? new NullRunRecord(new RunFolder(outputDir), begun.info);
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
  if (acquired && request.mode === 'resume' && acquired.mode !== 'resume')
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
  const outcome = await new TrainingAttempt(
    request,
    record,
    plan,
    datasets,
    stop,
    begun.resumed ?? undefined,
  )
    .run()
    .finally(() => images?.stop())
    .finally(() => stop.dispose());
  record.close(outcome.state);
  return { ...outcome, trainedSeconds: trainedSeconds(record.info) ?? 0 };
}

function noteChanges(record: RunRecord, changes: readonly ConfigChange[]): void {
  if (changes.length > 0) record.note('warning', 'config-changed', describeChanges(changes));
}

/** The start of the run, which rank 0 broadcasts to the other ranks. */
interface RunStart {
  info: Readonly<RunInfo>;
  /** Position where the run resumes; null for a new run. */
  resumed: TrainerState | null;
}

/** Records in the run folder why the run failed, if that can still be written. */
function closeFailedRun(record: RunRecord, error: unknown): void {
  const exitCode = exitCodeOf(error);
  const { message, hint } = errorDetails(error);
  try {
    record.close(exitCode === ExitCode.stopped ? 'stopped' : 'failed', message, hint, exitCode);
  } catch {
    // On a full disk, for example. The first error is the one to report.
  }
}
