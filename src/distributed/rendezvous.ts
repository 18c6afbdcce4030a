/**
 * Connects the ranks and monitors them: rank 0 listens on the master port, and the others connect and stay connected. A rank
 * whose connection closes has ended; a silent rank is suspended, hangs or is unreachable. TensorFlow detects only the first.
 *
 * Runs on a separate thread, because tracing a large graph blocks the main thread for many seconds.
 */
import { MasterRendezvous } from './rendezvous/master';
import type { RendezvousEvent, RendezvousOptions, RendezvousRequest } from './rendezvous/peers';
import { WorkerRendezvous } from './rendezvous/worker';

export type { RendezvousEvent, RendezvousOptions, RendezvousRequest } from './rendezvous/peers';

/** Starts the rendezvous. */
export function startRendezvous(
  options: RendezvousOptions,
  emit: (event: RendezvousEvent) => void,
): { request(request: RendezvousRequest): void } {
  return options.hello.rank === 0
    ? new MasterRendezvous(options, emit)
    : new WorkerRendezvous(options, emit);
}
