import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { MissingPart } from '../config/modelParts';
import type { Split } from '../run/events';
import { writeFileAtomic } from '../util/atomicFile';
import type { ConsistencyReason, Metrics } from './metrics';

/** The weights that were evaluated on a split. */
export interface MetricsSource {
  /** Name of the run that trained them; null if unknown. */
  run: string | null;
  /** Epoch after which they were saved, from 0; null if unknown. */
  epoch: number | null;
  /** Path or address of the weights, relative to the folder of `metrics.json` if inside it; null for imported predictions. */
  checkpoint: string | null;
  /** Parts of the model that had random values. */
  incomplete?: readonly MissingPart[];
}

type SplitMetrics = Partial<Record<Split, Metrics>>;

const reasons: Record<ConsistencyReason, string> = {
  unlabelled: 'No example has a label.',
  'no-identifiers': 'The identifiers do not show which examples share a sentence.',
};

/** Why there is no consistency, for files and the terminal; null if there is. */
export function consistencyReason({ consistencyReason: reason }: Metrics): string | null {
  return reason === undefined ? null : reasons[reason];
}

/**
 * Writes `metrics.json`, in full float precision: one object per split with accuracy, consistency (or the reason why there
 * is none), loss, examples, groups, `skipped` if examples were left out, and the evaluated weights.
 */
export function writeMetrics(file: string, metrics: SplitMetrics, source: MetricsSource): void {
  write(file, entriesOf(metrics, source));
}

/** Replaces the splits of `metrics` in `metrics.json`, and keeps the other splits. */
export function mergeMetrics(file: string, metrics: SplitMetrics, source: MetricsSource): void {
  write(file, { ...read(file), ...entriesOf(metrics, source) });
}

/** The valid values of a split in `metrics.json`. */
export interface ReadMetrics {
  accuracy: number | null;
  consistency: number | null;
  /** Mean cross-entropy in nats. */
  loss: number | null;
  epoch: number | null;
  checkpoint: string | null;
}

/** Reads a `metrics.json`; empty if it is missing or cannot be read. */
export async function readMetrics(file: string): Promise<Partial<Record<Split, ReadMetrics>>> {
  const entries = entriesIn(await readFile(file, 'utf8').catch(() => ''));
  const splits: Partial<Record<Split, ReadMetrics>> = {};
  for (const split of ['train', 'val', 'test'] as const) {
    const entry = entries[split];
    if (typeof entry !== 'object' || entry === null) continue;
    const { accuracy, consistency, loss, epoch, checkpoint } = entry as Record<string, unknown>;
    const number = (value: unknown) => (typeof value === 'number' ? value : null);
    splits[split] = {
      accuracy: number(accuracy),
      consistency: number(consistency),
      loss: number(loss),
      epoch: number(epoch),
      checkpoint: typeof checkpoint === 'string' ? checkpoint : null,
    };
  }
  return splits;
}

function entriesOf(metrics: SplitMetrics, source: MetricsSource): Record<string, unknown> {
  const { run, epoch, checkpoint, incomplete = [] } = source;
  return Object.fromEntries(
    Object.entries(metrics).map(([split, measured]) => {
      const { accuracy, consistency, loss, examples, groups, skipped } = measured;
      const reason = consistencyReason(measured);
      return [
        split,
        {
          run,
          epoch,
          checkpoint,
          ...(incomplete.length > 0 && { incomplete }),
          accuracy,
          consistency,
          ...(reason !== null && { consistency_reason: reason }),
          loss,
          examples,
          groups,
          ...(skipped !== undefined && { skipped }),
        },
      ];
    }),
  );
}

function write(file: string, entries: Record<string, unknown>): void {
  writeFileAtomic(file, JSON.stringify(entries, null, 2) + '\n');
}

/** Reads the existing entries; none if the file is missing or damaged. */
function read(file: string): Record<string, unknown> {
  try {
    return entriesIn(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function entriesIn(text: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (content as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
