import type { Session } from '../runtime/session';
import { phrase, type Phrase } from '../util/phrase';

/** What the last bits of a run's numbers depend on besides its configuration, as it was resolved. */
export interface Resources {
  /** `CPU` or `GPU`. */
  device: string;
  /** Threads of the runtime. */
  threads: number;
  /** Parts that programs are recorded in (`runtime/lanes.ts`). */
  lanes: number;
  /** TensorFlow's version. */
  tensorflow: string;
}

export function resourcesOf({ info, threads, lanes }: Session): Resources {
  return { device: info.device, threads, lanes, tensorflow: info.tensorflow };
}

/** What is otherwise than it was; a GPU's numbers do not depend on the processor's threads. */
export function changedResources(before: Resources, now: Resources): Phrase[] {
  const changes: Phrase[] = [];
  if (now.device !== before.device)
    changes.push(phrase('on a {0} instead of a {1}', now.device, before.device));
  if (now.device === 'CPU' && before.device === 'CPU') {
    if (now.threads !== before.threads)
      changes.push(phrase('with threads: {0} instead of {1}', now.threads, before.threads));
    if (now.lanes !== before.lanes)
      changes.push(phrase('with lanes: {0} instead of {1}', now.lanes, before.lanes));
  }
  if (now.tensorflow !== before.tensorflow)
    changes.push(phrase('with TensorFlow {0} instead of {1}', now.tensorflow, before.tensorflow));
  return changes;
}
