/** Entry of the thread that keeps the ranks in touch. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  startRendezvous,
  type RendezvousEvent,
  type RendezvousOptions,
  type RendezvousRequest,
} from './rendezvous';

/** How long the main thread may take to end the process once the job has failed. */
const ENDING_MS = 10_000;
const STDERR = 2;

let failed = false;

const rendezvous = startRendezvous(workerData as RendezvousOptions, emit);

parentPort?.on('message', (request: RendezvousRequest) => rendezvous.request(request));

function emit(event: RendezvousEvent): void {
  parentPort?.postMessage(event);
  // Without a reason to stay, the thread ends with its last connection.
  if (event.type === 'closed' && !failed) parentPort?.unref();
  if (event.type !== 'failure') return;
  failed = true;
  // The main thread may be busy recording a program, or wait in a native call that never returns.
  setTimeout(() => {
    writeSync(STDERR, `nlvr: ${event.failure.message}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, ENDING_MS).unref();
}
