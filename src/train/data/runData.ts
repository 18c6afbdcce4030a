import { join } from 'node:path';
import type { Config } from '../../config/definition';
import { createLoader } from '../../data/loader/createLoader';
import { LoaderPool } from '../../data/loader/loaderPool';
import { pipelineSettings } from '../../data/loader/settings';
import { SINGLE_RANK, type EvaluationStep, type RankShard } from '../../data/order';
import type { Batch, Dataset } from '../../data/types';
import { scratchFolder, usableCacheFolder } from '../../util/cacheFolder';
import type { FrozenVision } from './frozenVision';
import type { Stage } from '../plan';
import type { TimedBatches, TrainingData } from '../types';

/** Reads a run's batches through the loader's worker threads. */
export class RunData implements TrainingData {
  /** Set by the caller when the vision transformer is frozen. */
  frozen: FrozenVision | undefined;

  private constructor(
    private readonly config: Config,
    private readonly maxTokens: number,
    private readonly pool: LoaderPool,
    private readonly rankShard: RankShard,
    /** Whether resized images are cached on disk. */
    readonly cachesImages: boolean,
  ) {}

  /**
   * @param maxTokens maximum length of the text encoder's input.
   * @param rankShard this process among those that share the training.
   */
  static async open(
    config: Config,
    maxTokens: number,
    rankShard: RankShard = SINGLE_RANK,
  ): Promise<RunData> {
    const folder = config.cache_images ? imageCache() : undefined;
    const pool = await LoaderPool.create({
      numWorkers: config.num_workers,
      ...(folder !== undefined && { cache: { folder, imageSize: config.image_size } }),
    });
    return new RunData(config, maxTokens, pool, rankShard, folder !== undefined);
  }

  trainBatches(stage: Stage, epoch: number, startExample: number, count: number): TimedBatches {
    return createLoader({
      pool: this.pool,
      dataset: stage.dataset,
      settings: pipelineSettings(this.config, this.maxTokens),
      mode: 'train',
      batchSize: this.config.batch_size_train,
      epoch,
      startExample,
      maxBatches: count,
      rankShard: this.rankShard,
      ...(this.frozen && { needsPixels: (image: string) => this.frozen?.has(image) !== true }),
    });
  }

  evalBatches(dataset: Dataset, steps: readonly EvaluationStep[]): AsyncIterable<Batch> {
    return createLoader({
      pool: this.pool,
      dataset,
      settings: pipelineSettings(this.config, this.maxTokens),
      mode: 'eval',
      batchSize: Math.min(this.config.batch_size_test, dataset.examples.length),
      epoch: 0,
      batches: steps.map(({ indices }) => indices),
    });
  }

  async visionFeeds(
    stage: Stage,
    batch: Batch,
  ): Promise<Record<string, Uint8Array | Float32Array>> {
    return this.frozen
      ? { features: await this.frozen.features(stage.dataset, batch) }
      : { images: batch.images };
  }

  dispose(): Promise<void> {
    return this.pool.dispose();
  }
}

function imageCache(): string | undefined {
  const scratch = scratchFolder();
  return scratch === undefined ? usableCacheFolder('images') : join(scratch, 'images');
}
