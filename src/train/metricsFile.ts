import { writeFileAtomic } from '../util/atomicFile';
import type { Split } from '../run/events';
import type { Metrics } from './metrics';

/** Writes `metrics.json`, in full float precision: an object a split with accuracy, consistency, loss, examples, groups. */
export function writeMetrics(file: string, metrics: Partial<Record<Split, Metrics>>): void {
  const entries = Object.entries(metrics).map(
    ([split, { accuracy, consistency, loss, examples, groups }]) => [
      split,
      { accuracy, consistency, loss, examples, groups },
    ],
  );
  writeFileAtomic(file, JSON.stringify(Object.fromEntries(entries), null, 2) + '\n');
}
