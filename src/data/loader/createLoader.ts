import { epochOrder, evaluationSteps, rankOrder, SINGLE_RANK, type RankShard } from '../order';
import type { Batch, Dataset } from '../types';
import type { LoaderPool, PendingBatch } from './loaderPool';
import type { PipelineSettings } from './settings';

export interface LoaderOptions {
  pool: LoaderPool;
  dataset: Dataset;
  settings: PipelineSettings;
  /**
   * train: shuffled, augmented, batches of equal size, the remainder is dropped. eval: every example once, grouped by
   * shared images (assign results by `Batch.indices`), batches may be smaller.
   */
  mode: 'train' | 'eval';
  /** Epoch of the run, from 0, which determines order and augmentation. Unused in `eval`. */
  epoch: number;
  batchSize: number;
  /** train: number of examples to skip at the start of the epoch's order, to resume in the middle of an epoch. */
  startExample?: number;
  /** train: maximum number of batches. */
  maxBatches?: number;
  /** train: this process's part, when several share the epoch. */
  rankShard?: RankShard;
  /** Indices of the examples of each batch, instead of those of the epoch. */
  batches?: readonly Int32Array[];
  /** Include each distinct image of a batch once. Default: true in `eval`. */
  shareImages?: boolean;
  /**
   * Called when a batch is requested, some batches before it is used. Returns false for an image whose features are
   * cached; it is then not read and its pixels are 0.
   */
  needsPixels?: (file: string) => boolean;
  /** The padded length of a batch is a multiple of this, to limit the number of different lengths. Default 8. */
  lengthMultiple?: number;
}

/** Batches of one epoch or split, in order. Can be iterated once; leaving the loop cancels prefetched batches. */
export interface Loader extends AsyncIterable<Batch> {
  /** Number of batches. */
  readonly batches: number;
  /** Total time that the consumer has waited for batches, in ms. */
  readonly waitMs: number;
}

/** Default of `lengthMultiple`, in tokens. */
export const LENGTH_MULTIPLE = 8;

/** Maximum size of prefetched images; at least two batches are prefetched. */
const MAX_PREFETCHED_BYTES = 256 * 2 ** 20;

/** Creates a loader for one pass over a data set. The batches do not depend on the number of workers. */
export function createLoader(options: LoaderOptions): Loader {
  return new EpochLoader(options);
}

class EpochLoader implements Loader {
  readonly batches: number;
  waitMs = 0;
  private readonly indices: readonly Int32Array[];

  constructor(private readonly options: LoaderOptions) {
    this.indices = options.batches ?? batchesOf(options);
    this.batches = this.indices.length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    const pending: PendingBatch[] = [];
    const depth = this.prefetchDepth();
    let next = 0;
    try {
      for (let yielded = 0; yielded < this.batches; yielded++) {
        for (; next < this.batches && pending.length < depth; next++)
          pending.push(this.request(next));
        const start = performance.now();
        const head = pending[0];
        const batch = await head.batch.finally(() => (this.waitMs += performance.now() - start));
        pending.shift();
        // Request the next batch before yielding, so that it is built while the consumer computes.
        if (next < this.batches) pending.push(this.request(next++));
        yield batch;
      }
    } finally {
      for (const batch of pending) batch.cancel();
    }
  }

  /** Number of batches to prefetch: enough to keep the workers busy, limited by memory. */
  private prefetchDepth(): number {
    const { pool, batchSize, settings } = this.options;
    const bytes = 2 * batchSize * settings.imageSize ** 2 * 3;
    return Math.min(
      Math.max(1, 2 * pool.numWorkers),
      Math.max(2, Math.floor(MAX_PREFETCHED_BYTES / bytes)),
    );
  }

  private request(position: number): PendingBatch {
    const { pool, dataset, settings, mode, epoch } = this.options;
    const examples = Array.from(this.indices[position], (i) => {
      const { index, identifier, sentence, images, label, line } = dataset.examples[i];
      return { index, identifier, sentence, images, label, line };
    });
    const { needsPixels } = this.options;
    const skippedFiles = needsPixels
      ? examples.flatMap(({ images }) => images.filter((file) => !needsPixels(file)))
      : [];
    const pending = pool.build({
      examples,
      skippedFiles,
      file: dataset.file,
      mode,
      epoch,
      settings,
      shareImages: this.options.shareImages ?? mode === 'eval',
      lengthMultiple: this.options.lengthMultiple ?? LENGTH_MULTIPLE,
    });
    // Errors are reported when the consumer awaits the batch; prevent an unhandled rejection until then.
    pending.batch.catch(() => undefined);
    return pending;
  }
}

function batchesOf(options: LoaderOptions): Int32Array[] {
  const { dataset, settings, mode, epoch, batchSize } = options;
  if (mode === 'eval')
    return evaluationSteps(dataset.examples, batchSize).map(({ indices }) => indices);
  const { rankShard = SINGLE_RANK, startExample = 0, maxBatches = Infinity } = options;
  const whole = epochOrder(dataset.examples.length, settings.seed, epoch);
  const order = rankOrder(whole.subarray(startExample), rankShard);
  const count = Math.min(maxBatches, Math.floor(order.length / batchSize));
  return Array.from({ length: count }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
}
