import { readdir } from 'node:fs/promises';
import { errnoOf } from '../../util/userError';
import type { Split } from '../events';
import { RunFolder } from '../runFolder';

/** Which predictions of a run: a split, after an epoch (counted from 0) or of a stand-alone evaluation (null). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

const SPLITS = ['val', 'test', 'train'] as const;

/** `val.jsonl`, `test-epoch-003.jsonl` …; undefined for other names. */
export function parseSetName(file: string): PredictionSet | undefined {
  const match = /^(train|val|test)(?:-epoch-(\d+))?\.jsonl$/.exec(file);
  if (!match) return undefined;
  return {
    split: match[1] as PredictionSet['split'],
    epoch: match[2] === undefined ? null : Number(match[2]),
  };
}

/** Absolute path of a set's file. */
export function fileOfSet(runFolder: string, set: PredictionSet): string {
  return new RunFolder(runFolder).predictionsOf(set.split, set.epoch);
}

/** The prediction files of a run: val, test, train; epochs in their order, stand-alone evaluations last. */
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

/** Epochs before the evaluation, which is the newer thing. */
function order(set: PredictionSet): number {
  return set.epoch ?? Infinity;
}

export function sameSet(a: PredictionSet | null, b: PredictionSet | null): boolean {
  return a !== null && b !== null && a.split === b.split && a.epoch === b.epoch;
}

/**
 * The set to show: the wanted one, else the newest of the wanted split (val first: it is what the
 * checkpoint was chosen by), else none.
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
