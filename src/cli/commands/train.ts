import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../../config/load';
import type { ProcessGroup } from '../../distributed/processGroup';
import { locateWeights } from '../../model/loadWeights';
import type { AttemptKind } from '../../run/record/attempts';
import type { AttemptWriter } from '../../run/record/attemptWriter';
import { RunFolder } from '../../run/runFolder';
import type { Library } from '../../runtime/install/library';
import { evaluatedSplits } from '../../train/data/datasets';
import { pretrainedOf, requireLibrary } from '../../train/modelSession';
import { runTraining } from '../../train/main';
import { ExitCode, UserError } from '../../util/userError';
import { configPaths, isUrl } from '../../config/paths';
import { withAttempt, recordFailure, reportLockWait } from '../attempt';
import { resumeCommand } from '../commandLine';
import { findConfigurationFile } from '../findConfiguration';
import { userPath } from '../userPath';
import { loadConfiguration, type CommonOptions } from '../loadConfiguration';
import { createProgress } from '../progress';
import { formatBytes } from '../../util/formatBytes';
import { finalReport } from '../finalReport';
import { inProcessGroup, requireGpus, type GroupOptions, type LaunchPlan } from '../processGroup';
import { createTerminal } from '../terminal';
import { evaluateAndReport } from './evaluate';

export interface TrainOptions extends Omit<CommonOptions, 'config'>, GroupOptions {
  config?: string;
  output_dir?: string;
  pretrained?: string;
  image_root?: string;
  ann_root?: string;
  evaluate?: boolean;
  allow_missing?: boolean;
  resume?: boolean;
  overwrite?: boolean;
  take_over?: boolean;
  seed?: number;
}

/** `nlvr train`, and with `--evaluate` BLIP's evaluation of `pretrained`, on one or several processes. */
export function train(options: TrainOptions): Promise<void> {
  return inProcessGroup(options, {
    beforeLaunch: (settings) => prepareLaunch(options, settings),
    run: (group, stopSignal) => trainInGroup(options, group, stopSignal),
  });
}

/** Runs the checks that are needed once per machine, and downloads the pretrained weights for its ranks. */
async function prepareLaunch(
  options: TrainOptions,
  { nodeRank, nprocPerNode }: LaunchPlan,
): Promise<void> {
  const source = await recordFailure(attemptKind(options), options, async () => {
    checkMode(options);
    const loaded = loadConfiguration({ ...options, config: configurationFile(options) });
    requireGpus(loaded.config.device, nprocPerNode);
    await requireLibrary(options.tensorflow);
    return pretrainedOf(loaded);
  });
  // The network namespace of a machine's ranks has no access to the outside, so weights are downloaded before they start.
  if (source !== undefined && isUrl(source) && nodeRank === 0) await download(source);
}

async function download(source: string): Promise<void> {
  const progress = createProgress('Downloading the pretrained weights');
  try {
    await locateWeights(source, {
      onProgress: ({ received, total }) =>
        progress.show(received, total ?? 0, formatBytes(received)),
    });
  } finally {
    progress.done();
  }
}

function checkMode({ resume, overwrite }: TrainOptions): void {
  if (resume && overwrite) throw new UserError('--resume and --overwrite cannot be combined.');
}

const attemptKind = ({ evaluate, resume }: TrainOptions): AttemptKind =>
  evaluate ? 'evaluate' : resume ? 'resume' : 'train';

/**
 * Finds the configuration file. `--resume` and `--evaluate` use the configuration of the run unless `--config` is set.
 * @throws {UserError} when there is none
 */
function configurationFile(options: TrainOptions): string {
  const { config, resume, evaluate, output_dir, pretrained } = options;
  if (config !== undefined) return config;
  if (evaluate && pretrained !== undefined) return findConfigurationFile(pretrained, undefined);
  if (!resume || evaluate)
    throw new UserError('A configuration is required.', {
      hint: 'Specify it with --config, or continue a run with --resume --output_dir <run folder>.',
    });
  if (output_dir === undefined)
    throw new UserError('--resume requires the run folder.', {
      hint: 'Specify it with --output_dir, or the configuration with --config.',
    });
  const folder = userPath(output_dir);
  const own = new RunFolder(folder).config;
  if (existsSync(own)) return own;
  throw new UserError(`There is no run in ${folder} yet, and no configuration.`, {
    hint: 'Specify the configuration with --config. If no checkpoint was saved yet, --resume starts from the beginning.',
  });
}

