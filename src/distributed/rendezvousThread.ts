/** Entry point of the rendezvous thread. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  startRendezvous,
  type RendezvousEvent,
  type RendezvousOptions,
  type RendezvousRequest,
} from './rendezvous';

/** Time for the main thread to end the process after the job has failed. */
const EXIT_TIMEOUT_MS = 10_000;
const STDERR = 2;

let failed = false;

const rendezvous = startRendezvous(workerData as RendezvousOptions, emit);

parentPort?.on('message', (request: RendezvousRequest) => rendezvous.request(request));

function emit(event: RendezvousEvent): void {
  parentPort?.postMessage(event);
  // Let the thread end with its last connection.
  if (event.type === 'closed' && !failed) parentPort?.unref();
  if (event.type !== 'failure') return;
  failed = true;
  // The main thread may be tracing a graph, or waiting in a native call that never returns.
  setTimeout(() => {
    writeSync(STDERR, `nlvr: ${event.failure.message}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, EXIT_TIMEOUT_MS).unref();
}
