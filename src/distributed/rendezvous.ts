/**
 * The ranks find each other and watch over each other: rank 0 listens on the master port, the others connect and stay
 * connected. A rank whose connection closes has ended; one that is silent is stopped, hangs or cannot be reached.
 * TensorFlow notices the first alone, so this is needed for the second.
 *
 * It runs on a thread of its own: recording a large model keeps the main thread busy for many seconds.
 */
import { MasterRendezvous } from './rendezvous/master';
import type { RendezvousEvent, RendezvousOptions, RendezvousRequest } from './rendezvous/peers';
import { WorkerRendezvous } from './rendezvous/worker';

export type { RendezvousEvent, RendezvousOptions, RendezvousRequest } from './rendezvous/peers';

/** Begins to look for the other ranks. */
export function startRendezvous(
  options: RendezvousOptions,
  emit: (event: RendezvousEvent) => void,
): { request(request: RendezvousRequest): void } {
  return options.hello.rank === 0
    ? new MasterRendezvous(options, emit)
    : new WorkerRendezvous(options, emit);
}
