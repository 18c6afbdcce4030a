/** Configurations as plain keys and values, to compare them. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { load } from 'js-yaml';
import type { Config } from './definition';
import { dumpConfig } from './dump';
import { parseConfig } from './parse';

/** Keys and values, nested ones as `vit.width`. */
export type FlatConfig = ReadonlyMap<string, string>;

/** A key in which configurations differ, with its value in each; null where one does not have it. */
export interface DifferingKey {
  key: string;
  values: (string | null)[];
}

/** @param value what a YAML file holds. */
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

/** A configuration with all its keys and absolute paths. @param folder that relative paths start from */
export function flatConfig(config: Config, folder: string): FlatConfig {
  return flatten(load(dumpConfig(config, folder)));
}

/** The configuration in a file, as this version reads it; undefined where there is none that can be used. */
export function readConfigFile(file: string): Config | undefined {
  try {
    const { config, problems } = parseConfig(readFileSync(file, 'utf8'));
    return problems.some(({ severity }) => severity === 'error') ? undefined : config;
  } catch {
    return undefined;
  }
}

/** As `flatConfig`, of a file; undefined where there is none that can be used. */
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

/** 0.00003 as people write it: `3e-5`. */
function numberText(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 1e-3 ? value.toExponential().replace('e+', 'e') : String(value);
}

/** Keys that say where a run is, not what it is. */
const places = new Set(['output_dir']);

/**
 * The keys in which configurations differ, in the order in which the first that has them does.
 * @param partial of those, the ones of another program: keys that they lack say nothing
 */
export function differingKeys(
  configs: readonly FlatConfig[],
  partial: ReadonlySet<FlatConfig> = new Set(),
): DifferingKey[] {
  if (configs.length < 2) return [];
  const keys = new Set(configs.flatMap((config) => [...config.keys()]));
  // Most keys of thousands of configurations are the same: nothing is made for those.
  const differs = (key: string): boolean => {
    const counted = configs.find((config) => config.has(key) || !partial.has(config));
    const first = counted?.get(key);
    return configs.some(
      (config) => config.get(key) !== first && (config.has(key) || !partial.has(config)),
    );
  };
  return [...keys]
    .filter((key) => !places.has(key) && differs(key))
    .map((key) => ({ key, values: configs.map((config) => config.get(key) ?? null) }));
}
