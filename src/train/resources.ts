import type { Session } from '../runtime/session';
import { localize, type LocalizedMessage } from '../util/localize';

/** What the last bits of a run's numbers depend on, in addition to its configuration. */
export interface Resources {
  /** `CPU` or `GPU`. */
  device: string;
  /** Threads of the runtime. */
  threads: number;
  /** Shards that programs are traced in (`runtime/trace/shards.ts`); the name is that in files of runs. */
  lanes: number;
  /** TensorFlow's version. */
  tensorflow: string;
}

export function resourcesOf({ info, threads, shards }: Session): Resources {
  return { device: info.device, threads, lanes: shards, tensorflow: info.tensorflow };
}

/** Describes changed resources; on a GPU, threads do not count, because its numbers do not depend on them. */
export function changedResources(before: Resources, now: Resources): LocalizedMessage[] {
  const changes: LocalizedMessage[] = [];
  if (now.device !== before.device)
    changes.push(localize('on a {0} instead of a {1}', now.device, before.device));
  if (now.device === 'CPU' && before.device === 'CPU') {
    if (now.threads !== before.threads)
      changes.push(localize('with threads: {0} instead of {1}', now.threads, before.threads));
    if (now.lanes !== before.lanes)
      changes.push(localize('with shards: {0} instead of {1}', now.lanes, before.lanes));
  }
  if (now.tensorflow !== before.tensorflow)
    changes.push(localize('with TensorFlow {0} instead of {1}', now.tensorflow, before.tensorflow));
  return changes;
}
