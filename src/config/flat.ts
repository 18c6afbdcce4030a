/** Flattens configurations to keys and values, to compare them. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { load } from 'js-yaml';
import type { Config } from './definition';
import { dumpConfig } from './dump';
import { parseConfig } from './parse';

/** Values by key; nested keys are dotted, such as `vit.width`. */
export type FlatConfig = ReadonlyMap<string, string>;

/** A key in which configurations differ, with its value in each; null if one does not have the key. */
export interface DifferingKey {
  key: string;
  values: (string | null)[];
}

/** Flattens the content of a YAML file. @param value as parsed */
export function flatten(value: unknown): FlatConfig {
  const flat = new Map<string, string>();
  const walk = (prefix: string, node: unknown): void => {
    if (isMapping(node))
      for (const [key, child] of Object.entries(node))
        walk(prefix === '' ? key : `${prefix}.${key}`, child);
    else if (prefix !== '') flat.set(prefix, text(node));
  };
  walk('', value);
  return flat;
}

/** Flattens a configuration with all keys and absolute paths. @param folder from which relative paths start */
export function flatConfig(config: Config, folder: string): FlatConfig {
  return flatten(load(dumpConfig(config, folder)));
}

/** Reads the configuration in a file; undefined if it is missing or invalid. */
export function readConfigFile(file: string): Config | undefined {
  try {
    const { config, problems } = parseConfig(readFileSync(file, 'utf8'));
    return problems.some(({ severity }) => severity === 'error') ? undefined : config;
  } catch {
    return undefined;
  }
}

/** Like `flatConfig`, for a file; undefined if it is missing or invalid. */
export function readFlatFile(file: string): FlatConfig | undefined {
  const config = readConfigFile(file);
  return config && flatConfig(config, dirname(file));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function text(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Formats 0.00003 as `3e-5`. */
function numberText(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 1e-3 ? value.toExponential().replace('e+', 'e') : String(value);
}

/** Keys of the location of a run, which are not compared. */
const locationKeys = new Set(['output_dir']);

/**
 * Finds the keys in which configurations differ, in the order of the first configuration that has them.
 * @param partial configurations of other programs: a missing key is not a difference
 */
export function differingKeys(
  configs: readonly FlatConfig[],
  partial: ReadonlySet<FlatConfig> = new Set(),
): DifferingKey[] {
  if (configs.length < 2) return [];
  const keys = new Set(configs.flatMap((config) => [...config.keys()]));
  // Most keys of thousands of configurations are equal: no list of values is created for those.
  const differs = (key: string): boolean => {
    const counted = configs.find((config) => config.has(key) || !partial.has(config));
    const first = counted?.get(key);
    return configs.some(
      (config) => config.get(key) !== first && (config.has(key) || !partial.has(config)),
    );
  };
  return [...keys]
    .filter((key) => !locationKeys.has(key) && differs(key))
    .map((key) => ({ key, values: configs.map((config) => config.get(key) ?? null) }));
}