async function trainInGroup(
  options: TrainOptions,
  group: ProcessGroup,
  stopSignal?: AbortSignal,
): Promise<void> {
  const work = async (attempt?: AttemptWriter): Promise<unknown> => {
    checkMode(options);
    const loaded = loadConfiguration({ ...options, config: configurationFile(options) });
    const library = await requireLibrary(options.tensorflow);
    return options.evaluate
      ? evaluateOnce(group, () => evaluatePretrained(options, loaded, library, attempt))
      : trainAndReport({ options, loaded, library, group, attempt, stopSignal });
  };
  // Of several processes, only rank 0 writes the run folder.
  await (group.isMain ? withAttempt(attemptKind(options), options, work) : work());
}

/** Evaluates on rank 0 while the other ranks wait, because BLIP's command for an evaluation starts several processes. */
async function evaluateOnce(
  group: ProcessGroup,
  evaluate: () => Promise<unknown>,
): Promise<unknown> {
  const result = group.isMain ? await evaluate() : undefined;
  await group.broadcast(group.isMain ? true : undefined);
  await group.close();
  return group.isMain ? result : true;
}

async function evaluatePretrained(
  options: TrainOptions,
  loaded: LoadedConfig,
  library: Library,
  attempt: AttemptWriter | undefined,
): Promise<unknown> {
  const source = pretrainedOf(loaded);
  if (source === undefined)
    throw new UserError('--evaluate needs weights to evaluate.', {
      hint: 'Set `pretrained` or give --pretrained.',
    });
  return evaluateAndReport({
    loaded,
    library,
    checkpoint: source,
    outputDir: configPaths(loaded.config, loaded.folder).outputDir,
    // As in BLIP, the same folder can be used for a training afterward.
    asRun: false,
    allowMissing: options.allow_missing === true,
    splits: evaluatedSplits(loaded),
    ...(attempt && { attempt }),
    takeOver: options.take_over === true,
  });
}

interface TrainingParts {
  options: TrainOptions;
  loaded: LoadedConfig;
  library: Library;
  group: ProcessGroup;
  attempt: AttemptWriter | undefined;
  stopSignal: AbortSignal | undefined;
}

/** @returns undefined when it was stopped before training started */
async function trainAndReport({
  options,
  loaded,
  library,
  group,
  attempt,
  stopSignal,
}: TrainingParts): Promise<unknown> {
  const terminal = createTerminal(process.stdout);
  const images = createProgress('Checking images');
  const download = createProgress('Downloading the pretrained weights');
  try {
    const outcome = await runTraining({
      group,
      ...(stopSignal && { stopSignal }),
      checks: {
        onProgress: ({ phase, done, total }) => phase === 'images' && images.show(done, total),
      },
      loaded,
      library,
      mode: options.resume ? 'resume' : options.overwrite ? 'overwrite' : 'new',
      ...(attempt && { attempt }),
      takeOver: options.take_over === true,
      onWait: reportLockWait,
      observe: (event) => terminal.show(event),
      onDownload: ({ received, total }) =>
        download.show(received, total ?? 0, formatBytes(received)),
      onStopRequested: () =>
        process.stderr.write(
          '\nStopping after this step and saving. Press Ctrl-C again to end immediately without saving.\n',
        ),
      onSaveRequested: () =>
        process.stderr.write('\nA signal requested a save. The training continues after it.\n'),
    });
    terminal.done();
    if (!group.isMain) process.exitCode = outcome?.state === 'finished' ? 0 : ExitCode.stopped;
    else if (outcome)
      process.stdout.write(finalReport(outcome, resumeCommand(outcome.folder, options)));
    else process.stderr.write('Stopped before training started. Nothing was written.\n');
    if (outcome?.state !== 'finished') process.exitCode = ExitCode.stopped;
    return outcome;
  } finally {
    images.done();
    download.done();
    terminal.done();
  }
}
