import { readFileSync } from 'node:fs';
import { writeFileAtomic } from '../util/atomicFile';
import type { Split } from '../run/events';
import type { Metrics } from './metrics';

/** Writes `metrics.json`, in full float precision: an object a split with accuracy, consistency, loss, examples, groups, and `skipped` where examples were left out. */
export function writeMetrics(file: string, metrics: Partial<Record<Split, Metrics>>): void {
  write(file, entriesOf(metrics));
}

/** Replaces the splits of `metrics` in `metrics.json`, and leaves the others as they are there. */
export function mergeMetrics(file: string, metrics: Partial<Record<Split, Metrics>>): void {
  write(file, { ...read(file), ...entriesOf(metrics) });
}

function entriesOf(metrics: Partial<Record<Split, Metrics>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metrics).map(
      ([split, { accuracy, consistency, loss, examples, groups, skipped }]) => [
        split,
        {
          accuracy,
          consistency,
          loss,
          examples,
          groups,
          ...(skipped !== undefined && { skipped }),
        },
      ],
    ),
  );
}

function write(file: string, entries: Record<string, unknown>): void {
  writeFileAtomic(file, JSON.stringify(entries, null, 2) + '\n');
}

/** A file that is missing or damaged has nothing to keep. */
function read(file: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (content as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
