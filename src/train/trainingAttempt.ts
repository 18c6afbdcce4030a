/** One attempt at a training run: opens the session and the data, assembles the training loop, and closes everything. */
import { availableParallelism } from 'node:os';
import type { Config } from '../config/definition';
import type { Dataset } from '../data/types';
import { modelKeyValues } from '../model/checkpointOrigin';
import { readModelConfig } from '../model/config';
import { unexpectedlyMissing, type LoadReport } from '../model/loadRules';
import type { Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { visibleGpus } from '../runtime/machine/gpus';
import type { PrecisionChoice } from '../runtime/machine/precision';
import { redirectNativeLog } from '../runtime/tensorflow/nativeLog';
import { elementCount } from '../runtime/tensorflow/dtypes';
import { withDiskErrors } from '../util/diskError';
import { localize } from '../util/localize';
import type { Precision } from '../util/precision';
import { announceRun, recordResources } from './announceRun';
import type { CheckpointSource } from './checkpoint/checkpoints';
import { requireCheckpointSpace } from './checkpoint/diskSpace';
import {
  broadcastWeights,
  loadInitialWeights,
  requireEqualWeights,
} from './checkpoint/initialWeights';
import { trainableParameters } from './checkpoint/trainable';
import { majorityShare } from './data/datasets';
import { exampleOrder } from './data/exampleOrder';
import { openFrozenVision } from './data/openFrozenVision';
import { RunData } from './data/runData';
import { EpochEnd } from './epochEnd';
import { Evaluator } from './evaluate/evaluator';
import { finishRun } from './finishRun';
import { GpuReadings } from './gpuReadings';
import { HealthMonitor } from './health';
import { evaluatedDatasets, TrainingLoop } from './loop';
import { openModelSession, precisionOf, pretrainedOf, type ModelSession } from './modelSession';
import type { TrainingPlan } from './plan';
import { NlvrPrograms } from './programs';
import { appendRankLog, forwardNativeLog } from './ranks/rankLog';
import type { Resources } from './resources';
import { freshState, type TrainerState } from './state';
import type { TrainedRun, TrainingRequest } from './types';

export class TrainingAttempt {
  constructor(
    private readonly request: TrainingRequest,
    private readonly writer: RunRecord,
    private readonly plan: TrainingPlan,
    private readonly datasets: Partial<Record<Split, Dataset>> & { train: Dataset },
    private readonly stop: Pick<StopController, 'requested' | 'signal' | 'takeSaveRequest'>,
    /** Position where the run resumes; undefined for a new run. */
    private readonly resumed: TrainerState | undefined,
  ) {}

  /** Trains until the last epoch, an early stop or a request to stop. Releases everything that it opened. */
  async run(): Promise<TrainedRun> {
    const { writer, request } = this;
    const { group } = request;
    const { config, folder } = request.loaded;
    const log = group.isMain ? writer.folder.trainerLog : undefined;
    if (log !== undefined) withDiskErrors(log, () => redirectNativeLog(log));
    const forwarding = log === undefined ? forwardNativeLog(group) : undefined;
    group.onLog((rank, text) => appendRankLog(writer.folder.trainerLog, rank, text));
    const model = readModelConfig(config, folder);
    const data = await RunData.open(config, model.text.maxPositions, group.rankSpec);
    try {
      const opened = await openModelSession({
        ...request,
        rankSpec: group.rankSpec,
        resumedSettings: this.kept(),
        choice: await this.sharedPrecision(),
      });
      try {
        return await this.trainInSession(opened, data);
      } finally {
        await opened.dispose();
      }
    } finally {
      forwarding?.stop();
      data.frozen?.dispose();
      await data.dispose();
    }
  }

  /** Settings that a resumed run keeps. Threads are distributed again if the number of processes changed. */
  private kept(): { precision: Precision; resources?: Resources } | undefined {
    const { resumed, request } = this;
    if (!resumed) return undefined;
    const { precision, resources, order } = resumed;
    const sameWorldSize = (order.worldSize ?? 1) === request.group.rankSpec.worldSize;
    return { precision, ...(sameWorldSize && resources && { resources }) };
  }

  /** The precision that rank 0 chooses for all ranks; undefined where each attempt of one process chooses its own. */
  private async sharedPrecision(): Promise<PrecisionChoice | undefined> {
    const { group, loaded, library } = this.request;
    if (this.resumed || group.rankSpec.worldSize === 1) return undefined;
    return group.broadcast(group.isMain ? await precisionOf(loaded, library) : undefined);
  }

  private async trainInSession(opened: ModelSession, data: RunData): Promise<TrainedRun> {
    const { writer, request, plan, datasets, stop, resumed } = this;
    const { group, loaded } = request;
    const { config } = loaded;
    const { session, collectives, model, shapes } = opened;
    const trainable = trainableParameters(config, shapes.keys());
    const origin = { model: modelKeyValues(model), run: writer.info.name };
    const checkpoint: CheckpointSource = { session, shapes, trainable, origin };
    const parameters = [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
    if (group.isMain)
      requireCheckpointSpace(writer.folder, parameters, config.keep_checkpoints, !!resumed);

    const { seed } = config;
    const { precision } = opened;
    const order = exampleOrder(config, plan);
    const state = resumed ?? freshState({ seed, precision, order, configHash: loaded.hash });
    announceRun(writer, { loaded, group, plan, datasets, resumed }, opened, state, parameters);
    recordResources(writer, session, state);
    if (config.cache_images && !data.cachesImages) noteMissingCacheFolder(writer);

    const report = group.isMain
      ? await loadInitialWeights(opened, checkpoint, {
          loaded,
          writer,
          resumed,
          signal: stop.signal,
          onDownload: request.onDownload,
        })
      : undefined;
    await broadcastWeights(collectives, group, checkpoint, resumed !== undefined);

    const programs = new NlvrPrograms(session, model, {
      training: config,
      trainable,
      frozenVit: config.freeze_vit,
      pixels: 'uint8',
    });
    const imageBytes = config.image_size ** 2 * 3;
    const { isMain } = group;
    if (config.freeze_vit)
      data.frozen = openFrozenVision(programs, {
        writer,
        plan,
        isMain,
        imageBytes,
        maxGigabytes: config.feature_cache,
      });
    const health = this.healthMonitor(report);
    const epochEnd = new EpochEnd({
      isMain,
      config,
      plan,
      data,
      checkpoint,
      writer,
      stop,
      health,
      evaluated: evaluatedDatasets(config, datasets),
      evaluator: new Evaluator(
        programs,
        imageBytes,
        evaluationBatchSize(config, datasets),
        collectives,
      ),
    });
    const gpu =
      isMain && session.info.device === 'GPU' ? visibleGpus()[group.rankSpec.localRank] : undefined;
    const readings = gpu && new GpuReadings(gpu);
    const loop = new TrainingLoop({
      config,
      plan,
      state,
      data,
      checkpoint,
      writer,
      stop,
      health,
      epochEnd,
      rankShard: group.rankSpec,
      stopAgreed: async () => {
        const [stops] = await collectives.allReduceSum(Float32Array.of(stop.requested ? 1 : 0));
        return stops > 0;
      },
      requireEqualWeights: () => requireEqualWeights(collectives, group, [...shapes.keys()]),
      stepFor: (batch) => programs.trainingProgram(batch.indices.length, batch.length),
      gpu: () => readings?.takeLatest(),
    });
    writer.phase('recording');
    const trained = await loop.run().finally(() => readings?.dispose());
    const test = config.eval_test ? undefined : datasets.test;
    return {
      state:
        trained === 'finished'
          ? await finishRun(state, { writer, epochEnd, opened, test, isMain })
          : trained,
      folder: writer.folder.root,
      best: writer.info.best,
      bestCheckpoint: writer.folder.best,
      metrics: state.bestMetrics,
    };
  }

  private healthMonitor(report: LoadReport | undefined): HealthMonitor {
    const { request, datasets, resumed } = this;
    const { config } = request.loaded;
    return new HealthMonitor({
      pretrained: pretrainedOf(request.loaded) !== undefined,
      missingKeys: report === undefined ? 0 : unexpectedlyMissing(report).length,
      numWorkers: config.num_workers,
      processors: availableParallelism(),
      imagesKept: config.cache_images || config.freeze_vit,
      majorityShare: majorityShare(datasets.val),
      hosts: request.group.members.map(({ host }) => host),
      resumed: resumed !== undefined,
    });
  }
}

function noteMissingCacheFolder(writer: RunRecord): void {
  writer.note(
    'warning',
    'no-cache-folder',
    localize('`cache_images` has no effect: there is no writable cache folder.'),
    localize('Set NLVR_CACHE_DIR to a folder that you may write to.'),
  );
}

/** `batch_size_test`, or the size of the largest split where that is smaller: padding would cost time for nothing. */
function evaluationBatchSize(config: Config, datasets: Partial<Record<Split, Dataset>>): number {
  const largest = Math.max(
    1,
    ...(['val', 'test'] as const).map((split) => datasets[split]?.examples.length ?? 0),
  );
  return Math.min(config.batch_size_test, largest);
}
