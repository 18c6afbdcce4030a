import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { RunFolder } from '../../run/runFolder';
import type { DifferingKey } from '../../webview/dashboard/messages';

/** A configuration as plain keys and values, nested ones as `vit.width`. */
export type FlatConfig = ReadonlyMap<string, string>;

/** The configuration that a run was made with; empty where its file is missing or broken. */
export async function readFlatConfig(runFolder: string): Promise<FlatConfig> {
  try {
    return flatten(load(await readFile(new RunFolder(runFolder).config, 'utf8')));
  } catch {
    return new Map();
  }
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

/** The keys in which configurations differ, in the order in which the first that has them does. */
export function differingKeys(configs: readonly FlatConfig[]): DifferingKey[] {
  if (configs.length < 2) return [];
  const keys = new Set(configs.flatMap((config) => [...config.keys()]));
  return [...keys]
    .filter((key) => !places.has(key))
    .map((key) => ({ key, values: configs.map((config) => config.get(key) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}
