import { epochOrder, shardOrder, sharedImageOrder, type Shard } from '../order';
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
  /** Batches to leave out at the beginning, to go on in the middle of an epoch. */
  startBatch?: number;
  /** Batches of the epoch at most, counted from its beginning. */
  endBatch?: number;
  /** This process's part, when several share the epoch. */
  shard?: Shard;
  /** Indices of the examples in a given order, instead of the epoch's own. */
  order?: Int32Array;
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

/** Most bytes of images that wait for the consumer, unless that is less than two batches. */
const prefetchedBytes = 256 * 2 ** 20;

/** The batches of one pass over a data set. The same bytes for any number of workers. */
export function createLoader(options: LoaderOptions): Loader {
  return new EpochLoader(options);
}

class EpochLoader implements Loader {
  readonly batches: number;
  waitMs = 0;
  private readonly order: Int32Array;
  private readonly first: number;

  constructor(private readonly options: LoaderOptions) {
    const { batchSize, mode, startBatch = 0, endBatch = Infinity } = options;
    this.order = orderOf(options);
    const whole = this.order.length / batchSize;
    const last = Math.min(endBatch, mode === 'train' ? Math.floor(whole) : Math.ceil(whole));
    this.first = Math.min(startBatch, last);
    this.batches = last - this.first;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    const pending: PendingBatch[] = [];
    const depth = this.prefetchDepth();
    let next = 0;
    try {
      for (let given = 0; given < this.batches; given++) {
        for (; next < this.batches && pending.length < depth; next++)
          pending.push(this.request(this.first + next));
        const start = performance.now();
        const head = pending[0];
        const batch = await head.batch.finally(() => (this.waitMs += performance.now() - start));
        pending.shift();
        // Asked for before the consumer gets the batch, so that it is built while the consumer computes.
        if (next < this.batches) pending.push(this.request(this.first + next++));
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
    const { pool, dataset, settings, mode, epoch, batchSize } = this.options;
    const indices = this.order.subarray(position * batchSize, (position + 1) * batchSize);
    const examples = Array.from(indices, (i) => {
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
      lengthMultiple: this.options.lengthMultiple ?? 8,
    });
    // Prefetched errors are reported when the consumer gets there; until then they are not unhandled.
    pending.batch.catch(() => undefined);
    return pending;
  }
}

function orderOf({ dataset, settings, mode, epoch, shard, order }: LoaderOptions): Int32Array {
  const whole =
    order ??
    (mode === 'train'
      ? epochOrder(dataset.examples.length, settings.seed, epoch)
      : sharedImageOrder(dataset.examples));
  return shard ? shardOrder(whole, shard) : whole;
}
