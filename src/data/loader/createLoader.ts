import { epochOrder, evaluationSteps, shardOrder, WHOLE, type Shard } from '../order';
import type { Batch, Dataset } from '../types';
import type { LoaderPool, PendingBatch } from './loaderPool';
import type { PipelineSettings } from './settings';

export interface LoaderOptions {
  pool: LoaderPool;
  dataset: Dataset;
  settings: PipelineSettings;
  /**
   * train: shuffled, augmented, batches of equal size, a rest dropped. eval: every example once, neighbours
   * share images (store answers by `Batch.indices`), the last batch may be smaller.
   */
  mode: 'train' | 'eval';
  /** Counts over the whole run, from 0; order and augmentation depend on it. Unused in `eval`. */
  epoch: number;
  batchSize: number;
  /** train: number of examples to skip at the start of the epoch's order, to resume in the middle of an epoch. */
  startExample?: number;
  /** train: batches at most. */
  maxBatches?: number;
  /** train: this process's part, when several share the epoch. */
  shard?: Shard;
  /** Indices of the examples of each batch, instead of the epoch's own. */
  batches?: readonly Int32Array[];
  /** Each distinct image of a batch once. Default: in `eval`. */
  shareImages?: boolean;
  /**
   * Asked when a batch is requested, which is some batches before it is used: false for an image whose
   * pixels will not be looked at, because its features are known. It is then not read and its pixels are 0.
   */
  needsPixels?: (file: string) => boolean;
  /** The padded length of a batch is a multiple of this, so that few lengths occur. Default 8. */
  lengthMultiple?: number;
}

/** Batches of one epoch or split, in order. To be iterated once; leaving the loop gives up what was prefetched. */
export interface Loader extends AsyncIterable<Batch> {
  /** Batches that iterating gives. */
  readonly batches: number;
  /** How long the consumer has waited for batches so far, in ms. */
  readonly waitMs: number;
}

/** Padded lengths of batches are multiples of so many tokens. */
export const LENGTH_MULTIPLE = 8;

/** Most bytes of images that wait for the consumer, unless that is less than two batches. */
const prefetchedBytes = 256 * 2 ** 20;

/** The batches of one pass over a data set. The same bytes for any number of workers. */
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
      for (let given = 0; given < this.batches; given++) {
        for (; next < this.batches && pending.length < depth; next++)
          pending.push(this.request(next));
        const start = performance.now();
        const head = pending[0];
        const batch = await head.batch.finally(() => (this.waitMs += performance.now() - start));
        pending.shift();
        // Asked for before the consumer gets the batch, so that it is built while the consumer computes.
        if (next < this.batches) pending.push(this.request(next++));
        yield batch;
      }
    } finally {
      for (const batch of pending) batch.cancel();
    }
  }

  /** Batches under way at a time. Enough to keep the workers busy, bounded in memory. */
  private prefetchDepth(): number {
    const { pool, batchSize, settings } = this.options;
    const bytes = 2 * batchSize * settings.imageSize ** 2 * 3;
    return Math.min(
      Math.max(1, 2 * pool.numWorkers),
      Math.max(2, Math.floor(prefetchedBytes / bytes)),
    );
  }

  private request(position: number): PendingBatch {
    const { pool, dataset, settings, mode, epoch } = this.options;
    const examples = Array.from(this.indices[position], (i) => {
      const { index, identifier, sentence, images, label, line } = dataset.examples[i];
      return { index, identifier, sentence, images, label, line };
    });
    const { needsPixels } = this.options;
    const unread = needsPixels
      ? examples.flatMap(({ images }) => images.filter((file) => !needsPixels(file)))
      : [];
    const pending = pool.build({
      examples,
      unread,
      file: dataset.file,
      mode,
      epoch,
      settings,
      shareImages: this.options.shareImages ?? mode === 'eval',
      lengthMultiple: this.options.lengthMultiple ?? LENGTH_MULTIPLE,
    });
    // Prefetched errors are reported when the consumer gets there; until then they are not unhandled.
    pending.batch.catch(() => undefined);
    return pending;
  }
}

function batchesOf(options: LoaderOptions): Int32Array[] {
  const { dataset, settings, mode, epoch, batchSize } = options;
  if (mode === 'eval')
    return evaluationSteps(dataset.examples, batchSize).map(({ indices }) => indices);
  const { shard = WHOLE, startExample = 0, maxBatches = Infinity } = options;
  const whole = epochOrder(dataset.examples.length, settings.seed, epoch);
  const order = shardOrder(whole.subarray(startExample), shard);
  const count = Math.min(maxBatches, Math.floor(order.length / batchSize));
  return Array.from({ length: count }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
}
