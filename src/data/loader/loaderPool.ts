import { Worker } from 'node:worker_threads';
import { assetPath } from '../../util/assets';
import type { Batch } from '../types';
import { BatchBuilder } from './batchBuilder';
import {
  deserializeError,
  type BatchTask,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './batchTask';
import { availableCacheBytes } from './diskCache';
import { createImageStore } from './imageStore';
import { SharedImages } from './sharedImages';

export interface PoolOptions {
  /** Worker threads; 0 builds batches on the calling thread. */
  numWorkers: number;
  /** Memory for decoded images, total of all workers, and again the same for resized ones. Default 128 MiB. */
  memoryBytes?: number;
  /** Cache resized images of `imageSize` in this folder, at most `limit` bytes (default 20 GiB). */
  cache?: { folder: string; limit?: number; imageSize: number };
}

/** A batch that is being built and can be canceled. */
export interface PendingBatch {
  /** Rejects if an image is missing or damaged, the batch was canceled before it was built, or the pool was disposed. */
  batch: Promise<Batch>;
  cancel(): void;
}

interface Job {
  id: number;
  task: BatchTask;
  resolve(batch: Batch): void;
  reject(error: Error): void;
}

interface WorkerState {
  worker: Worker;
  /** Jobs without a reply yet, by id. */
  jobs: Map<number, Job>;
}

const defaultMemory = 128 * 2 ** 20;
const defaultDiskLimit = 20 * 2 ** 30;
/** One batch that is being built and one in the worker's queue. */
const jobsPerWorker = 2;
/** Time for a worker to finish its batch before it is terminated, in ms. */
const CLOSE_TIMEOUT_MS = 2000;

/** Builds batches on worker threads, for all epochs and splits of a run. The threads end with `dispose`. */
export class LoaderPool {
  private readonly workers: WorkerState[] = [];
  private readonly queue: Job[] = [];
  private builder: BatchBuilder | undefined;
  private inline: Promise<unknown> = Promise.resolve();
  private nextId = 0;
  private disposed = false;

  private constructor(
    readonly numWorkers: number,
    private readonly options: WorkerOptions,
  ) {}

  /** Creates a pool. Workers are started on demand. */
  static async create({
    numWorkers,
    memoryBytes = defaultMemory,
    cache,
  }: PoolOptions): Promise<LoaderPool> {
    const threads = Math.max(1, numWorkers);
    const room =
      cache &&
      (await availableCacheBytes(cache.folder, cache.limit ?? defaultDiskLimit, cache.imageSize));
    return new LoaderPool(numWorkers, {
      decodedBytes: Math.floor(memoryBytes / threads),
      resized: SharedImages.allocate(memoryBytes),
      disk:
        cache && room !== undefined
          ? { folder: cache.folder, bytes: Math.floor(room / threads) }
          : null,
    });
  }

  /** Requests a batch. */
  build(task: BatchTask): PendingBatch {
    if (this.disposed) throw new Error('the loader pool was disposed');
    if (this.numWorkers === 0) return this.buildInline(task);
    const id = this.nextId++;
    const batch = new Promise<Batch>((resolve, reject) => {
      this.queue.push({ id, task, resolve, reject });
    });
    this.dispatch();
    return { batch, cancel: () => this.dropQueued((job) => job.id === id) };
  }

  /** Ends the workers. Rejects batches that are not built yet. */
  async dispose(): Promise<void> {
    this.disposed = true;
    this.dropQueued(() => true);
    await Promise.all(this.workers.splice(0).map(({ worker }) => endWorker(worker)));
  }

  private buildInline(task: BatchTask): PendingBatch {
    let canceled = false;
    const batch = this.inline.then(() => {
      if (canceled || this.disposed) throw canceledError();
      this.builder ??= new BatchBuilder(createImageStore(this.options));
      return this.builder.build(task);
    });
    this.inline = batch.catch(() => undefined);
    return { batch, cancel: () => void (canceled = true) };
  }

  private dropQueued(isDropped: (job: Job) => boolean): void {
    const dropped = this.queue.filter(isDropped);
    this.queue.splice(0, Infinity, ...this.queue.filter((job) => !isDropped(job)));
    for (const job of dropped) job.reject(canceledError());
  }

  /** Sends queued jobs to the least busy workers; starts a worker if all are busy and the limit is not reached. */
  private dispatch(): void {
    while (this.queue.length > 0) {
      const leastBusy = this.workers.reduce<WorkerState | undefined>(
        (best, state) => (best && best.jobs.size <= state.jobs.size ? best : state),
        undefined,
      );
      const startAnother =
        this.workers.length < this.numWorkers && (!leastBusy || leastBusy.jobs.size > 0);
      const state = startAnother ? this.startWorker() : leastBusy;
      if (!state || state.jobs.size >= jobsPerWorker) return;
      const job = this.queue.shift();
      if (!job) return;
      state.jobs.set(job.id, job);
      // A worker with jobs keeps the process alive, an idle one does not.
      state.worker.ref();
      state.worker.postMessage({ id: job.id, task: job.task } satisfies WorkerRequest);
    }
  }

  private startWorker(): WorkerState {
    const worker = new Worker(assetPath('loader-worker.js'), { workerData: this.options });
    const state: WorkerState = { worker, jobs: new Map() };
    this.workers.push(state);
    worker.on('message', (reply: WorkerReply) => {
      const job = state.jobs.get(reply.id);
      state.jobs.delete(reply.id);
      if (state.jobs.size === 0) worker.unref();
      if ('batch' in reply) job?.resolve(reply.batch);
      else job?.reject(deserializeError(reply.error));
      this.dispatch();
    });
    worker.on('error', (error: Error) => this.handleExit(state, error));
    worker.on('exit', (code) =>
      this.handleExit(state, new Error(`a loader thread ended unexpectedly (exit code ${code})`)),
    );
    return state;
  }

  /** Handles the end of a worker: rejects its batches and continues with the other workers or a new one. */
  private handleExit(state: WorkerState, error: Error): void {
    const place = this.workers.indexOf(state);
    if (place >= 0) this.workers.splice(place, 1);
    for (const job of state.jobs.values()) job.reject(error);
    state.jobs.clear();
    if (!this.disposed) this.dispatch();
  }
}

const canceledError = () => new Error('the batch was canceled');

async function endWorker(worker: Worker): Promise<void> {
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage({ close: true } satisfies WorkerRequest);
  const late = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
  await gone;
  clearTimeout(late);
}
