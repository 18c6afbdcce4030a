/** One attempt at a training run: what it opens it closes. */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Config } from '../config/definition';
import type { ProcessGroup } from '../distributed/processGroup';
import type { Dataset } from '../data/types';
import { EVENT_VERSION, type RankInfo, type Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { modelKeyValues } from '../model/checkpointOrigin';
import { readModelConfig } from '../model/config';
import {
  describeReport,
  isUnusualStart,
  missingUnexpectedly,
  type LoadReport,
} from '../model/loadRules';
import { loadWeights } from '../model/loadWeights';
import { visibleGpus } from '../runtime/machine/gpus';
import { redirectNativeLog } from '../runtime/tensorflow/nativeLog';
import type { PrecisionChoice } from '../runtime/machine/precision';
import type { Replica } from '../runtime/replica/replica';
import { momentNames } from '../runtime/optimizer/adamW';
import type { Session } from '../runtime/session';
import { withDiskErrors } from '../util/diskError';
import { localize, joinSentences } from '../util/localize';
import type { Precision } from '../util/precision';
import { ExitCode, isAbortError, UserError } from '../util/userError';
import { assignValues } from './checkpoint/assignValues';
import { restoreLast, type CheckpointSource } from './checkpoint/checkpoints';
import { majorityShare } from './data/datasets';
import { checkDiskSpace, checkpointBytes, presentBytes } from './checkpoint/diskSpace';
import { formatBytes } from '../util/formatBytes';
import { EpochEnd } from './epochEnd';
import { Evaluator } from './evaluate/evaluator';
import { exampleOrder } from './data/exampleOrder';
import { FeatureCache, featureFolder } from './data/featureCache';
import { FrozenVision } from './data/frozenVision';
import { GpuReadings } from './gpuReadings';
import { HealthMonitor } from './health';
import { appendLog, trimLog } from './log';
import { writeMetrics } from '../analysis/metricsFile';
import {
  initialiseWeights,
  openModelSession,
  precisionOf,
  pretrainedOf,
  type ModelSession,
} from './modelSession';
import type { TrainingPlan } from './plan';
import { NlvrPrograms } from './programs';
import { appendRankLog, forwardNativeLog } from './ranks/rankLog';
import { RunData } from './data/runData';
import { changedResources, resourcesOf, type Resources } from './resources';
import type { TrainedRun, TrainingRequest } from './types';
import { trainableParameters } from './checkpoint/trainable';
import { evaluatedDatasets, Trainer } from './loop';
import { freshState, type TrainerState } from './state';

export class TrainingRun {
  constructor(
    private readonly request: TrainingRequest,
    private readonly writer: RunRecord,
    private readonly plan: TrainingPlan,
    private readonly datasets: Partial<Record<Split, Dataset>> & { train: Dataset },
    private readonly stop: Pick<StopController, 'requested' | 'signal' | 'takeSaveRequest'>,
    /** Where it resumes; undefined for a new run. */
    private readonly resumed: TrainerState | undefined,
  ) {}

  async train(): Promise<TrainedRun> {
    const { writer, request } = this;
    const { group } = request;
    const { config, folder } = request.loaded;
    const log = group.isMain ? writer.folder.trainerLog : undefined;
    if (log !== undefined) withDiskErrors(log, () => redirectNativeLog(log));
    const forwarding = log === undefined ? forwardNativeLog(group) : undefined;
    group.onLog((rank, text) => appendRankLog(writer.folder.trainerLog, rank, text));
    const model = readModelConfig(config, folder);
    const data = await RunData.open(config, model.text.maxPositions, group.spec);
    try {
      const opened = await openModelSession({
        ...request,
        replica: group.spec,
        kept: this.kept(),
        choice: await this.sharedPrecision(),
      });
      try {
        return await this.trainWith(opened, data);
      } finally {
        await opened.dispose();
      }
    } finally {
      forwarding?.stop();
      data.frozen?.dispose();
      await data.dispose();
    }
  }

  /** What a resumed run keeps. Threads are distributed again if the number of processes changed. */
  private kept(): { precision: Precision; resources?: Resources } | undefined {
    const { resumed, request } = this;
    if (!resumed) return undefined;
    const { precision, resources, order } = resumed;
    const same = (order.worldSize ?? 1) === request.group.spec.worldSize;
    return { precision, ...(same && resources && { resources }) };
  }

  /** What rank 0 finds best: all ranks compute in the same precision. */
  private async sharedPrecision(): Promise<PrecisionChoice | undefined> {
    const { group, loaded, library } = this.request;
    if (this.resumed || group.spec.worldSize === 1) return undefined;
    return group.broadcast(group.isMain ? await precisionOf(loaded, library) : undefined);
  }

  private async trainWith(opened: ModelSession, data: RunData): Promise<TrainedRun> {
    const { writer, request, plan, datasets, stop, resumed } = this;
    const { config, hash } = request.loaded;
    const { session, replica, model, shapes } = opened;
    const { group } = request;
    const trainable = trainableParameters(config, shapes.keys());
    const origin = { model: modelKeyValues(model), run: writer.info.name };
    const checkpoint: CheckpointSource = { session, shapes, trainable, origin };
    const count = [...shapes.values()].reduce(
      (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    const { folder } = writer;
    const { keep_checkpoints: keep, seed } = config;
    if (group.isMain) {
      const present = resumed ? presentBytes(folder, keep) : 0;
      checkDiskSpace(folder.root, checkpointBytes(count, keep), present);
    }

    const order = exampleOrder(config, plan);
    const { precision } = opened;
    const state = resumed ?? freshState({ seed, precision, order, configHash: hash });
    this.announce(opened, state, count);
    this.keepResources(session, state);
    if (config.cache_images && !data.cachesImages)
      writer.note(
        'warning',
        'no-cache-folder',
        localize('`cache_images` has no effect: there is no writable cache folder.'),
        localize('Set NLVR_CACHE_DIR to a folder that you may write to.'),
      );
    const report = group.isMain ? await this.loadWeights(opened, checkpoint) : undefined;
    await this.shareWeights(replica, checkpoint);
    const programs = new NlvrPrograms(session, model, {
      optimizer: config,
      trainable,
      frozenVit: config.freeze_vit,
      pixels: 'uint8',
    });
    const imageBytes = config.image_size ** 2 * 3;
    if (config.freeze_vit) data.frozen = this.freezeVision(programs, imageBytes);
    const evaluated = evaluatedDatasets(config, datasets);
    const health = new HealthMonitor({
      pretrained: pretrainedOf(request.loaded) !== undefined,
      missingKeys: report === undefined ? 0 : missingUnexpectedly(report).length,
      numWorkers: config.num_workers,
      processors: availableParallelism(),
      imagesKept: config.cache_images || config.freeze_vit,
      majorityShare: majorityShare(datasets.val),
      hosts: group.members.map(({ host }) => host),
      resumed: resumed !== undefined,
    });
    const stopAgreed = async (): Promise<boolean> => {
      const [stops] = await replica.allReduceSum(Float32Array.of(stop.requested ? 1 : 0));
      return stops > 0;
    };
    const epochEnd = new EpochEnd({
      isMain: group.isMain,
      config,
      plan,
      data,
      checkpoint,
      writer,
      stop,
      health,
      evaluated,
      evaluator: new Evaluator(programs, imageBytes, evaluationBatch(config, datasets), replica),
    });
    const trainsOnGpu = group.isMain && opened.session.info.device === 'GPU';
    const gpu = trainsOnGpu ? visibleGpus()[group.spec.localRank] : undefined;
    const readings = gpu && new GpuReadings(gpu);
    const trainer = new Trainer({
      config,
      plan,
      state,
      data,
      checkpoint,
      writer,
      stop,
      health,
      epochEnd,
      shard: group.spec,
      stopAgreed,
      requireEqualWeights: () => requireEqualWeights(replica, group, [...shapes.keys()]),
      stepFor: (batch) => programs.trainingStep(batch.indices.length, batch.length),
      gpu: () => readings?.take(),
    });
    writer.phase('recording');
    const trained = await trainer.run().finally(() => readings?.dispose());
    return {
      state: trained === 'finished' ? await this.finish(state, epochEnd, opened) : trained,
      folder: writer.folder.root,
      best: writer.info.best,
      bestCheckpoint: writer.folder.best,
      metrics: state.bestMetrics,
    };
  }

  /** Says what the run is, in run.json and as its first event. */
  private announce(opened: ModelSession, state: TrainerState, parameters: number): void {
    const { writer, plan, datasets, resumed } = this;
    const { group } = this.request;
    const { config } = this.request.loaded;
    const main = plan.stages[plan.stages.length - 1];
    const easy = plan.stages.find(({ name }) => name === 'curriculum');
    const device = opened.session.info.device;
    writer.update({
      state: 'running',
      device,
      precision: opened.precision,
      versions: { ...writer.info.versions, tensorflow: opened.session.info.tensorflow },
      maxEpoch: plan.epochs,
      totalSteps: plan.totalStepsFrom(state),
      step: state.step,
      epoch: state.epoch,
      ...(group.spec.worldSize > 1 && { ranks: ranksOf(group) }),
    });
    writer.event({
      type: 'start',
      v: EVENT_VERSION,
      resumed: resumed !== undefined,
      trainedSeconds: writer.info.trainedSeconds ?? 0,
      step: state.step,
      epoch: state.epoch,
      maxEpoch: plan.epochs,
      stepsPerEpoch: main.stepsPerEpoch,
      evaluation: {
        every: config.eval_every,
        examples: evaluatedDatasets(config, datasets).reduce(
          (sum, { examples }) => sum + examples.length,
          0,
        ),
      },
      ...(easy && { curriculum: { epochs: easy.epochs, stepsPerEpoch: easy.stepsPerEpoch } }),
      totalSteps: plan.totalStepsFrom(state),
      ...(group.spec.worldSize > 1 && { ranks: ranksOf(group) }),
      examples: Object.fromEntries(
        Object.entries(datasets).map(([split, { examples }]) => [split, examples.length]),
      ),
      device,
      precision: opened.precision,
      parameters,
    });
    this.noteRanks(state);
    const disk = formatBytes(checkpointBytes(parameters, config.keep_checkpoints));
    writer.note(
      'info',
      'plan',
      localize(
        'Precision {0}: {1}. Checkpoints take up to {2} of disk.',
        opened.precision,
        opened.precisionReason,
        disk,
      ),
      ...(opened.precisionRemark === undefined ? [] : [opened.precisionRemark]),
    );
  }

  /** Numbers are the same to the last bit only where all of this is the same. */
  private keepResources(session: Session, state: TrainerState): void {
    const { writer } = this;
    const now = resourcesOf(session);
    const changes = state.resources === undefined ? [] : changedResources(state.resources, now);
    state.resources = now;
    writer.update({ threads: now.threads, lanes: now.lanes });
    if (changes.length > 0)
      writer.note(
        'warning',
        'not-exact',
        localize(
          'The run continues {0}: its numbers differ from those of an uninterrupted run.',
          changes,
        ),
        localize(
          'To get identical numbers, resume the run with its original settings on the same kind of machine.',
        ),
      );
  }

  /** Says what is different about a training on several processes, or on another number than before. */
  private noteRanks(state: TrainerState): void {
    const { writer, plan, request } = this;
    const { worldSize } = request.group.spec;
    const { batch_size_train: batch, accumulate_steps: accumulate } = request.loaded.config;
    const before = state.order.worldSize ?? 1;
    if (worldSize !== before)
      writer.note(
        'warning',
        'world-size-changed',
        localize(
          'The run was trained by {0} processes before. Now it is trained by {1}.',
          before,
          worldSize,
        ),
        localize(
          'It continues with the remaining examples in the same order. A step now takes {0} examples, {1} before.',
          plan.batchExamples * accumulate,
          state.order.batchSize * state.order.accumulateSteps * before,
        ),
      );
    if (worldSize > 1)
      writer.note(
        'info',
        'effective-batch',
        localize(
          'A step takes {0} examples: {1} on each of {2} processes, {3} times.',
          batch * worldSize * accumulate,
          batch,
          worldSize,
          accumulate,
        ),
      );
  }

  /** Rank 0's weights, and its optimizer's moments if the run was resumed, on all ranks. */
  private async shareWeights(replica: Replica, checkpoint: CheckpointSource): Promise<void> {
    if (replica.worldSize === 1) return;
    const { session, shapes, trainable } = checkpoint;
    const names = [...shapes.keys()];
    if (this.resumed)
      for (const name of trainable)
        for (const moment of momentNames(name)) {
          session.variable(moment, shapes.get(name) ?? [], 'zeros');
          names.push(moment);
        }
    await replica.broadcastVariables(names);
    await requireEqualWeights(replica, this.request.group, names);
  }

  private async loadWeights(
    opened: ModelSession,
    checkpoint: CheckpointSource,
  ): Promise<LoadReport | undefined> {
    const { writer, request, resumed } = this;
    if (resumed) {
      await restoreLast(checkpoint, writer.folder);
      trimLog(writer.folder.log, resumed.epoch);
      return undefined;
    }
    const report = await initialiseWeights(opened, request.loaded, pretrainedOf(request.loaded), {
      onProgress: request.onDownload,
      signal: this.stop.signal,
      allowMissing: true,
    }).catch((error: unknown) => {
      if (!isAbortError(error)) throw error;
      throw new UserError(
        localize('Stopped before training started: there is nothing to resume.'),
        { hint: localize('Start it again.'), exitCode: ExitCode.stopped },
      );
    });
    if (report) {
      const [first, second, ...rest] = describeReport(report);
      writer.note(
        isUnusualStart(report) ? 'warning' : 'info',
        'pretrained',
        first,
        ...(second === undefined ? [] : [joinSentences(second, ...rest)]),
      );
    }
    return report;
  }

  private freezeVision(programs: NlvrPrograms, imageBytes: number): FrozenVision {
    const { writer, plan, request } = this;
    const { config } = request.loaded;
    const [tokens, width] = programs.featureShape;
    const limit = config.feature_cache * 1e9;
    const place = featureFolder(writer, request.group.isMain);
    const cache = new FeatureCache(place, tokens * width, limit);
    const images = new Set(
      plan.stages.flatMap(({ dataset }) => dataset.examples.flatMap((example) => example.images)),
    );
    const needed = images.size * cache.recordBytes;
    writer.note(
      'info',
      'feature-cache',
      limit === 0
        ? localize(
            'Features of {0} images take {1} of disk space. None are stored; all images are encoded in each epoch.',
            images.size,
            formatBytes(needed),
          )
        : needed > limit
          ? localize(
              'Features of {0} images take {1} of disk space. {2} of them are stored; the rest are encoded in each epoch.',
              images.size,
              formatBytes(needed),
              formatBytes(limit),
            )
          : localize(
              'Features of {0} images take {1} of disk space during the run.',
              images.size,
              formatBytes(needed),
            ),
      ...(needed > limit ? [localize('Raise feature_cache to store more.')] : []),
    );
    return new FrozenVision(programs, cache, imageBytes);
  }

  /**
   * The run's last words: the test split where it waited for the best checkpoint, metrics, "best epoch". All of it is
   * done again when the run is resumed after a stop or a kill in here.
   */
  private async finish(
    state: TrainerState,
    epochEnd: EpochEnd,
    opened: ModelSession,
  ): Promise<'finished' | 'stopped'> {
    const { writer, datasets, request } = this;
    const { isMain } = request.group;
    if (datasets.test && !request.loaded.config.eval_test && state.bestEpoch !== null) {
      if (isMain) {
        const weights = await loadWeights(writer.folder.best, opened.model);
        try {
          await assignValues(opened.session, weights.values());
        } finally {
          await weights.close();
        }
      }
      await opened.replica.broadcastVariables([...opened.shapes.keys()]);
      const metrics = await epochEnd.split(datasets.test, state.bestEpoch, state.step);
      if (!metrics) return 'stopped';
      state.bestMetrics.test = metrics;
    }
    if (!isMain) return 'finished';
    writeMetrics(writer.folder.metrics, state.bestMetrics, {
      run: writer.info.name,
      epoch: state.bestEpoch,
      checkpoint: basename(writer.folder.best),
    });
    appendLog(writer.folder.log, `best epoch: ${state.bestEpoch ?? 0}`);
    return 'finished';
  }
}

/** The processes of a run, for its record. */
function ranksOf(group: ProcessGroup): RankInfo[] {
  return group.members.map(({ rank, host, pid, localRank }) => ({ rank, host, pid, localRank }));
}

/**
 * Compares the weights of all ranks.
 * @throws {UserError} on every rank, naming the rank and the first parameter that differ
 */
async function requireEqualWeights(
  replica: Replica,
  group: ProcessGroup,
  names: readonly string[],
): Promise<void> {
  const difference = await replica.firstDifference(names);
  if (!difference) return;
  const { rank, name } = difference;
  throw new UserError(
    localize(
      'The weights of rank {0} (on {1}) differ from those of rank 0, first in {2}.',
      rank,
      group.members[rank].host,
      name,
    ),
    {
      hint: localize(
        'The memory or network of that machine may be faulty. Continue from the last checkpoint with --resume, without that machine if it happens again.',
      ),
      exitCode: ExitCode.failed,
    },
  );
}

/** The last batch of a small split need not be as large as others are. */
function evaluationBatch(config: Config, datasets: Partial<Record<Split, Dataset>>): number {
  const largest = Math.max(
    1,
    ...(['val', 'test'] as const).map((split) => datasets[split]?.examples.length ?? 0),
  );
  return Math.min(config.batch_size_test, largest);
}
