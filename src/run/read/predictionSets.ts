import { readdir } from 'node:fs/promises';
import { errnoOf } from '../../util/userError';
import type { Split } from '../events';
import { RunFolder } from '../runFolder';

/** Identifies the predictions of a run by split and epoch (from 0; null for a standalone evaluation). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

const SPLITS = ['val', 'test', 'train'] as const;

/** Parses `val.jsonl`, `test-epoch-003.jsonl` …; undefined for other names. */
export function parseSetName(file: string): PredictionSet | undefined {
  const match = /^(train|val|test)(?:-epoch-(\d+))?\.jsonl$/.exec(file);
  if (!match) return undefined;
  return {
    split: match[1] as PredictionSet['split'],
    epoch: match[2] === undefined ? null : Number(match[2]),
  };
}

/** Absolute path of a set's file. */
export function setFile(runFolder: string, set: PredictionSet): string {
  return new RunFolder(runFolder).predictionsOf(set.split, set.epoch);
}

/** Lists the prediction files of a run: val, test, train; sorted by epoch, with standalone evaluations last. */
export async function listSets(runFolder: string): Promise<PredictionSet[]> {
  let names: string[];
  try {
    names = await readdir(new RunFolder(runFolder).predictions);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
  return names
    .map(parseSetName)
    .filter((set) => set !== undefined)
    .sort((a, b) => SPLITS.indexOf(a.split) - SPLITS.indexOf(b.split) || order(a) - order(b));
}

/** Sort key: a standalone evaluation is newer than the epochs. */
function order(set: PredictionSet): number {
  return set.epoch ?? Infinity;
}

export function sameSet(a: PredictionSet | null, b: PredictionSet | null): boolean {
  return a !== null && b !== null && a.split === b.split && a.epoch === b.epoch;
}

/**
 * Chooses the set to show: the requested one, otherwise the newest of the requested split (by default val, which selects the
 * best checkpoint), otherwise null.
 */
export function chooseSet(
  sets: readonly PredictionSet[],
  wanted: { split?: PredictionSet['split']; epoch?: number | null } | null,
): PredictionSet | null {
  const ofSplit = sets.filter((set) => set.split === (wanted?.split ?? 'val'));
  const exact =
    wanted?.epoch === undefined ? undefined : ofSplit.find((set) => set.epoch === wanted.epoch);
  return exact ?? ofSplit.at(-1) ?? (wanted?.split === undefined ? (sets.at(-1) ?? null) : null);
}
