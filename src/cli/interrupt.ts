import { stopOnSignals } from '../util/signals';

/** Runs something that a signal aborts, Ctrl-C for instance; a second one ends the process immediately. */
export async function withStopSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const dispose = stopOnSignals(controller);
  try {
    return await work(controller.signal);
  } finally {
    dispose();
  }
}
