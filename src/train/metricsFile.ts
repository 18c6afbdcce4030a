import { readFileSync } from 'node:fs';
import type { MissingPart } from '../config/modelParts';
import { writeFileAtomic } from '../util/atomicFile';
import type { Split } from '../run/events';
import type { Metrics } from './metrics';

/** Writes `metrics.json`, in full float precision: an object a split with accuracy, consistency, loss, examples, groups. */
export function writeMetrics(file: string, metrics: Partial<Record<Split, Metrics>>): void {
  write(file, entriesOf(metrics));
}

/** Replaces the splits of `metrics` in `metrics.json`, and leaves the others as they are there. */
export function mergeMetrics(
  file: string,
  metrics: Partial<Record<Split, Metrics>>,
  incomplete: readonly MissingPart[] = [],
): void {
  write(file, { ...read(file), ...entriesOf(metrics, incomplete) });
}

function entriesOf(
  metrics: Partial<Record<Split, Metrics>>,
  incomplete: readonly MissingPart[] = [],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metrics).map(([split, { accuracy, consistency, loss, examples, groups }]) => [
      split,
      {
        accuracy,
        consistency,
        loss,
        examples,
        groups,
        ...(incomplete.length > 0 && { incomplete }),
      },
    ]),
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
