/** Reads and writes `robustness/<split>-<checkpoint>.json` of a run folder: the results of robustness tests. */
import { mkdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { MissingPart } from '../config/modelParts';
import type { Split } from '../data/split';
import { RunFolder } from '../run/runFolder';
import { writeFileAtomic } from '../util/atomicFile';
import { errnoOf } from '../util/userError';
import { ROBUSTNESS_TESTS, type RobustnessNumbers } from './robustness';

export const ROBUSTNESS_VERSION = 1;

export interface RobustnessResult extends RobustnessNumbers {
  /** Version of the format: 1. */
  version: number;
  /** Time of the result, ISO 8601. */
  created: string;
  /** Name of the run that trained the weights, their epoch (from 0) and step; null if unknown. */
  run: string | null;
  epoch: number | null;
  step: number | null;
  split: Split;
  /** Path or address of the weights, relative to the run folder if inside it. */
  checkpoint: string;
  /** Parts of the model that had random values; missing if the model was complete. */
  incomplete?: readonly MissingPart[];
  /** Number of examples drawn from the split; null for all. */
  limit: number | null;
  /** Examples of the split. */
  splitExamples: number;
  /** Examples of the split that were left out because their images are missing; undefined if none were. */
  skipped?: number;
  device: string;
  precision: string;
  /** Duration. */
  seconds: number;
}

/** A result with its file. */
export interface StoredRobustness {
  /** Absolute. */
  file: string;
  result: RobustnessResult;
}

/** The name of a checkpoint in the file name of a result: `checkpoint_best`, `checkpoint_last`. */
function stemOf(checkpoint: string): string {
  const name = basename(checkpoint);
  const named = name === 'model.safetensors' ? basename(dirname(checkpoint)) : name;
  return named.replace(/\.(?:safetensors|pth|pt|bin)$/i, '').replace(/[^\w.-]/g, '_');
}

/**
 * Writes a result to the run folder. Replaces an earlier one of the same split, checkpoint and number of examples.
 * @returns the file
 */
export function writeRobustness(folder: RunFolder, result: RobustnessResult): string {
  const { split, checkpoint, limit } = result;
  const name = [split, stemOf(checkpoint), ...(limit === null ? [] : [limit])].join('-');
  const file = join(folder.robustness, `${name}.json`);
  mkdirSync(folder.robustness, { recursive: true });
  writeFileAtomic(file, `${JSON.stringify(result)}\n`);
  return file;
}

/** Reads the results of a run, newest first. Files that are unreadable or of another version are skipped. */
export async function readRobustness(folder: string): Promise<StoredRobustness[]> {
  const { robustness } = new RunFolder(folder);
  let names: string[];
  try {
    names = await readdir(robustness);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
  const stored: StoredRobustness[] = [];
  for (const name of names.filter((each) => /^\w[^/\\]*\.json$/.test(each))) {
    const file = join(robustness, name);
    const result = robustnessIn(await readFile(file, 'utf8').catch(() => ''));
    if (result) stored.push({ file, result });
  }
  return stored.sort((a, b) => b.result.created.localeCompare(a.result.created));
}

/** Parses a result. @returns undefined if it is invalid or of another version */
export function robustnessIn(text: string): RobustnessResult | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isResult(content) ? content : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isString = (value: unknown): boolean => typeof value === 'string';
const orNull =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || check(value);
const isInterval = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isNumber);
const isFlips = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && isNumber(value['n']) && isNumber(value['flips']) && isInterval(value['ci95']);

function has(
  value: Record<string, unknown>,
  check: (value: unknown) => boolean,
  ...keys: string[]
): boolean {
  return keys.every((key) => check(value[key]));
}

function isResult(value: unknown): value is RobustnessResult {
  return (
    isObject(value) &&
    value['version'] === ROBUSTNESS_VERSION &&
    ['train', 'val', 'test'].some((split) => split === value['split']) &&
    has(value, isString, 'created', 'checkpoint', 'device', 'precision') &&
    has(value, orNull(isString), 'run') &&
    has(value, isNumber, 'examples', 'labelled', 'splitExamples', 'seconds') &&
    has(value, orNull(isNumber), 'epoch', 'step', 'limit', 'accuracy', 'majority') &&
    has(value, orNull(isInterval), 'ci95') &&
    Array.isArray(value['tests']) &&
    value['tests'].every(isTest)
  );
}

function isTest(value: unknown): boolean {
  if (!isFlips(value)) return false;
  const { test, sides, pairs } = value;
  return (
    ROBUSTNESS_TESTS.some((known) => known === test) &&
    has(value, orNull(isNumber), 'accuracy', 'difference', 'p') &&
    has(value, orNull(isInterval), 'accuracyCi95') &&
    has(value, isNumber, 'newlyRight', 'newlyWrong') &&
    (sides === undefined ||
      (Array.isArray(sides) && sides.every((each) => isFlips(each) && isString(each['sides'])))) &&
    Array.isArray(pairs) &&
    pairs.every(isPair)
  );
}

function isPair(value: unknown): boolean {
  return (
    isObject(value) &&
    has(value, isString, 'identifier', 'sentence') &&
    has(value, isNumber, 'index', 'probTrue', 'probTrueThen') &&
    (value['label'] === null || typeof value['label'] === 'boolean')
  );
}
