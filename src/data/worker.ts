/** The loader's worker thread: builds the requested batches. Bundled as `dist/loader-worker.js`. */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchBuilder } from './loader/batchBuilder';
import {
  buffersOf,
  serializeError,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './loader/batchTask';
import { createImageStore } from './loader/imageStore';

const port = parentPort;
if (!port) throw new Error('loader-worker.js is a worker thread, not a program');
const builder = new BatchBuilder(createImageStore(workerData as WorkerOptions));

/** The last batch in the queue. Batches are built one after the other, because they share this thread. */
let last: Promise<void> = Promise.resolve();

async function answer(id: number, task: Parameters<BatchBuilder['build']>[0]): Promise<void> {
  try {
    const batch = await builder.build(task);
    port?.postMessage({ id, batch } satisfies WorkerReply, buffersOf(batch));
  } catch (error) {
    port?.postMessage({ id, error: serializeError(error) } satisfies WorkerReply);
  }
}

port.on('message', (request: WorkerRequest) => {
  last = last.then(() => {
    if (!('close' in request)) return answer(request.id, request.task);
    port.close();
    return undefined;
  });
});
