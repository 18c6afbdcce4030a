import { stopOnSignals } from '../util/signals';

/** Runs `work` until a signal such as Ctrl-C aborts it; a second signal ends the process immediately. */
export async function withStopSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const dispose = stopOnSignals(controller);
  try {
    return await work(controller.signal);
  } finally {
    dispose();
  }
}
